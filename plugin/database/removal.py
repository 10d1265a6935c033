"""Functions that remove stored sessions or their content, after a withdrawal, an erasure or a legal hold.

The caller of every function holds the conversation's lock.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, delete, or_, select, update
from sqlmodel.sql.expression import SelectOfScalar

from plugin.database import holds
from plugin.database.conversation_keys import delete_unused_data_key
from plugin.database.measure_store import remove_measures_of_conversation, remove_measures_of_session
from plugin.database.needs import NO_FACTS, Need, facts_to_json
from plugin.database.outcome_store import remove_outcomes
from plugin.database.risk_removal import remove_risk_of_conversation, remove_risk_of_session
from plugin.database.tables import (
    StoredAcknowledgement,
    StoredAnswer,
    StoredAttempt,
    StoredCalibrationMoment,
    StoredClaim,
    StoredCriterionAnswer,
    StoredDecision,
    StoredDispute,
    StoredExchange,
    StoredHandover,
    StoredLookAnswer,
    StoredMessage,
    StoredNote,
    StoredSample,
    StoredSession,
)
from stream.contracts.vocabulary import EndReason, LeftOut, SessionState


def remove_transcript(session: Session, session_id: UUID) -> None:
    """Remove a session's messages and exchanges."""
    session.exec(delete(StoredMessage).where(col(StoredMessage.session_id) == session_id))
    remove_exchanges(session, session_id)


def remove_exchanges(session: Session, session_id: UUID) -> None:
    """Remove a session's exchanges, and none of its messages."""
    session.exec(delete(StoredExchange).where(col(StoredExchange.session_id) == session_id))


def remove_sample(session: Session, session_id: UUID) -> None:
    """Remove a session from the random sample, with what was said of it there."""
    session.exec(delete(StoredLookAnswer).where(col(StoredLookAnswer.session_id) == session_id))
    session.exec(delete(StoredSample).where(col(StoredSample.session_id) == session_id))


def remove_what_people_said(session: Session, session_id: UUID, exchanges: Collection[UUID]) -> None:
    """Remove what people said of some moments and of their session, after the words of these moments have changed.

    That is notes with their comments, disputes, answers to criteria and practised replies, which may quote those words
    or were given after them. The moments also drop out of calibrations with their ratings, since they are no longer
    what was drawn. Labels stay: each is about an answer, and the answer stays as a superseded one. A hand-over stays
    without its reason, since its session is still with somebody.
    """
    about = or_(col(StoredNote.exchange_id).in_(exchanges), col(StoredNote.exchange_id).is_(None))
    session.exec(delete(StoredNote).where(col(StoredNote.session_id) == session_id, about))
    disputed = col(StoredDispute.exchange_id).in_(exchanges)
    session.exec(delete(StoredDispute).where(col(StoredDispute.session_id) == session_id, disputed))  # and their steps
    said_of = col(StoredCriterionAnswer.exchange_id)
    answered = col(StoredCriterionAnswer.session_id) == session_id, or_(said_of.in_(exchanges), said_of.is_(None))
    session.exec(delete(StoredCriterionAnswer).where(*answered))
    rewritten = col(StoredAttempt.exchange_id).in_(exchanges)
    session.exec(delete(StoredAttempt).where(col(StoredAttempt.session_id) == session_id, rewritten))
    drawn = col(StoredCalibrationMoment.exchange_id).in_(exchanges)
    session.exec(delete(StoredCalibrationMoment).where(col(StoredCalibrationMoment.session_id) == session_id, drawn))
    remove_handover_words(session, [session_id])


def remove_handover_words(session: Session, sessions: Collection[UUID]) -> None:
    """Remove the reasons of the hand-overs of some sessions."""
    worded = col(StoredHandover.session_id).in_(sessions), col(StoredHandover.has_words)
    # Without the numbers of the rows, which the roles that call this may not read.
    unread = update(StoredHandover).where(*worded).execution_options(synchronize_session=False)
    session.exec(unread.values(words=None))


