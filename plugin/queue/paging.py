"""The pages of a supervisor's list, and the session that comes next in it.

A page begins after a session, not at a number: what is decided or arrives meanwhile moves nobody's place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, literal, tuple_
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from plugin.database.tables import StoredSession
from plugin.database.viewer import Viewer
from plugin.queue.alphabet import therapist_place
from plugin.queue.calibration_reading import sessions_to_rate_first
from plugin.queue.filters import (
    QueueFilter,
    QueueList,
    QueueOrder,
    is_claimed_by,
    is_claimed_by_others,
    is_overdue,
    matches,
)
from plugin.queue.handover_reading import assigned_sessions, was_with
from plugin.queue.lists import session_rows
from plugin.queue.scope import is_decided, is_queued, visible_to
from plugin.queue.views import SessionList

PAGE: Final = 25
"""Sessions of one page: as many as fit on two or three screens, and more than anybody reviews at one sitting."""


@dataclass(frozen=True)
class _Order:
    """The columns by which a list is ordered; the session's id is the last, so that no two have the same place."""

    columns: tuple[Any, ...]  # columns of tables and expressions, which have no common type
    descending: bool = False

    def clauses(self) -> list[ColumnElement[Any]]:
        return [column.desc() if self.descending else column.asc() for column in self.columns]

    def beyond(self, place: Sequence[Any]) -> ColumnElement[bool]:
        """Return the condition that a session comes after this place."""
        here = tuple_(*self.columns)
        there = tuple_(*(literal(value, column.type) for value, column in zip(place, self.columns, strict=True)))
        return here < there if self.descending else here > there


def read_page(
    session: Session,
    viewer: Viewer,
    queue_list: QueueList,
    chosen: QueueFilter,
    after: UUID | None,
    now: datetime,
    size: int | None = None,
) -> SessionList:
    """Return the page of a list that begins after a session, or its first page, with the numbers of the whole list.

    A page has `size` sessions, or as many as a page of the site.
    """
    size = PAGE if size is None else size
    hers = assigned_sessions(session, viewer).to_viewer if queue_list is QueueList.WAITING else frozenset()
    in_list, matching = (visible_to(viewer), _is_in(queue_list)), matches(session, viewer, chosen, now)
    pressing = (
        func.count().filter(is_overdue(now)),
        func.count().filter(is_claimed_by(viewer, now)),
        func.count().filter(col(StoredSession.session_id).in_(hers)),
    )
    counted = func.count(), func.count().filter(matching), *(pressing if queue_list is QueueList.WAITING else ())
    numbers = session.execute(select_columns(*counted).select_from(StoredSession).where(*in_list)).one()
    total, matched, overdue, claimed, handed = (*numbers, 0, 0, 0)[:5]
    order = _order(queue_list, chosen.order, _first(session, viewer, queue_list, hers, after))
    found = _from_place(session, viewer, order, after, (*in_list, matching), size + 1)
    return SessionList(
        rows=session_rows(session, found[:size], now),
        total=total,
        matching=matched,
        overdue=overdue,
        claimed=claimed,
        handed=handed,
        goes_on=len(found) > size,
    )


def next_session(
    session: Session,
    viewer: Viewer,
    queue_list: QueueList,
    chosen: QueueFilter,
    after: UUID | None,
    now: datetime,
) -> UUID | None:
    """Return the session that comes next in a list, without those that others have; None at its end.

    Others have what they have claimed and what was handed over to them. Left out too is what a calibration asks this
    supervisor to rate before she opens it.
    """
    assigned = assigned_sessions(session, viewer)
    shown = (
        visible_to(viewer),
        _is_in(queue_list),
        matches(session, viewer, chosen, now),
        ~is_claimed_by_others(viewer, now),
        col(StoredSession.session_id).not_in(assigned.to_others | sessions_to_rate_first(session, viewer, now)),
    )
    order = _order(queue_list, chosen.order, _first(session, viewer, queue_list, assigned.to_viewer, after))
    found = _from_place(session, viewer, order, after, shown, 1)
    return found[0].session_id if found else None


def _from_place(
    session: Session,
    viewer: Viewer,
    order: _Order,
    after: UUID | None,
    shown: Sequence[ColumnElement[bool]],
    limit: int,
) -> Sequence[StoredSession]:
    """Return the sessions after a place, in order; from the beginning where the session that marked it is gone."""
    place = None if after is None else _place(session, viewer, order, after)
    beyond = () if place is None else (order.beyond(place),)
    found = select(StoredSession).where(*shown, *beyond).order_by(*order.clauses()).limit(limit)
    return session.exec(found).all()


def _place(session: Session, viewer: Viewer, order: _Order, session_id: UUID) -> Sequence[Any] | None:
    marker = visible_to(viewer), col(StoredSession.session_id) == session_id
    place = select_columns(*order.columns).select_from(StoredSession).where(*marker)
    return session.execute(place).first()


def _first(
    session: Session, viewer: Viewer, queue_list: QueueList, hers: frozenset[UUID], after: UUID | None
) -> frozenset[UUID]:
    """Return the sessions that stand first in the waiting list: those that are with the supervisor.

    One that she has just decided about or handed on keeps its place there, so that none after it is passed over.
    """
    if queue_list is not QueueList.WAITING:
        return frozenset()
    return hers | {after} if after is not None and was_with(session, viewer, after) else hers


def _order(queue_list: QueueList, order: QueueOrder | None, first: frozenset[UUID]) -> _Order:
    ended_at, session_id = col(StoredSession.ended_at), col(StoredSession.session_id)
    match order:
        case QueueOrder.AGE:
            return _Order((ended_at, session_id))
        case QueueOrder.THERAPIST:
            return _Order((therapist_place(), ended_at, session_id))
        case None if queue_list is QueueList.DECIDED:
            return _Order((col(StoredSession.decided_at), session_id), descending=True)
        case None if queue_list is QueueList.LEFT_OUT:
            return _Order((ended_at, session_id), descending=True)
        case _ if first:
            comes_after = case((session_id.in_(first), 0), else_=1)
            return _Order((comes_after, col(StoredSession.need), ended_at, session_id))
        case _:
            return _Order((col(StoredSession.need), ended_at, session_id))


def _is_in(queue_list: QueueList) -> ColumnElement[bool]:
    match queue_list:
        case QueueList.WAITING:
            return and_(is_queued(), ~is_decided())
        case QueueList.DECIDED:
            return and_(is_queued(), is_decided())
        case QueueList.LEFT_OUT:
            return ~is_queued()
