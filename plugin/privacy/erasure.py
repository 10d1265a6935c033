"""Erasure of a conversation or a person; an interrupted erasure that is run again ends like an uninterrupted one.

The order of the steps makes this possible: first the announcement to the stages, whose append time is the moment up to
which is erased; then the tombstone, so that nothing of before is stored again; then the rows. A second run announces
again, so that it reaches up to a later moment, and finds the rows that are still there. See docs/decisions/0016.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Engine, update
from sqlmodel import Session, col, select

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database import holds
from plugin.database.account_removal import anonymise_account
from plugin.database.audit import add_audit_entry
from plugin.database.conversation_keys import delete_unused_data_key
from plugin.database.engine import transaction
from plugin.database.locks import lock_conversation
from plugin.database.measure_store import (
    remove_measures_by_person,
    remove_measures_of_conversation,
    remove_measures_of_session,
)
from plugin.database.outcome_store import remove_outcomes, remove_outcomes_by, remove_outcomes_of_session
from plugin.database.removal import erase_sessions, sessions_until
from plugin.database.risk_removal import remove_risk_of_conversation
from plugin.database.tables import ErasureRequest, StoredSession, TombstoneKind
from plugin.database.tombstone_key import tombstone_key
from plugin.database.tombstones import Subject, add_tombstone
from plugin.privacy.announce import ErasureAnnouncer
from plugin.privacy.subjects import SubjectData, count_until, find_subject_data, sessions_of_counsellor


@dataclass(frozen=True)
class ErasureResult:
    """The result of a run; its numbers are those of the whole request, with its earlier runs."""

    erasure_id: UUID
    until: datetime
    """The broker time up to which is erased; while a conversation is held, the time of the request."""
    resumed: bool
    """Whether it resumed a request that was interrupted."""
    sessions: int
    keys: int
    held: tuple[str, ...]
    """The conversations that stay, since they are under a legal hold."""
    left: int
    """The number of sessions of the subject that the database holds after the run."""

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do: the database holds nothing of the subject, and nothing is held."""
        return not self.held and not self.left