def withdraw_session(session: Session, row: StoredSession) -> None:
    """Remove a session's content and keep its row, marked as left out for lack of consent.

    Under a legal hold the content stays, and is shown to nobody.
    """
    if holds.is_held(session, row.tenant, row.conversation_id):
        row.restricted = True
        session.add(row)
        session.flush()
        return
    remove_transcript(session, row.session_id)
    session.exec(delete(StoredAnswer).where(col(StoredAnswer.session_id) == row.session_id))  # labels, disputes
    session.exec(delete(StoredDecision).where(col(StoredDecision.session_id) == row.session_id))
    session.exec(delete(StoredClaim).where(col(StoredClaim.session_id) == row.session_id))
    session.exec(delete(StoredAcknowledgement).where(col(StoredAcknowledgement.session_id) == row.session_id))
    session.exec(delete(StoredNote).where(col(StoredNote.session_id) == row.session_id))  # and their comments
    session.exec(delete(StoredHandover).where(col(StoredHandover.session_id) == row.session_id))
    session.exec(delete(StoredCriterionAnswer).where(col(StoredCriterionAnswer.session_id) == row.session_id))
    remove_sample(session, row.session_id)
    remove_risk_of_session(session, row.session_id)
    remove_measures_of_session(session, row.session_id)
    session.exec(delete(StoredAttempt).where(col(StoredAttempt.session_id) == row.session_id))
    row.state = SessionState.ERASED.value
    row.left_out = LeftOut.NO_CONSENT.value
    row.end_reason = EndReason.WITHDRAWN.value
    row.consent, row.counts, row.marks, row.detector, row.language = {}, {}, [], None, None
    row.need, row.facts, row.restricted = Need.OTHER.value, facts_to_json(NO_FACTS), False
    session.add(row)
    session.flush()
    delete_unused_data_key(session, row.tenant, row.conversation_id)


def withdraw_restricted_sessions(session: Session, tenant: str, conversation_id: str, now: datetime) -> int:
    """Apply the withdrawals that arrived during a legal hold; returns the number of sessions."""
    rows = session.exec(
        select(StoredSession).where(
            col(StoredSession.tenant) == tenant,
            col(StoredSession.conversation_id) == conversation_id,
            col(StoredSession.restricted),
        )
    ).all()
    for row in rows:
        row.stored_at = now
        withdraw_session(session, row)
    return len(rows)


def erase_sessions(session: Session, tenant: str, conversation_id: str, until: datetime | None) -> tuple[int, int]:
    """Delete the sessions that began up to the broker time `until`, and the data key once it is unused.

    `until` is None for all sessions; returns the numbers of sessions and of keys. Under a legal hold the sessions stay,
    and are shown to nobody.
    """
    rows = session.exec(sessions_until(tenant, conversation_id, until)).all()
    held = holds.is_held(session, tenant, conversation_id)
    for row in rows:
        if held:
            row.restricted = True
        else:
            session.delete(row)  # the database deletes what refers to it
    session.flush()
    if not held:
        remove_risk_of_conversation(session, tenant, conversation_id, until)
        remove_outcomes(session, tenant, conversation_id, until)
        remove_measures_of_conversation(session, tenant, conversation_id, until)
    keys = delete_unused_data_key(session, tenant, conversation_id)
    return 0 if held else len(rows), keys


def sessions_until(tenant: str, conversation_id: str, until: datetime | None) -> SelectOfScalar[StoredSession]:
    """Return the query for the sessions of a conversation that began up to the broker time `until`; None means all."""
    of_conversation = select(StoredSession).where(
        col(StoredSession.tenant) == tenant, col(StoredSession.conversation_id) == conversation_id
    )
    return of_conversation if until is None else of_conversation.where(col(StoredSession.first_appended_at) <= until)
