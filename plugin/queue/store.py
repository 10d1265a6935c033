"""The store of the supervisor queue, for pages and commands.

Each method is one transaction and applies the person's rights; reading text is recorded in the audit trail.
"""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final, Self
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.audit import add_audit_entry
from plugin.database.engine import connect, transaction, utc_now
from plugin.database.key_encryption_key import check_key_encryption_key, key_encryption_key
from plugin.database.needs import Need
from plugin.database.tables import Account, StoredDecision, StoredSession
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue import lists
from plugin.queue.accounts import authenticate, find_account, viewer_of
from plugin.queue.opening import open_session
from plugin.queue.scope import visible_to
from plugin.queue.views import (
    ConversationTotals,
    DecisionKind,
    DecisionOutcome,
    OperatorCounts,
    OwnSessionRow,
    SessionList,
    SessionView,
)
from stream.contracts.vocabulary import LeftOut
from stream.runtime.settings import Settings, required_secret

LIST_LIMIT: Final = lists.LIST_LIMIT


def open_store(settings: Settings) -> "Store":
    """Return the store of these settings, which connects when first used.

    Raises:
        Misconfigured: the URL or the key is missing or wrong.
    """
    return Store(
        connect(required_secret(settings.database.url, "database.url")), key_encryption_key(settings), now=utc_now
    )


