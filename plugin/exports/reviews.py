"""Read the reviews of sessions: their valid answers, and all that supervisors said of them."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from plugin.database.tables import StoredAnswer, StoredDecision, StoredExchange, StoredLabel, StoredSession
from plugin.database.viewer import Viewer
from plugin.exports.review_rows import StoredMoment, StoredReview
from plugin.queue.scope import decides_present_revision, visible_to


def read_reviews(session: Session, viewer: Viewer, sessions: Sequence[UUID]) -> list[StoredReview]:
    """Return the reviews of those sessions that this supervisor may see now, in the order of their ids."""
    found = session.exec(
        select(StoredSession, StoredDecision.kind)
        .outerjoin(StoredDecision, decides_present_revision())
        .where(col(StoredSession.session_id).in_(sessions), visible_to(viewer))
        .order_by(col(StoredSession.session_id))
    ).all()
    moments = _moments(session, [row.session_id for row, _ in found])
    return [StoredReview(row, decision, moments.get(row.session_id, [])) for row, decision in found]


def _moments(session: Session, sessions: Sequence[UUID]) -> dict[UUID, list[StoredMoment]]:
    labels: dict[UUID, list[StoredLabel]] = defaultdict(list)
    for label in session.exec(
        select(StoredLabel).where(col(StoredLabel.session_id).in_(sessions)).order_by(col(StoredLabel.number))
    ):
        labels[label.assessment_id].append(label)
    moments: dict[UUID, list[StoredMoment]] = defaultdict(list)
    for exchange, answer in session.exec(
        select(StoredExchange, StoredAnswer)
        .join(StoredAnswer, col(StoredAnswer.exchange_id) == col(StoredExchange.exchange_id))
        .where(col(StoredExchange.session_id).in_(sessions), col(StoredAnswer.superseded_by).is_(None))
        .order_by(col(StoredExchange.position))
    ):
        moments[exchange.session_id].append(StoredMoment(exchange, answer, labels[answer.assessment_id]))
    return moments
