"""Blind looks at the random sample: a supervisor says what she finds before she sees what the machine says.

Each method is one transaction. Reading text and storing answers are recorded in the audit trail.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, literal, text, tuple_
from sqlmodel import Session, col, select

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.audit import add_audit_entry
from plugin.database.conversation_keys import find_cipher
from plugin.database.engine import Database, transaction
from plugin.database.tables import StoredLookAnswer, StoredMessage, StoredSample, StoredSession
from plugin.database.viewer import Viewer
from plugin.queue.claims import lock_for_review
from plugin.queue.look_views import (
    Look,
    LookAnswer,
    LookedAtTurn,
    LookOutcome,
    SampledList,
    SampledRow,
    TurnAnswers,
)
from plugin.queue.machine_opinion import opinion_from_json, opinion_to_json, opinions_of
from plugin.queue.opening import stored_messages
from plugin.queue.paging import PAGE
from plugin.queue.scope import visible_to
from stream.contracts.feedback import ModelVersion
from stream.contracts.rubric import RUBRIC_VERSION
from stream.contracts.vocabulary import Role

BLIND_LOOK: Final = "blind look"
"""The purpose of reading a session of the sample, as the audit trail calls it; migration 0014 knows it too."""

_PLACE: Final[tuple[Any, ...]] = col(StoredSession.ended_at), col(StoredSession.session_id)
"""The order of the list."""


class Looks:
    """The blind looks of a database. Every method may raise `Unavailable` when the database is away."""

    def __init__(self, database: Database, kek: KeyEncryptionKey, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._kek = kek
        self._now = now

    def waiting(self, viewer: Viewer, after: UUID | None = None, *, size: int = PAGE) -> SampledList:
        """Return a supervisor's sessions that wait for a look, the oldest first; empty for any other role.

        With `after` those that come after a session that she sees, whether it still waits or not.
        """
        if not viewer.role.reviews:
            return SampledList()
        with transaction(self._database, viewer.user_id) as session:
            return _waiting(session, viewer, after, size)

    def open(self, viewer: Viewer, session_id: UUID, *, request_id: str = "") -> tuple[LookOutcome, Look | None]:
        """Return a session of the sample to look at; after this supervisor's answers also what the machine says."""
        with transaction(self._database, viewer.user_id) as session:
            outcome, look = self._look(session, viewer, session_id)
            _audit(session, viewer, BLIND_LOOK, session_id, outcome, request_id)
            return outcome, look

    def answer(
        self,
        viewer: Viewer,
        session_id: UUID,
        revision: int,
        answers: Mapping[int, TurnAnswers],
        *,
        request_id: str = "",
    ) -> LookOutcome:
        """Store a supervisor's answers about every client turn, by its position, which nobody can change afterwards."""
        with transaction(self._database, viewer.user_id) as session:
            outcome = self._store(session, viewer, session_id, revision, answers)
            _audit(session, viewer, "blind answers", session_id, outcome, request_id)
            return outcome

    def _look(self, session: Session, viewer: Viewer, session_id: UUID) -> tuple[LookOutcome, Look | None]:
        is_hers = visible_to(viewer), col(StoredSession.session_id) == session_id
        row = session.exec(select(StoredSession).where(*is_hers)).first()
        sample = None if row is None or not viewer.role.reviews else _sample(session, session_id)
        cipher = None if row is None else find_cipher(session, self._kek, row.tenant, row.conversation_id)
        if row is None or sample is None or cipher is None:
            return LookOutcome.NOT_FOUND, None
        stored = _answers(session, session_id)
        if any(each.account_id != viewer.user_id for each in stored):
            return LookOutcome.LOOKED_AT, None
        if not stored and has_opened(session, session_id):
            return LookOutcome.SEEN, None
        messages = tuple(replace(each, author="") for each in stored_messages(session, cipher, row))
        turns = _present(sample, {message.message_id for message in messages})
        if not turns:
            return LookOutcome.NOT_FOUND, None
        look = Look(
            session_id=session_id,
            revision=row.revision,
            started_at=row.started_at,
            ended_at=row.ended_at,
            messages=messages,
            turns=turns,
            answered=_beside(turns, stored) if stored else None,
            model=None if not stored or stored[0].model is None else ModelVersion.model_validate(stored[0].model),
        )
        return LookOutcome.DONE, look

    def _store(
        self, session: Session, viewer: Viewer, session_id: UUID, revision: int, answers: Mapping[int, TurnAnswers]
    ) -> LookOutcome:
        row = lock_for_review(session, viewer, session_id)
        sample = None if row is None else _sample(session, session_id)
        if row is None or sample is None:
            return LookOutcome.NOT_FOUND
        if _answers(session, session_id):
            return LookOutcome.LOOKED_AT
        if has_opened(session, session_id):
            return LookOutcome.SEEN
        of_session = select(StoredMessage.message_id).where(col(StoredMessage.session_id) == session_id)
        turns = _present(sample, set(session.exec(of_session)))
        if row.revision != revision or answers.keys() - turns.keys() or not turns:
            return LookOutcome.CHANGED
        if turns.keys() - answers.keys():
            return LookOutcome.INCOMPLETE
        opinions = opinions_of(session, row, turns)
        session.add_all(
            StoredLookAnswer(
                session_id=session_id,
                position=position,
                revision=revision,
                message_id=turns[position][0],
                resistance=said.resistance.value,
                critical=said.critical.value,
                machine=opinion_to_json(opinions[position]),
                model=sample.model,
                detector=row.detector,
                rubric=RUBRIC_VERSION,
                account_id=viewer.user_id,
                said_at=self._now(),
            )
            for position, said in answers.items()
        )
        session.flush()
        return LookOutcome.DONE


