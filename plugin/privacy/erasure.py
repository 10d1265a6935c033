"""Erase a conversation or a person. Broken off at any point and run again, it ends as if it had not been broken off.

The order makes it so: first the guard (nothing comes back), then the word to the stages (what is open or on its way
goes), then the rows. A row that is still there is what a second run finds. See docs/decisions/0016.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Engine, update
from sqlmodel import Session, col, select

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database import holds, tombstones
from plugin.database.audit import note
from plugin.database.conversation_keys import delete_unused_key
from plugin.database.engine import transaction
from plugin.database.locks import lock_conversation
from plugin.database.removal import erase_sessions
from plugin.database.tables import ErasureRequest, ForgottenKind, StoredSession
from plugin.database.tombstone_key import guard_key
from plugin.database.tombstones import Subject
from plugin.privacy.announce import Announce
from plugin.privacy.subjects import Found, of_counsellor, stored

_PEOPLE = (ForgottenKind.CLIENT, ForgottenKind.COUNSELLOR)


@dataclass(frozen=True)
class Erased:
    """What a run did; the numbers are those of the whole request, earlier runs of it included."""

    erasure_id: UUID
    requested_at: datetime
    goes_on: bool
    """It goes on with a request that was broken off."""
    sessions: int
    keys: int
    held: tuple[str, ...]
    """Conversations that stay, for they are under a legal hold."""

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do."""
        return not self.held


class Eraser:
    """Erases one subject after the other."""

    def __init__(
        self, engine: Engine, kek: KeyEncryptionKey, announce: Announce, *, now: Callable[[], datetime]
    ) -> None:
        self._engine = engine
        self._kek = kek
        self._announce = announce
        self._now = now

    def find(self, subject: Subject) -> Found:
        """What is stored of it; changes nothing."""
        with transaction(self._engine) as session:
            return stored(session, subject)

    def erase(self, subject: Subject, *, step: Callable[[], object] = lambda: None) -> Erased:
        """Erase it; `step` is called after each conversation.

        A conversation under a legal hold stays as it is. While one of a person's is held, what is not stored yet
        cannot be reached either, for the word to the stages would reach the held one too.

        Raises:
            Unavailable: database or broker are away. Run it again.
        """
        held = self.find(subject).held
        request, goes_on = self._begin(subject, held=bool(held))
        if not held:
            self._tell(subject, request)
        found = self.find(subject)  # only now: what was written while the guard did not stand yet is here, or refused
        for conversation_id in found.conversations:
            if conversation_id not in held:
                self._forget(subject, conversation_id, request)
            step()
        return self._finish(subject, request, goes_on)

    def prove(self, erased: Erased, topics_clear_at: datetime | None) -> None:
        """Finish the request: when the last copy on the broker is gone is known only now."""
        with transaction(self._engine) as session:
            row = session.get_one(ErasureRequest, erased.erasure_id)
            row.finished_at, row.topics_clear_at = self._now(), topics_clear_at
            session.flush()
            self._note(session, row, "done")

    def _begin(self, subject: Subject, *, held: bool) -> tuple[ErasureRequest, bool]:
        """The request that was broken off, or a new one; the guard stands from here on."""
        with transaction(self._engine) as session:
            session.expire_on_commit = False
            key = guard_key(session, self._kek)
            broken = select(ErasureRequest).where(
                col(ErasureRequest.subject_hash) == subject.hash(key),
                col(ErasureRequest.kind) == subject.kind.value,
                col(ErasureRequest.finished_at).is_(None),
            )
            row = session.exec(broken.order_by(col(ErasureRequest.requested_at))).first()
            goes_on = row is not None
            if row is None:
                hashed = subject.hash(key)
                at = self._now()
                row = ErasureRequest(erasure_id=uuid4(), kind=subject.kind.value, subject_hash=hashed, requested_at=at)
                session.add(row)
                session.flush()
                if not held:
                    self._note(session, row, "begun")
            if not held:
                self._guard(session, subject, row)
            return row, goes_on

    def _guard(self, session: Session, subject: Subject, request: ErasureRequest) -> None:
        if subject.kind not in _PEOPLE:
            lock_conversation(session, subject.tenant, subject.pseudonym)
        key = guard_key(session, self._kek)
        named = str(request.erasure_id)
        tombstones.remember(session, key, subject, until=request.requested_at, erasure_id=named, now=self._now())

    def _tell(self, subject: Subject, request: ErasureRequest) -> None:
        at = request.requested_at
        if subject.kind in _PEOPLE:
            self._announce.person(subject, request.erasure_id, at)
        else:
            self._announce.conversation(subject.tenant, subject.pseudonym, request.erasure_id, at)

    def _forget(self, subject: Subject, conversation_id: str, request: ErasureRequest) -> None:
        at = request.requested_at
        if subject.kind is ForgottenKind.CLIENT:
            self._announce.conversation(subject.tenant, conversation_id, request.erasure_id, at)
        with transaction(self._engine) as session:
            lock_conversation(session, subject.tenant, conversation_id)
            if holds.is_held(session, subject.tenant, conversation_id):
                return  # since we looked
            if subject.kind is ForgottenKind.COUNSELLOR:
                sessions, keys = _forget_sessions(session, subject, conversation_id, at)
            else:
                whole = Subject(ForgottenKind.ERASURE, subject.tenant, conversation_id)
                self._guard(session, whole, request)
                sessions, keys = erase_sessions(session, subject.tenant, conversation_id, at)
            session.exec(
                update(ErasureRequest)
                .where(col(ErasureRequest.erasure_id) == request.erasure_id)
                .values(sessions=ErasureRequest.sessions + sessions, keys=ErasureRequest.keys + keys)
            )

    def _finish(self, subject: Subject, request: ErasureRequest, goes_on: bool) -> Erased:
        with transaction(self._engine) as session:
            held = stored(session, subject).held
            row = session.get_one(ErasureRequest, request.erasure_id)
            if held:
                self._note(session, row, "held")
            return Erased(row.erasure_id, row.requested_at, goes_on, row.sessions, row.keys, held)

    def _note(self, session: Session, row: ErasureRequest, outcome: str) -> None:
        note(
            session,
            None,
            purpose="erasure",
            object_type=row.kind,
            object_id=row.erasure_id,
            outcome=outcome,
            request_id="",
            now=self._now(),
        )


def _forget_sessions(session: Session, subject: Subject, conversation_id: str, until: datetime) -> tuple[int, int]:
    """Remove a counsellor's sessions of one conversation; how many, and how many keys."""
    rows = session.exec(
        select(StoredSession).where(
            col(StoredSession.tenant) == subject.tenant,
            col(StoredSession.conversation_id) == conversation_id,
            col(StoredSession.started_at) <= until,
            col(StoredSession.session_id).in_(of_counsellor(subject)),
        )
    ).all()
    for row in rows:
        session.delete(row)
    session.flush()
    return len(rows), delete_unused_key(session, subject.tenant, conversation_id)