class Eraser:
    """An eraser of conversations and people, in the database and through announcements to the stages."""

    def __init__(
        self, engine: Engine, kek: KeyEncryptionKey, announcer: ErasureAnnouncer, *, now: Callable[[], datetime]
    ) -> None:
        self._engine = engine
        self._kek = kek
        self._announcer = announcer
        self._now = now

    def find(self, subject: Subject) -> SubjectData:
        """Return what is stored of a subject; this changes nothing."""
        with transaction(self._engine) as session:
            return find_subject_data(session, subject)

    def erase(self, subject: Subject, *, step: Callable[[], object] = lambda: None) -> ErasureResult:
        """Erase a subject; `step` is called after each conversation.

        A conversation under a legal hold stays as it is. While one conversation of a person is held, sessions that are
        not stored yet cannot be erased either, since the announcement to the stages would reach the held one too.

        Raises:
            Unavailable: the database or the broker is away. Run the erasure again.
        """
        held = self.find(subject).held
        request, resumed = self._begin_or_resume(subject, held=bool(held))
        until = None if held else self._announce(subject, request)
        found = self.find(subject)  # after the tombstone: earlier writes are found here, later ones are refused
        for conversation_id in found.conversations:
            if conversation_id not in held:
                self._erase_conversation(subject, conversation_id, request)
            step()
        if until is not None and subject.kind is TombstoneKind.COUNSELLOR:
            with transaction(self._engine) as session:
                anonymise_account(session, subject.tenant, subject.pseudonym, self._now())
        return self._result(subject, request, until, resumed)

    def finish(self, result: ErasureResult, topics_clear_at: datetime | None) -> None:
        """Mark the request as finished, with the time by which the broker has deleted the last copy."""
        with transaction(self._engine) as session:
            row = session.get_one(ErasureRequest, result.erasure_id)
            row.finished_at, row.topics_clear_at = self._now(), topics_clear_at
            session.flush()
            self._audit(session, row, "done")

    def _begin_or_resume(self, subject: Subject, *, held: bool) -> tuple[ErasureRequest, bool]:
        """Return the interrupted request or a new one, and whether it was interrupted."""
        with transaction(self._engine) as session:
            session.expire_on_commit = False
            key = tombstone_key(session, self._kek)
            unfinished = select(ErasureRequest).where(
                col(ErasureRequest.subject_hash) == subject.hash(key),
                col(ErasureRequest.kind) == subject.kind.value,
                col(ErasureRequest.finished_at).is_(None),
            )
            row = session.exec(unfinished.order_by(col(ErasureRequest.requested_at))).first()
            resumed = row is not None
            if row is None:
                hashed = subject.hash(key)
                at = self._now()
                row = ErasureRequest(erasure_id=uuid4(), kind=subject.kind.value, subject_hash=hashed, requested_at=at)
                session.add(row)
                session.flush()
                if not held:
                    self._audit(session, row, "begun")
            return row, resumed

    def _announce(self, subject: Subject, request: ErasureRequest) -> datetime:
        """Announce the erasure, add its tombstone, and return the broker time up to which is erased."""
        erasure_id, at = request.erasure_id, request.requested_at
        if subject.kind.is_person:
            until = self._announcer.announce_person(subject, erasure_id, at)
        else:
            until = self._announcer.announce_conversation(subject.tenant, subject.pseudonym, erasure_id, at)
        with transaction(self._engine) as session:
            self._add_tombstone(session, subject, erasure_id, until)
            if subject.kind.is_person:
                remove_outcomes_by(session, subject.tenant, subject.pseudonym)
                remove_measures_by_person(session, subject.tenant, subject.pseudonym)
            else:  # also of a session that is open, of which nothing else is stored
                remove_risk_of_conversation(session, subject.tenant, subject.pseudonym, None)
                remove_outcomes(session, subject.tenant, subject.pseudonym, None)
                remove_measures_of_conversation(session, subject.tenant, subject.pseudonym, None)
        return until

    def _add_tombstone(self, session: Session, subject: Subject, erasure_id: UUID, until: datetime) -> None:
        if not subject.kind.is_person:
            lock_conversation(session, subject.tenant, subject.pseudonym)
        key = tombstone_key(session, self._kek)
        add_tombstone(session, key, subject, until=until, erasure_id=str(erasure_id), now=self._now())

    def _erase_conversation(self, subject: Subject, conversation_id: str, request: ErasureRequest) -> None:
        """Erase what is stored of a conversation, whatever its times say: all of it was there when it was announced."""
        until = None
        if subject.kind is TombstoneKind.CLIENT:
            until = self._announcer.announce_conversation(
                subject.tenant, conversation_id, request.erasure_id, request.requested_at
            )
        with transaction(self._engine) as session:
            lock_conversation(session, subject.tenant, conversation_id)
            if holds.is_held(session, subject.tenant, conversation_id):
                return  # held since `find`
            if until is not None:
                whole = Subject(TombstoneKind.ERASURE, subject.tenant, conversation_id)
                self._add_tombstone(session, whole, request.erasure_id, until)
            if subject.kind is TombstoneKind.COUNSELLOR:
                sessions, keys = _erase_counsellor_sessions(session, subject, conversation_id)
            else:
                sessions, keys = erase_sessions(session, subject.tenant, conversation_id, None)
            session.exec(
                update(ErasureRequest)
                .where(col(ErasureRequest.erasure_id) == request.erasure_id)
                .values(sessions=ErasureRequest.sessions + sessions, keys=ErasureRequest.keys + keys)
            )

    def _result(
        self, subject: Subject, request: ErasureRequest, until: datetime | None, resumed: bool
    ) -> ErasureResult:
        with transaction(self._engine) as session:
            data = find_subject_data(session, subject)
            row = session.get_one(ErasureRequest, request.erasure_id)
            if data.held:
                self._audit(session, row, "held")
            left = data.sessions if until is None else count_until(session, subject, until)
            return ErasureResult(
                row.erasure_id, until or row.requested_at, resumed, row.sessions, row.keys, data.held, left
            )

    def _audit(self, session: Session, row: ErasureRequest, outcome: str) -> None:
        add_audit_entry(
            session,
            None,
            purpose="erasure",
            object_type=row.kind,
            object_id=row.erasure_id,
            outcome=outcome,
            request_id="",
        )


def _erase_counsellor_sessions(session: Session, subject: Subject, conversation_id: str) -> tuple[int, int]:
    """Remove a counsellor's sessions of one conversation; returns the numbers of sessions and of data keys."""
    rows = session.exec(
        sessions_until(subject.tenant, conversation_id, None).where(
            col(StoredSession.session_id).in_(sessions_of_counsellor(subject))
        )
    ).all()
    for row in rows:
        remove_outcomes_of_session(session, row.session_id)
        remove_measures_of_session(session, row.session_id)
        session.delete(row)
    session.flush()
    return len(rows), delete_unused_data_key(session, subject.tenant, conversation_id)