def has_opened(session: Session, session_id: UUID) -> bool:
    """Return whether the person whom the transaction names has opened a session, and so seen the machine's opinion."""
    query = text("SELECT public.counterpoint_has_opened(:session)")
    return bool(session.scalar(query, {"session": session_id}))


def _waiting(session: Session, viewer: Viewer, after: UUID | None, size: int) -> SampledList:
    messages = select(StoredMessage.message_id).where(
        col(StoredMessage.session_id) == col(StoredSample.session_id), col(StoredMessage.role) == Role.CLIENT.value
    )
    answers = select(StoredLookAnswer.position).where(col(StoredLookAnswer.session_id) == col(StoredSample.session_id))
    waits: ColumnElement[bool] = and_(
        visible_to(viewer),
        exists(messages.correlate(StoredSample)),
        ~exists(answers.correlate(StoredSample)),
    )
    of_sessions = col(StoredSample.session_id) == col(StoredSession.session_id)
    count = select(func.count()).select_from(StoredSession).join(StoredSample, of_sessions).where(waits)
    found = session.exec(
        select(StoredSession, StoredSample)
        .join(StoredSample, of_sessions)
        .where(waits, *(() if after is None else _beyond(session, viewer, after)))
        .order_by(*_PLACE)
        .limit(size + 1)
    ).all()
    rows = tuple(
        SampledRow(
            session_id=row.session_id,
            started_at=row.started_at,
            ended_at=row.ended_at,
            turns=len(sample.turns),
            is_seen=has_opened(session, row.session_id),
        )
        for row, sample in found[:size]
    )
    return SampledList(rows=rows, total=session.exec(count).one(), goes_on=len(found) > size)


def _beyond(session: Session, viewer: Viewer, after: UUID) -> tuple[ColumnElement[bool], ...]:
    """Return the condition that a session comes after another; none where that one is no longer there."""
    of_place = select(StoredSession.ended_at).where(visible_to(viewer), col(StoredSession.session_id) == after)
    ended_at = session.exec(of_place).first()
    if ended_at is None:
        return ()
    values = zip((ended_at, after), _PLACE, strict=True)
    return (tuple_(*_PLACE) > tuple_(*(literal(value, column.type) for value, column in values)),)


def _sample(session: Session, session_id: UUID) -> StoredSample | None:
    return session.get(StoredSample, session_id)


def _answers(session: Session, session_id: UUID) -> list[StoredLookAnswer]:
    of_session = select(StoredLookAnswer).where(col(StoredLookAnswer.session_id) == session_id)
    return list(session.exec(of_session.order_by(col(StoredLookAnswer.position))))


def _present(sample: StoredSample, stored: set[str]) -> dict[int, tuple[str, ...]]:
    """Return the client turns of which a message is still stored, by position: others were deleted meanwhile."""
    turns = (tuple(message_id for message_id in turn if message_id in stored) for turn in sample.turns)
    return {position: turn for position, turn in enumerate(turns) if turn}


def _beside(turns: Mapping[int, tuple[str, ...]], stored: list[StoredLookAnswer]) -> dict[int, LookedAtTurn]:
    """Return the answers by position, without those about a turn that a later revision has not, or elsewhere."""
    return {each.position: _looked_at(each) for each in stored if each.message_id in turns.get(each.position, ())}


def _looked_at(row: StoredLookAnswer) -> LookedAtTurn:
    said = TurnAnswers(LookAnswer(row.resistance), LookAnswer(row.critical))
    return LookedAtTurn(said, opinion_from_json(row.machine))


def _audit(
    session: Session, viewer: Viewer, purpose: str, session_id: UUID, outcome: LookOutcome, request_id: str
) -> None:
    add_audit_entry(
        session,
        viewer,
        purpose=purpose,
        object_type="session",
        object_id=session_id,
        outcome=outcome.value,
        request_id=request_id,
    )
