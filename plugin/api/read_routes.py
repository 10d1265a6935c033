"""The routes on which a supervisor reads: the lists, their filter by counsellor, and one session with its text."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from plugin.api.caller import Caller, CurrentCaller, Reader
from plugin.api.cursors import cursor_after, session_of
from plugin.api.list_models import ListQuery, Part, SessionPart, Therapists
from plugin.api.problems import documented, invalid_request, nothing_here, place_lost
from plugin.api.session_models import OpenedSession
from plugin.database.viewer import AccountRole
from plugin.queue.filters import QueueList
from plugin.queue.token_views import Scope
from plugin.queue.views import SessionList

READING: Final = documented(400, 401, 403, 404, 429, 503)
router = APIRouter(responses=READING)


class Me(Part):
    """Who the token acts for, and what it may do."""

    account_id: UUID
    username: str
    display_name: str
    role: AccountRole
    time_zone: str = Field(description="On its clocks the days of filters and follow-ups are meant; times are in UTC.")
    token_id: UUID
    scopes: tuple[Scope, ...]


@router.get("/me", tags=["me"])
def me(caller: CurrentCaller) -> Me:
    """Return who the token acts for; any valid token may ask."""
    return Me(
        account_id=caller.viewer.user_id,
        username=caller.viewer.username,
        display_name=caller.viewer.display_name,
        role=caller.viewer.role,
        time_zone=caller.viewer.zone,
        token_id=caller.use.token_id,
        scopes=tuple(sorted(caller.use.scopes)),
    )


@router.get("/sessions", tags=["sessions"], responses=documented(410))
def list_sessions(caller: Reader, asked: Annotated[ListQuery, Query()]) -> SessionPart:
    """Return a part of one of a supervisor's lists: waiting (by need), decided (the latest first), or left out."""
    after = None if asked.cursor is None else _place(caller, asked, asked.cursor)
    found = _read(caller, asked, after)
    part = SessionPart.model_validate(found)
    if not found.goes_on:
        return part
    cursor = cursor_after(found.rows[-1].session_id, asked.queue_list, asked.chosen)
    return part.model_copy(update={"next_cursor": cursor})


@router.get("/disputes", tags=["disputes"])
def list_disputed(caller: Reader) -> SessionPart:
    """Return a supervisor's first sessions with an open dispute; others follow as these are resolved."""
    return SessionPart.model_validate(caller.store.disputed(caller.viewer))


@router.get("/therapists", tags=["sessions"])
def list_therapists(caller: Reader) -> Therapists:
    """Return the counsellors by whom a supervisor may filter, by the alphabet."""
    return Therapists.model_validate({"therapists": caller.store.therapists(caller.viewer)})


@router.get("/sessions/{session_id}", tags=["sessions"])
def read_session(caller: Reader, session_id: UUID) -> OpenedSession:
    """Return a session with its text; the audit trail records it, and in a claimed session it counts as read."""
    opened = caller.store.open(caller.viewer, session_id, request_id=caller.request_id)
    if opened is None:
        raise nothing_here()
    return OpenedSession.model_validate(opened)


def _place(caller: Caller, asked: ListQuery, cursor: str) -> UUID:
    """Return the session after which a cursor's place is; the place is lost where the session is."""
    try:
        after = session_of(cursor, asked.queue_list, asked.chosen)
    except ValueError:
        raise invalid_request("cursor") from None
    if after not in caller.store.rows(caller.viewer, [after]):
        raise place_lost()
    return after


def _read(caller: Caller, asked: ListQuery, after: UUID | None) -> SessionList:
    match asked.queue_list:
        case QueueList.WAITING:
            return caller.store.waiting(caller.viewer, asked.chosen, after, size=asked.limit)
        case QueueList.DECIDED:
            return caller.store.decided(caller.viewer, asked.chosen, after, size=asked.limit)
        case QueueList.LEFT_OUT:
            return caller.store.left_out(caller.viewer, asked.chosen, after, size=asked.limit)