class Store:
    """A store of sessions and decisions. Every method may raise `Unavailable` when the database is away."""

    def __init__(self, engine: Engine, kek: KeyEncryptionKey, *, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._kek = kek
        self._now = now

    def __enter__(self) -> Self:
        """Return the store, for use in a `with` block."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close all connections."""
        self._engine.dispose()

    def ping(self) -> None:
        """Check that the database answers and was filled with this key encryption key.

        Raises:
            Misconfigured: its data keys were wrapped by another key encryption key.
        """
        with self._transaction() as session:
            check_key_encryption_key(session, self._kek)

    def viewer(self, user_id: UUID) -> Viewer | None:
        """Return a person by id with the rights they have now, or None if there is no such account."""
        with self._transaction() as session:
            row = session.get(Account, user_id)
            return None if row is None else viewer_of(session, row)

    def find_viewer(self, username: str) -> Viewer | None:
        """Return a person by user name, or None; for commands on the operator's own machine."""
        with self._transaction() as session:
            row = find_account(session, username)
            return None if row is None else viewer_of(session, row)

    def authenticate(self, username: str, password: str, *, request_id: str = "") -> Viewer | None:
        """Return the person if the password is theirs, and record the attempt. An unknown user name is not stored."""
        with self._transaction() as session:
            viewer = authenticate(session, username, password)
            add_audit_entry(
                session,
                viewer,
                purpose="login",
                object_type="account",
                object_id="" if viewer is None else viewer.user_id,
                outcome="denied" if viewer is None else "done",
                request_id=request_id,
                now=self._now(),
            )
            return viewer

    def waiting(self, viewer: Viewer) -> SessionList:
        """Return a supervisor's sessions without a decision, by need; empty for any other role.

        A session with risk language is among them even where it was left out.
        """
        return self._list(viewer, lists.waiting_sessions)

    def decided(self, viewer: Viewer) -> SessionList:
        """Return a supervisor's released and withheld sessions, the latest decision first; empty for any other role."""
        return self._list(viewer, lists.decided_sessions)

    def left_out(self, viewer: Viewer) -> SessionList:
        """Return a supervisor's sessions without feedback, the latest first; empty for any other role."""
        return self._list(viewer, lists.left_out_sessions)

    def own_sessions(self, viewer: Viewer) -> tuple[OwnSessionRow, ...]:
        """Return a therapist's released sessions, the latest release first; empty for any other role."""
        if viewer.role is not AccountRole.THERAPIST:
            return ()
        with self._transaction(viewer) as session:
            return lists.own_sessions(session, viewer)

    def operator_counts(self, viewer: Viewer) -> OperatorCounts | None:
        """Return an operator's numbers; None for any other role."""
        if viewer.role is not AccountRole.OPERATOR:
            return None
        with self._transaction(viewer) as session:
            return lists.operator_counts(session)

    def new_since(self, viewer: Viewer, since: datetime) -> tuple[UUID, ...]:
        """Return the sessions with something to read that arrived, or for a therapist were released, since a time."""
        with self._transaction(viewer) as session:
            return lists.new_since(session, viewer, since)

    def left_out_since(self, viewer: Viewer, since: datetime) -> dict[LeftOut, int]:
        """Return how many sessions without anything to read arrived since a time, by reason."""
        with self._transaction(viewer) as session:
            return lists.left_out_since(session, viewer, since)

    def open(
        self, viewer: Viewer, session_id: UUID, *, purpose: str = "review", request_id: str = ""
    ) -> SessionView | None:
        """Return a session with its text, or None if this person may not see it; the audit trail records it."""
        with self._transaction(viewer) as session:
            view = open_session(session, self._kek, viewer, session_id)
            outcome = DecisionOutcome.NOT_FOUND if view is None else DecisionOutcome.DONE
            self._audit(session, viewer, purpose, session_id, outcome, request_id)
            return view

    def decide(
        self, viewer: Viewer, session_id: UUID, revision: int, kind: DecisionKind, *, request_id: str = ""
    ) -> DecisionOutcome:
        """Release or withhold the revision that the supervisor has seen; this replaces an earlier decision."""
        with self._transaction(viewer) as session:
            outcome = self._store_decision(session, viewer, session_id, revision, kind)
            self._audit(session, viewer, kind.value, session_id, outcome, request_id)
            return outcome

    def conversation_totals(self, tenant: str, conversation_ids: Collection[str]) -> ConversationTotals:
        """Return how many finished sessions of these conversations (pseudonyms) have feedback or were left out."""
        with self._transaction() as session:
            return lists.conversation_totals(session, tenant, conversation_ids)

    def _list(self, viewer: Viewer, read: Callable[[Session, Viewer], SessionList]) -> SessionList:
        if viewer.role is not AccountRole.SUPERVISOR:
            return SessionList((), 0)
        with self._transaction(viewer) as session:
            return read(session, viewer)

    def _store_decision(
        self, session: Session, viewer: Viewer, session_id: UUID, revision: int, kind: DecisionKind
    ) -> DecisionOutcome:
        if viewer.role is not AccountRole.SUPERVISOR:
            return DecisionOutcome.NOT_FOUND
        found = select(StoredSession).where(visible_to(viewer), col(StoredSession.session_id) == session_id)
        row = session.exec(found.with_for_update(of=StoredSession)).first()
        if row is None:
            return DecisionOutcome.NOT_FOUND
        if row.revision != revision or not _may_be_decided(row, kind):
            return DecisionOutcome.CHANGED
        values = {"kind": kind.value, "account_id": viewer.user_id, "decided_at": self._now()}
        session.exec(
            insert(StoredDecision)
            .values(session_id=session_id, revision=revision, **values)
            .on_conflict_do_update(index_elements=["session_id", "revision"], set_=values)
        )
        return DecisionOutcome.DONE

    def _audit(
        self,
        session: Session,
        viewer: Viewer,
        purpose: str,
        session_id: UUID,
        outcome: DecisionOutcome,
        request_id: str,
    ) -> None:
        add_audit_entry(
            session,
            viewer,
            purpose=purpose,
            object_type="session",
            object_id=session_id,
            outcome=outcome.value,
            request_id=request_id,
            now=self._now(),
        )

    def _transaction(self, viewer: Viewer | None = None) -> AbstractContextManager[Session]:
        return transaction(self._engine, None if viewer is None else viewer.user_id)


def _may_be_decided(row: StoredSession, kind: DecisionKind) -> bool:
    """Return whether the decision is possible.

    A session without feedback has nothing to release; one with risk language may be withheld.
    """
    if row.left_out is None:
        return True
    return kind is DecisionKind.WITHHELD and row.need == Need.RISK
