"""The queue as people meet it: each method is one transaction, rights applied, reading of text on the trail."""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final, Self
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.audit import note
from plugin.database.engine import connect, transaction, utc_now
from plugin.database.key_encryption_key import check_key, key_encryption_key
from plugin.database.needs import Need
from plugin.database.tables import Account, StoredDecision, StoredSession
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue import lists
from plugin.queue.accounts import named, viewer_of, with_password
from plugin.queue.opening import open_session
from plugin.queue.scope import visible
from plugin.queue.views import Accounted, DecisionKind, OperatorCounts, Outcome, OwnRow, Queue, SessionView
from stream.contracts.vocabulary import LeftOut
from stream.runtime.settings import Settings, required

LIST_LIMIT: Final = lists.LIST_LIMIT


def open_store(settings: Settings) -> "Store":
    """The store of these settings; connects when first used.

    Raises:
        Misconfigured: URL or key is missing or wrong.
    """
    return Store(connect(required(settings.database.url, "database.url")), key_encryption_key(settings), now=utc_now)


class Store:
    """Every method may raise `Unavailable` when the database is away."""

    def __init__(self, engine: Engine, kek: KeyEncryptionKey, *, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._kek = kek
        self._now = now

    def __enter__(self) -> Self:
        """For a command that ends."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    def ping(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            Misconfigured: its text was sealed with another key encryption key.
        """
        with self._transaction() as session:
            check_key(session, self._kek)

    def viewer(self, user_id: UUID) -> Viewer | None:
        """Somebody with the rights they have now; None when there is no such account."""
        with self._transaction() as session:
            row = session.get(Account, user_id)
            return None if row is None else viewer_of(session, row)

    def viewer_named(self, username: str) -> Viewer | None:
        """The same by user name, for commands on the operator's own machine."""
        with self._transaction() as session:
            row = named(session, username)
            return None if row is None else viewer_of(session, row)

    def authenticate(self, username: str, password: str, *, request_id: str = "") -> Viewer | None:
        """The person, if the password is theirs. What was typed as a name is not kept when it is nobody's."""
        with self._transaction() as session:
            viewer = with_password(session, username, password)
            known = viewer is not None
            note(
                session,
                viewer,
                purpose="login",
                object_type="account",
                object_id=viewer.user_id if viewer is not None else "",
                outcome="done" if known else "denied",
                request_id=request_id,
                now=self._now(),
            )
            return viewer

    def queue(self, viewer: Viewer) -> Queue:
        """A supervisor's lists; empty for anybody else."""
        if viewer.role is not AccountRole.SUPERVISOR:
            return Queue((), (), (), 0, 0, 0)
        with self._transaction(viewer) as session:
            return lists.queue_of(session, viewer)

    def own(self, viewer: Viewer) -> tuple[OwnRow, ...]:
        """A therapist's released sessions, latest release first; empty for anybody else."""
        if viewer.role is not AccountRole.THERAPIST:
            return ()
        with self._transaction(viewer) as session:
            return lists.own_of(session, viewer)

    def counts(self, viewer: Viewer) -> OperatorCounts | None:
        """An operator's numbers; None for anybody else."""
        if viewer.role is not AccountRole.OPERATOR:
            return None
        with self._transaction(viewer) as session:
            return lists.operator_counts(session)

    def new_since(self, viewer: Viewer, since: datetime) -> tuple[UUID, ...]:
        """Sessions with something to read that came, or were released, since then."""
        with self._transaction(viewer) as session:
            return lists.new_since(session, viewer, since)

    def left_out_since(self, viewer: Viewer, since: datetime) -> dict[LeftOut, int]:
        """How many sessions without anything to read came since then, by reason."""
        with self._transaction(viewer) as session:
            return lists.left_out_since(session, viewer, since)

    def open(
        self, viewer: Viewer, session_id: UUID, *, purpose: str = "review", request_id: str = ""
    ) -> SessionView | None:
        """One session with its text; None when there is none for this person. The reading is on the trail."""
        with self._transaction(viewer) as session:
            view = open_session(session, self._kek, viewer, session_id)
            outcome = Outcome.NOT_FOUND if view is None else Outcome.DONE
            self._note(session, viewer, purpose, session_id, outcome, request_id)
            return view

    def decide(
        self, viewer: Viewer, session_id: UUID, revision: int, kind: DecisionKind, *, request_id: str = ""
    ) -> Outcome:
        """Release or withhold the revision that the supervisor has seen. A later decision replaces an earlier one."""
        with self._transaction(viewer) as session:
            outcome = self._decided(session, viewer, session_id, revision, kind)
            self._note(session, viewer, kind.value, session_id, outcome, request_id)
            return outcome

    def sessions_of(self, tenant: str, conversation_ids: Collection[str]) -> Accounted:
        """What became of the finished sessions of these conversations (pseudonyms): numbers alone."""
        with self._transaction() as session:
            return lists.accounted(session, tenant, conversation_ids)

    def _decided(
        self, session: Session, viewer: Viewer, session_id: UUID, revision: int, kind: DecisionKind
    ) -> Outcome:
        if viewer.role is not AccountRole.SUPERVISOR:
            return Outcome.NOT_FOUND
        found = select(StoredSession).where(visible(viewer), col(StoredSession.session_id) == session_id)
        row = session.exec(found.with_for_update(of=StoredSession)).first()
        if row is None:
            return Outcome.NOT_FOUND
        if row.revision != revision or not _may_be_decided(row, kind):
            return Outcome.CHANGED
        values = {"kind": kind.value, "account_id": viewer.user_id, "decided_at": self._now()}
        session.exec(
            insert(StoredDecision)
            .values(session_id=session_id, revision=revision, **values)
            .on_conflict_do_update(index_elements=["session_id", "revision"], set_=values)
        )
        return Outcome.DONE

    def _note(
        self, session: Session, viewer: Viewer, purpose: str, session_id: UUID, outcome: Outcome, request_id: str
    ) -> None:
        note(
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
    """A session without feedback has nothing to release; one with risk language may be put away."""
    if row.left_out is None:
        return True
    return kind is DecisionKind.WITHHELD and row.need == Need.RISK
