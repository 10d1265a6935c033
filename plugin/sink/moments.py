"""Storage of which moments of a closed session are shown at once, and of the session in which none was confirmed."""

from collections.abc import Sequence

from sqlmodel import Session, col, delete, select

from plugin.database import holds
from plugin.database.conversation_keys import delete_unused_data_key
from plugin.database.needs import Need
from plugin.database.removal import remove_exchanges, remove_transcript
from plugin.database.shown import moments_to_show
from plugin.database.tables import StoredAnswer, StoredExchange, StoredSession
from plugin.sink.need import WITHOUT_WORDS
from stream.contracts.sessions import Counts
from stream.contracts.vocabulary import LeftOut

StoredMoments = Sequence[tuple[StoredExchange, StoredAnswer]]


def store_shown(session: Session, row: StoredSession) -> StoredMoments:
    """Store which moments are shown at once, and return the moments of the session.

    Those shown are chosen when a revision arrives, so that nothing unread is released.
    """
    moments = _moments(session, row)
    shown = moments_to_show(moments)
    for exchange, _ in moments:
        exchange.shown = exchange.exchange_id in shown
    session.flush()
    return moments


def leave_out_unconfirmed(session: Session, row: StoredSession, moments: StoredMoments, *, sampled: bool) -> None:
    """Leave a session out like one without moments, if every turn was read and rejected and nothing needs a person.

    Its content goes, but for the messages of a session in the random sample; under a legal hold it stays.
    """
    counts = Counts.model_validate(row.counts)
    unread = counts.flagged_not_shown + counts.exchanges_dropped_for_size
    if (
        not (moments or counts.unanswered_not_confirmed)
        or any(exchange.shown for exchange, _ in moments)
        or unread
        or row.need != Need.OTHER
    ):
        return
    row.left_out = LeftOut.NO_RESISTANCE.value
    if not holds.is_held(session, row.tenant, row.conversation_id):
        (remove_exchanges if sampled else remove_transcript)(session, row.session_id)
        valid = col(StoredAnswer.session_id) == row.session_id, col(StoredAnswer.superseded_by).is_(None)
        session.exec(delete(StoredAnswer).where(*valid))
    session.flush()
    delete_unused_data_key(session, row.tenant, row.conversation_id)


def _moments(session: Session, row: StoredSession) -> StoredMoments:
    return session.exec(
        select(StoredExchange, StoredAnswer)
        .join(StoredAnswer, col(StoredAnswer.exchange_id) == col(StoredExchange.exchange_id))
        .where(col(StoredExchange.session_id) == row.session_id, col(StoredAnswer.superseded_by).is_(None))
        .order_by(col(StoredExchange.position))
        .options(WITHOUT_WORDS)
    ).all()
