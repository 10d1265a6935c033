"""What supervisors say to a service's own criteria: an answer is added, never changed, and the latest one stands.

The note of an answer goes once another answer takes its place, since no page shows it any more.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, update
from sqlmodel import Session, col, select

from plugin.crypto.text import TextCipher
from plugin.database.sealed_columns import criterion_answer_words_binding
from plugin.database.tables import (
    Account,
    StoredCriterion,
    StoredCriterionAnswer,
    StoredCriterionVersion,
    StoredSession,
)
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.claims import standing_decision
from plugin.queue.criterion_reading import asked_criteria, criterion_of
from plugin.queue.criterion_views import UNDONE, Criterion, CriterionAbout, CriterionAnswer, Said
from plugin.queue.notes import has_moment
from plugin.queue.views import DecisionKind, DecisionOutcome


def criterion_answers_of(
    session: Session, cipher: TextCipher | None, viewer: Viewer, row: StoredSession
) -> tuple[CriterionAnswer, ...]:
    """Return the answers that stand about a session, in the order of the criteria; to a therapist the shared ones.

    Without a cipher the time of the words is over, and answers have no note.
    """
    is_therapist = viewer.role is AccountRole.THERAPIST
    found = session.exec(
        select(StoredCriterionAnswer, StoredCriterion, StoredCriterionVersion, Account.display_name)
        .join(StoredCriterion, col(StoredCriterion.criterion_id) == col(StoredCriterionAnswer.criterion_id))
        .join(StoredCriterionVersion, answered_version())
        .join(Account, col(Account.account_id) == col(StoredCriterionAnswer.account_id))
        .where(
            col(StoredCriterionAnswer.session_id) == row.session_id,
            col(StoredCriterionAnswer.stands),
            col(StoredCriterionAnswer.said) != UNDONE,
            col(StoredCriterionVersion.shared) if is_therapist else True,
        )
        .order_by(col(StoredCriterion.position), col(StoredCriterionAnswer.number))
    )
    return tuple(
        CriterionAnswer(
            criterion=criterion_of(criterion, version),
            exchange_id=answer.exchange_id,
            said=answer.said,
            by=by,
            is_own=answer.account_id == viewer.user_id,
            at=answer.said_at,
            revision=answer.revision,
            note=_note(cipher, row, answer),
        )
        for answer, criterion, version, by in found
    )


def answered_version() -> ColumnElement[bool]:
    """Return the condition that a `StoredCriterionVersion` is the one to which a `StoredCriterionAnswer` was given."""
    return and_(
        col(StoredCriterionVersion.criterion_id) == col(StoredCriterionAnswer.criterion_id),
        col(StoredCriterionVersion.version) == col(StoredCriterionAnswer.version),
    )


def store_said(
    session: Session, cipher: TextCipher | None, viewer: Viewer, row: StoredSession, said: Said, now: datetime
) -> DecisionOutcome:
    """Store what a supervisor says to a criterion in the place of what stood. The caller holds the session's row."""
    if standing_decision(session, row) is DecisionKind.RELEASED:
        return DecisionOutcome.RELEASED
    stands = _standing(session, row, said)
    if said.code == UNDONE:
        version = None if stands is None or stands.said == UNDONE else stands.version
    else:
        version = said.version if cipher is not None and _is_asked(session, row, said) else None
    if version is None:
        return DecisionOutcome.CHANGED
    _replace(session, stands)
    session.add(
        StoredCriterionAnswer(
            session_id=row.session_id,
            revision=row.revision,
            exchange_id=said.exchange_id,
            criterion_id=said.criterion_id,
            version=version,
            said=said.code,
            words=_sealed(cipher, row, said),
            stands=True,
            account_id=viewer.user_id,
            said_at=now,
        )
    )
    session.flush()
    return DecisionOutcome.DONE


def _is_asked(session: Session, row: StoredSession, said: Said) -> bool:
    """Return whether this version is asked now of this moment or session, and has the step that was chosen."""
    asked = {each.criterion_id: each for each in asked_criteria(session)}.get(said.criterion_id)
    if asked is None or asked.version != said.version or said.code not in asked.choices or row.left_out is not None:
        return False
    return _has_place(session, row, asked, said.exchange_id)


def _has_place(session: Session, row: StoredSession, asked: Criterion, exchange_id: UUID | None) -> bool:
    if asked.about is CriterionAbout.SESSION:
        return exchange_id is None
    return exchange_id is not None and has_moment(session, row.session_id, exchange_id)


def _standing(session: Session, row: StoredSession, said: Said) -> StoredCriterionAnswer | None:
    return session.exec(
        select(StoredCriterionAnswer).where(
            col(StoredCriterionAnswer.session_id) == row.session_id,
            col(StoredCriterionAnswer.criterion_id) == said.criterion_id,
            col(StoredCriterionAnswer.exchange_id).is_not_distinct_from(said.exchange_id),
            col(StoredCriterionAnswer.stands),
        )
    ).first()


def _replace(session: Session, stands: StoredCriterionAnswer | None) -> None:
    if stands is not None:
        replaced = update(StoredCriterionAnswer).where(col(StoredCriterionAnswer.number) == stands.number)
        session.exec(replaced.values(stands=False, words=None))


def _sealed(cipher: TextCipher | None, row: StoredSession, said: Said) -> bytes | None:
    if cipher is None or not said.note or said.code == UNDONE:
        return None
    place = said.exchange_id or row.session_id
    return cipher.encrypt(
        said.note, criterion_answer_words_binding(row.tenant, row.session_id, said.criterion_id, place)
    )


def _note(cipher: TextCipher | None, row: StoredSession, answer: StoredCriterionAnswer) -> str:
    if cipher is None or answer.words is None:
        return ""
    place = answer.exchange_id or row.session_id
    return cipher.decrypt(
        answer.words, criterion_answer_words_binding(row.tenant, row.session_id, answer.criterion_id, place)
    )
