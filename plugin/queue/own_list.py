"""A therapist's own list: the sessions that were released to them, the latest release first, read a page at a time."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, literal, tuple_
from sqlmodel import Session, col, func, select

from plugin.database.tables import Account, StoredAnswer, StoredDecision, StoredExchange, StoredSession
from plugin.database.viewer import Viewer
from plugin.queue.acknowledgements import acknowledgements_of
from plugin.queue.judgements import answers_exchange
from plugin.queue.paging import PAGE
from plugin.queue.scope import decides_present_revision, is_decided, is_for_therapist, visible_to
from plugin.queue.views import OwnSessionRow

_PLACE: Final[tuple[Any, ...]] = col(StoredSession.decided_at), col(StoredSession.session_id)


def own_sessions(
    session: Session, viewer: Viewer, after: UUID | None = None, size: int = PAGE
) -> tuple[OwnSessionRow, ...]:
    """Return a therapist's released sessions that come after one of them, or the first ones."""
    moments = (
        select(func.count())
        .select_from(StoredExchange)
        .join(StoredAnswer, answers_exchange())
        .where(
            col(StoredExchange.session_id) == col(StoredSession.session_id),
            col(StoredExchange.counsellor) == viewer.counsellor,
            is_for_therapist(),
        )
        .correlate(StoredSession)
        .scalar_subquery()
    )
    beyond = () if after is None else _beyond(session, viewer, after)
    rows = session.exec(
        select(StoredSession)
        .where(visible_to(viewer), is_decided(), *beyond)
        .order_by(*(column.desc() for column in _PLACE))
        .limit(size)
    ).all()
    ids = [row.session_id for row in rows]
    found = session.exec(
        select(StoredSession.session_id, StoredDecision.decided_at, Account.display_name, moments)
        .join(StoredDecision, decides_present_revision())
        .join(Account, col(Account.account_id) == col(StoredDecision.account_id))
        .where(col(StoredSession.session_id).in_(ids))
    )
    told = {session_id: (at, by, count) for session_id, at, by, count in found}
    own = {
        session_id: each.at
        for session_id, acknowledgements in acknowledgements_of(session, ids).items()
        for each in acknowledgements
        if each.account_id == viewer.user_id
    }
    return tuple(
        OwnSessionRow(
            session_id=row.session_id,
            started_at=row.started_at,
            ended_at=row.ended_at,
            moments=count,
            released_at=at,
            released_by=by,
            acknowledged_at=own.get(row.session_id),
        )
        for row, (at, by, count) in ((row, told[row.session_id]) for row in rows)
    )


def _beyond(session: Session, viewer: Viewer, after: UUID) -> tuple[ColumnElement[bool], ...]:
    """Return the condition that a session comes after another; none where that one is no longer there."""
    place = session.exec(
        select(StoredSession.decided_at).where(visible_to(viewer), col(StoredSession.session_id) == after)
    ).first()
    if place is None:
        return ()
    values = zip((place, after), _PLACE, strict=True)
    return (tuple_(*_PLACE) < tuple_(*(literal(value, column.type) for value, column in values)),)
