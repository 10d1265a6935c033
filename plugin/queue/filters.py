"""What a supervisor's list can be filtered by, as conditions on the stored sessions; they read no text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, true
from sqlmodel import Session, col, select

from plugin.database.needs import Need
from plugin.database.tables import (
    Account,
    StoredClaim,
    StoredSession,
)
from plugin.database.viewer import Viewer
from plugin.queue.follow_ups import has_follow_up, today_of
from plugin.queue.handover_reading import assigned_sessions
from plugin.queue.review_states import ReviewState, review_states
from plugin.queue.scope import has_counsellor, is_decided, is_queued, visible_to
from plugin.queue.views import DecisionKind
from plugin.time_zones import zone_of
from stream.contracts.vocabulary import Mechanism

OVERDUE_AFTER: Final = timedelta(days=7)
"""From a session's end: supervisors work through their queue weekly, so an older session was passed over once."""


class QueueList(StrEnum):
    """A supervisor's list of sessions; the values stand in addresses."""

    WAITING = "waiting"
    DECIDED = "decided"
    LEFT_OUT = "left-out"


class QueueState(StrEnum):
    """The state of a session in its list; each session has exactly one. The values stand in addresses."""

    NEW = "new"
    MINE = "mine"
    """Claimed by the supervisor who looks at the list."""
    OTHERS = "others"
    """Claimed by another supervisor."""
    BEGUN = "begun"
    """Something was judged, but not every moment, and nobody holds a claim."""
    REVIEWED = "reviewed"
    """Every moment was passed on or kept back, and nobody holds a claim."""
    RELEASED = "released"
    WITHHELD = "withheld"


STATES: Final[Mapping[QueueList, tuple[QueueState, ...]]] = {
    QueueList.WAITING: (QueueState.NEW, QueueState.MINE, QueueState.OTHERS, QueueState.BEGUN, QueueState.REVIEWED),
    QueueList.DECIDED: (QueueState.RELEASED, QueueState.WITHHELD),
    QueueList.LEFT_OUT: (),
}
"""The states of the sessions of each list."""


class QueueOrder(StrEnum):
    """The order of a list. People are never ranked: a counsellor's place is that of the name in the alphabet."""

    NEED = "need"
    AGE = "age"
    THERAPIST = "therapist"


class HandedTo(StrEnum):
    """With whom a waiting session is by a hand-over; the values stand in addresses."""

    ME = "me"
    OTHERS = "others"


class FollowUpState(StrEnum):
    """Whether a session has a note of one's own to come back to; the values stand in addresses."""

    DUE = "due"
    """One whose day is today or was before."""
    OPEN = "open"
    """One that is not done, whatever its day."""


@dataclass(frozen=True)
class QueueFilter:
    """What a list is filtered by, and its order; None leaves everything in, and the list in its own order."""

    therapist: UUID | None = None
    """The account of a counsellor who wrote in the session."""
    need: Need | None = None
    state: QueueState | None = None
    handed: HandedTo | None = None
    follow_up: FollowUpState | None = None
    mechanism: Mechanism | None = None
    """A mechanism that no reply of the session expresses."""
    ended_from: date | None = None
    ended_to: date | None = None
    """The first and the last day, on the reader's clocks, on which the session ended."""
    order: QueueOrder | None = None

    @property
    def hides(self) -> bool:
        """Whether anything can be hidden by it."""
        return replace(self, order=None) != EVERYTHING


EVERYTHING: Final = QueueFilter()


def check_filter(queue_list: QueueList, chosen: QueueFilter) -> None:
    """Check that a filter fits a list.

    Raises:
        ValueError: it does not; the message is a sentence.
    """
    if chosen.state is not None and chosen.state not in STATES[queue_list]:
        raise ValueError("This list has no sessions in that state.")
    if chosen.handed is not None and queue_list is not QueueList.WAITING:
        raise ValueError("Only waiting sessions are with somebody.")
    if chosen.ended_from is not None and chosen.ended_to is not None and chosen.ended_from > chosen.ended_to:
        raise ValueError("The first day comes after the last day.")


