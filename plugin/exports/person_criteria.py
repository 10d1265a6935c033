"""What supervisors said to shared criteria about one therapist's released sessions, for an export of their own data."""

from sqlmodel import Session, col, select

from plugin.database.tables import StoredAnswer, StoredExchange, StoredSession
from plugin.database.viewer import Viewer
from plugin.exports.person_rows import Json, time_of
from plugin.queue.criterion_answers import criterion_answers_of
from plugin.queue.judgements import answers_exchange
from plugin.queue.scope import is_for_therapist, visible_to


def criterion_answers_about(session: Session, person: Viewer, row: StoredSession) -> list[Json]:
    """Return the answers that the therapist reads on the session's page, without their notes; none before a release."""
    is_read = select(StoredSession.session_id).where(
        visible_to(person), col(StoredSession.session_id) == row.session_id
    )
    if session.exec(is_read).first() is None:
        return []
    moments = select(StoredExchange.exchange_id).join(StoredAnswer, answers_exchange())
    own = set(
        session.exec(
            moments.where(
                col(StoredExchange.session_id) == row.session_id,
                col(StoredExchange.counsellor) == person.counsellor,
                is_for_therapist(),
            )
        )
    )
    return [
        {
            "criterion": answer.criterion.name,
            "version": answer.criterion.version,
            "question": answer.criterion.question,
            "moment": None if answer.exchange_id is None else str(answer.exchange_id),
            "said": answer.said,
            "said_words": answer.said_words,
            "by": answer.by,
            "at": time_of(answer.at),
        }
        for answer in criterion_answers_of(session, None, person, row)
        if answer.exchange_id is None or answer.exchange_id in own
    ]
