"""Follow-ups: the coaching notes to which their author wants to come back on a day, on the clocks of their zone."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_
from sqlmodel import Session, col, func, select

from plugin.database.tables import StoredNote, StoredSession
from plugin.database.viewer import Viewer
from plugin.queue.lists import session_rows
from plugin.queue.scope import visible_to
from plugin.queue.views import SessionRow
from plugin.time_zones import zone_of

FOLLOW_UPS_SHOWN: Final = 25
"""Follow-ups that a page names; others follow as these are done."""


@dataclass(frozen=True)
class FollowUp:
    """A note of one's own whose follow-up day has come, with its session; without its words."""

    note_id: UUID
    day: date
    row: SessionRow


@dataclass(frozen=True)
class DueFollowUps:
    """The first follow-ups of one person that are due, the longest due first, and how many there are."""

    today: date
    """The day on the clocks of the person's zone."""
    shown: tuple[FollowUp, ...] = ()
    total: int = 0


def today_of(viewer: Viewer, now: datetime) -> date:
    """Return the day on the clocks of a person's zone."""
    return now.astimezone(zone_of(viewer.zone)).date()


def due_follow_ups(session: Session, viewer: Viewer, now: datetime) -> DueFollowUps:
    """Return the follow-ups of a supervisor that are due, of the sessions that she may see; none for other roles."""
    today = today_of(viewer, now)
    if not viewer.role.reviews:
        return DueFollowUps(today)
    found = session.exec(
        select(StoredNote, StoredSession)
        .join(StoredSession, col(StoredSession.session_id) == col(StoredNote.session_id))
        .where(visible_to(viewer), _is_open(viewer, today))
        .order_by(col(StoredNote.follow_up_on), col(StoredNote.written_at), col(StoredNote.note_id))
        .limit(FOLLOW_UPS_SHOWN)
    ).all()
    rows = session_rows(session, [row for _, row in found], now)
    shown = tuple(
        FollowUp(note.note_id, note.follow_up_on, row)
        for (note, _), row in zip(found, rows, strict=True)
        if note.follow_up_on is not None
    )
    return DueFollowUps(today, shown, count_due(session, viewer, now))


def count_due(session: Session, viewer: Viewer, now: datetime) -> int:
    """Return how many follow-ups of a supervisor are due."""
    if not viewer.role.reviews:
        return 0
    due = _is_open(viewer, today_of(viewer, now))
    return session.exec(
        select(func.count())
        .select_from(StoredNote)
        .join(StoredSession, col(StoredSession.session_id) == col(StoredNote.session_id))
        .where(visible_to(viewer), due)
    ).one()


def has_follow_up(viewer: Viewer, until: date | None) -> ColumnElement[bool]:
    """Return the condition that a `StoredSession` has a note of hers to follow up, until a day if one is given."""
    noted = select(StoredNote.session_id).where(_is_open(viewer, until))
    return col(StoredSession.session_id).in_(noted)


def _is_open(viewer: Viewer, until: date | None) -> ColumnElement[bool]:
    day = col(StoredNote.follow_up_on)
    is_meant = day.is_not(None) if until is None else day <= until
    return and_(col(StoredNote.account_id) == viewer.user_id, is_meant, col(StoredNote.followed_up_at).is_(None))