def matches(session: Session, viewer: Viewer, chosen: QueueFilter, now: datetime) -> ColumnElement[bool]:
    """Return the condition that the filter leaves a `StoredSession` in the list."""
    return and_(true(), *_conditions(session, viewer, chosen, now))


def is_overdue(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a session ended longer ago than `OVERDUE_AFTER`."""
    return col(StoredSession.ended_at) < now - OVERDUE_AFTER


def is_claimed_by(viewer: Viewer, now: datetime) -> ColumnElement[bool]:
    """Return the condition that this supervisor holds the session's claim."""
    return _claim(now, col(StoredClaim.account_id) == viewer.user_id)


def is_claimed_by_others(viewer: Viewer, now: datetime) -> ColumnElement[bool]:
    """Return the condition that another supervisor holds the session's claim."""
    return _claim(now, col(StoredClaim.account_id) != viewer.user_id)


def _conditions(session: Session, viewer: Viewer, chosen: QueueFilter, now: datetime) -> Iterator[ColumnElement[bool]]:
    if chosen.therapist is not None:
        yield has_counsellor(col(Account.account_id) == chosen.therapist)
    if chosen.need is not None:
        yield col(StoredSession.need) == chosen.need.value
    if chosen.state is not None:
        yield _state(session, viewer, chosen.state, now)
    if chosen.handed is not None:
        assigned = assigned_sessions(session, viewer)
        of_whom = assigned.to_viewer if chosen.handed is HandedTo.ME else assigned.to_others
        yield col(StoredSession.session_id).in_(of_whom)
    if chosen.follow_up is not None:
        until = today_of(viewer, now) if chosen.follow_up is FollowUpState.DUE else None
        yield has_follow_up(viewer, until)
    if chosen.mechanism is not None:
        yield col(StoredSession.facts).contains({"without_expression": [chosen.mechanism.value]})
    if chosen.ended_from is not None:
        yield col(StoredSession.ended_at) >= datetime.combine(chosen.ended_from, time.min, zone_of(viewer.zone))
    if chosen.ended_to is not None:
        yield col(StoredSession.ended_at) <= datetime.combine(chosen.ended_to, time.max, zone_of(viewer.zone))


def _state(session: Session, viewer: Viewer, state: QueueState, now: datetime) -> ColumnElement[bool]:
    match state:
        case QueueState.MINE:
            return is_claimed_by(viewer, now)
        case QueueState.OTHERS:
            return is_claimed_by_others(viewer, now)
        case QueueState.RELEASED:
            return _is_decided_as(DecisionKind.RELEASED)
        case QueueState.WITHHELD:
            return _is_decided_as(DecisionKind.WITHHELD)
        case _:
            return and_(~is_decided(), ~_claim(now), _review_is(session, viewer, state))


def _review_is(session: Session, viewer: Viewer, state: QueueState) -> ColumnElement[bool]:
    """Return the condition that the review of a waiting session is new, begun or done."""
    session_id, judged = col(StoredSession.session_id), _judged(session, viewer)
    if state is QueueState.NEW:
        return session_id.not_in(judged)
    wanted = state is QueueState.REVIEWED
    return session_id.in_([each for each, review in judged.items() if review.is_reviewed is wanted])


def _claim(now: datetime, *more: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that a claim is in force; few are, so they are read once and not for each session."""
    claimed = select(StoredClaim.session_id).where(col(StoredClaim.until) > now, *more)
    return col(StoredSession.session_id).in_(claimed)


def _judged(session: Session, viewer: Viewer) -> dict[UUID, ReviewState]:
    """Return the waiting sessions in which something was judged.

    Every review began with a claim, whose row stays. So labels are read of the few sessions alone that have one: the
    policy of their rows costs more for each than everything else here.
    """
    begun = session.exec(
        select(StoredSession.session_id)
        .join(StoredClaim, col(StoredClaim.session_id) == col(StoredSession.session_id))
        .where(visible_to(viewer), is_queued(), ~is_decided())
    )
    states = review_states(session, begun.all())
    return {session_id: review for session_id, review in states.items() if review.progress is not None}


def _is_decided_as(kind: DecisionKind) -> ColumnElement[bool]:
    return and_(is_decided(), col(StoredSession.decided_as) == kind.value)
