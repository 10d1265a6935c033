"""The routes of a supervisor's lists, of the next session in one, and of the release of several at once."""

from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from plugin.database.viewer import Viewer
from plugin.queue.filters import QueueList
from plugin.queue.paging import PAGE
from plugin.queue.store import Store
from plugin.queue.views import DecisionOutcome, SessionList, SessionRow
from plugin.web.dependencies import CurrentSupervisor, Services, ServicesDep, ValidForm, require_supervisor
from plugin.web.moments_address import PATH as MOMENTS
from plugin.web.queue_address import PATHS, InvalidAddress, QueueAddress, has_empty_field, read_address
from plugin.web.render import message, page

router = APIRouter()

TEMPLATES: Final = {
    QueueList.WAITING: "waiting.html",
    QueueList.DECIDED: "decided.html",
    QueueList.LEFT_OUT: "left_out.html",
}
Chosen = Annotated[list[str] | None, Form(max_length=PAGE)]
"""The sessions that are ticked on a page, each with the revision that the page shows."""


@dataclass(frozen=True)
class Released:
    """What happened to one of several sessions; `row` is None where the supervisor may not see it."""

    session_id: UUID
    outcome: DecisionOutcome
    row: SessionRow | None


def list_page(request: Request, services: Services, viewer: Viewer, queue_list: QueueList) -> Response:
    """Show a page of one of a supervisor's lists.

    Raises:
        InvalidAddress: the address has a filter that the list does not have.
    """
    listing = read_address(request.query_params, queue_list)
    if has_empty_field(request):
        return RedirectResponse(listing.listed, 303)
    sessions = _read(services.store, viewer, listing)
    is_start = queue_list is QueueList.WAITING
    calibrations = services.store.calibrations
    on_top = is_start and listing.after is None
    return page(
        request,
        TEMPLATES[queue_list],
        listing=listing,
        sessions=sessions,
        therapists=services.store.therapists(viewer),
        disputed=services.store.disputed(viewer) if is_start else SessionList(),
        calibrations=calibrations.waiting(viewer) if is_start else (),
        views=services.store.saved_views.all(viewer) if is_start else (),
        open_risk=services.store.risk_signals.count_open(viewer) if on_top else 0,
        follow_ups=services.store.follow_ups(viewer) if on_top else None,
        pace=services.store.team_numbers.pace(viewer) if on_top else None,
        to_rate_first=calibrations.to_rate_first(viewer) if is_start else frozenset(),
        can_release_several=any(row.is_read_by(viewer.user_id) for row in sessions.rows),
    )


@router.get("/decided")
def decided(request: Request, services: ServicesDep, viewer: CurrentSupervisor) -> Response:
    """List the sessions that were released or withheld."""
    return list_page(request, services, viewer, QueueList.DECIDED)


@router.get("/left-out")
def left_out(request: Request, services: ServicesDep, viewer: CurrentSupervisor) -> Response:
    """List the sessions without feedback, each with its reason."""
    return list_page(request, services, viewer, QueueList.LEFT_OUT)


@router.get("/next")
def next_session(request: Request, services: ServicesDep, viewer: CurrentSupervisor) -> Response:
    """Open the session that comes next in a list, or say that the list is at its end."""
    listing = read_address(request.query_params)
    found = services.store.next_session(viewer, listing.queue_list, listing.chosen, listing.after)
    if found is not None:
        return RedirectResponse(listing.session_after(found), 303)
    sessions = _read(services.store, viewer, listing.model_copy(update={"after": None}))
    return page(request, "end_of_list.html", listing=listing, sessions=sessions)


@router.post("/release", dependencies=[Depends(require_supervisor), ValidForm])
def release_several(
    request: Request, services: ServicesDep, viewer: CurrentSupervisor, chosen: Chosen = None
) -> Response:
    """Release the sessions that are ticked, each by a decision of its own, and say for each what happened."""
    listing = read_address(request.query_params, QueueList.WAITING)
    wanted = dict(map(_session_and_revision, chosen or ()))
    if not wanted:
        return message(
            request, 400, "Nothing was chosen", "Tick the sessions that you want to release.", back=listing.listed
        )
    outcomes = services.store.release_several(viewer, wanted, request_id=request.state.request_id)
    rows = services.store.rows(viewer, outcomes.keys())
    results = [Released(session_id, outcome, rows.get(session_id)) for session_id, outcome in outcomes.items()]
    done = sum(result.outcome is DecisionOutcome.DONE for result in results)
    return page(request, "released_several.html", listing=listing, results=results, done=done)


def invalid_address(request: Request, error: Exception) -> Response:
    """Say what is wrong with the address of a list, with a link to the whole list."""
    sentence = error.sentence if isinstance(error, InvalidAddress) else ""
    back = request.url.path if request.url.path in {*PATHS.values(), MOMENTS} else "/"
    return message(request, 400, "No list looks like that", sentence, back=back)


def _read(store: Store, viewer: Viewer, listing: QueueAddress) -> SessionList:
    match listing.queue_list:
        case QueueList.WAITING:
            return store.waiting(viewer, listing.chosen, listing.after)
        case QueueList.DECIDED:
            return store.decided(viewer, listing.chosen, listing.after)
        case QueueList.LEFT_OUT:
            return store.left_out(viewer, listing.chosen, listing.after)


def _session_and_revision(written: str) -> tuple[UUID, int]:
    """Return the session and the revision that a tick names.

    Raises:
        HTTPException: no page of ours has such a tick.
    """
    session_id, _, revision = written.partition(".")
    try:
        return UUID(session_id), int(revision)
    except ValueError:
        raise HTTPException(400) from None
