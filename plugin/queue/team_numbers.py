"""Numbers about all sessions that a person reviews, taken together; never of one counsellor or supervisor."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import exists, func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from plugin.database.engine import Database, transaction
from plugin.database.tables import StoredDispute, StoredSession
from plugin.database.viewer import Viewer
from plugin.queue.quality import DISPUTES_OVER, DisputeRate, dispute_rate
from plugin.queue.scope import is_decided, is_queued, visible_to
from plugin.queue.views import DecisionKind

PACE_OVER: Final = timedelta(days=7)
"""The time over which sessions and decisions are counted: a week, in which supervisors work through their queue."""


@dataclass(frozen=True)
class Pace:
    """Whether the work keeps up: the sessions that came lately, and those that were decided about."""

    came: int = 0
    decided: int = 0


class TeamNumbers:
    """The numbers of a database about the teams of who reviews. Every method may raise `Unavailable`."""

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def pace(self, viewer: Viewer) -> Pace:
        """Return how many sessions came and how many were decided about lately; none for whoever reviews nothing."""
        if not viewer.role.reviews:
            return Pace()
        since = self._now() - PACE_OVER
        hers = select(func.count()).select_from(StoredSession).where(visible_to(viewer), is_queued())
        with transaction(self._database, viewer.user_id) as session:
            return Pace(
                came=session.exec(hers.where(col(StoredSession.stored_at) >= since)).one(),
                decided=session.exec(hers.where(is_decided(), col(StoredSession.decided_at) >= since)).one(),
            )

    def disputes(self, viewer: Viewer) -> DisputeRate:
        """Return how many of the sessions that were released lately are disputed; no rate about few counsellors."""
        if not viewer.role.reviews:
            return dispute_rate(0, 0, 0)
        with transaction(self._database, viewer.user_id) as session:
            return _disputes(session, viewer, self._now() - DISPUTES_OVER)


def _disputes(session: Session, viewer: Viewer, since: datetime) -> DisputeRate:
    released = (
        visible_to(viewer),
        is_decided(),
        col(StoredSession.decided_as) == DecisionKind.RELEASED.value,
        col(StoredSession.decided_at) >= since,
    )
    of_release = select(StoredDispute.dispute_id).where(
        col(StoredDispute.session_id) == col(StoredSession.session_id),
        col(StoredDispute.revision) == col(StoredSession.revision),
    )
    is_disputed = exists(of_release.correlate(StoredSession))
    counted: Any = select_columns(func.count(), func.count().filter(is_disputed)).select_from(StoredSession)
    people = select_columns(func.unnest(StoredSession.counsellor_keys).label("key")).where(*released).subquery()
    total, disputed = session.execute(counted.where(*released)).one()
    counsellors = session.execute(select_columns(func.count(func.distinct(people.c.key)))).scalar_one()
    return dispute_rate(total, disputed, counsellors)
