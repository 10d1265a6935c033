"""Collection of the sessions that are new for one person since a time."""

from dataclasses import dataclass
from datetime import datetime

from plugin.database.viewer import Viewer
from plugin.queue.follow_ups import FollowUp
from plugin.queue.opened_news import DIGEST
from plugin.queue.store import Store
from plugin.queue.views import SessionView
from stream.contracts.vocabulary import LeftOut


@dataclass(frozen=True)
class Digest:
    """The sessions that are new for one person since a time."""

    viewer: Viewer
    since: datetime
    sessions: tuple[SessionView, ...]
    """The new sessions with something to read, by need."""
    left_out: dict[LeftOut, int]
    """The number of new sessions without feedback by reason, for a supervisor."""
    follow_ups: tuple[FollowUp, ...] = ()
    """The notes that a supervisor wanted to come back to by today, without their words."""


def gather_digest(store: Store, viewer: Viewer, since: datetime, *, request_id: str = "") -> Digest:
    """Collect a person's digest. The text of each session is read, and each reading is recorded in the audit trail.

    Raises:
        Unavailable: the database is away.
    """
    opened = (
        store.open(viewer, session, purpose=DIGEST, request_id=request_id) for session in store.new_since(viewer, since)
    )
    return Digest(
        viewer=viewer,
        since=since,
        sessions=tuple(view for view in opened if view is not None),
        left_out=store.left_out_since(viewer, since),
        follow_ups=store.follow_ups(viewer).shown,
    )
