"""The routes of a supervisor's saved views: save the filter of the waiting list under a name, rename and remove it."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from plugin.queue.filters import QueueList
from plugin.queue.refusals import REFUSED
from plugin.queue.view_names import MAX_VIEW_NAME, checked_view_name
from plugin.queue.views import DecisionOutcome
from plugin.web.dependencies import CurrentSupervisor, ServicesDep, ValidForm, require_supervisor
from plugin.web.queue_address import read_address
from plugin.web.render import message, page

router = APIRouter(prefix="/views", dependencies=[Depends(require_supervisor)])

VIEWS: Final = "/views"
Name = Annotated[str, Form(max_length=4 * MAX_VIEW_NAME)]  # blanks around and within it are not counted
BAD_NAME: Final = (
    "That cannot be a name",
    f"A view\u2019s name has 1 to {MAX_VIEW_NAME} characters, none of them invisible. Nothing was stored.",
)


@router.get("")
def listed(request: Request, services: ServicesDep, viewer: CurrentSupervisor) -> Response:
    """List the supervisor's saved views, to rename and remove them."""
    found = services.store.saved_views.all(viewer)
    return page(request, "saved_views.html", views=found, therapists=services.store.therapists(viewer))


@router.post("", dependencies=[ValidForm])
def save(request: Request, services: ServicesDep, viewer: CurrentSupervisor, name: Name) -> Response:
    """Save the filter and the order that stand in the address, as those of the waiting list do."""
    listing = read_address(request.query_params, QueueList.WAITING)
    if (checked := checked_view_name(name)) is None:
        return message(request, 400, *BAD_NAME, back=listing.listed)
    outcome = services.store.saved_views.save(viewer, checked, listing.chosen, request_id=request.state.request_id)
    return _answer(request, outcome, done=listing.listed, back=listing.listed)


@router.post("/{view_id}/rename", dependencies=[ValidForm])
def rename(request: Request, services: ServicesDep, viewer: CurrentSupervisor, view_id: UUID, name: Name) -> Response:
    """Give a saved view another name."""
    if (checked := checked_view_name(name)) is None:
        return message(request, 400, *BAD_NAME, back=VIEWS)
    outcome = services.store.saved_views.rename(viewer, view_id, checked, request_id=request.state.request_id)
    return _answer(request, outcome, done=VIEWS, back=VIEWS)


@router.post("/{view_id}/remove", dependencies=[ValidForm])
def remove(request: Request, services: ServicesDep, viewer: CurrentSupervisor, view_id: UUID) -> Response:
    """Remove a saved view."""
    outcome = services.store.saved_views.remove(viewer, view_id, request_id=request.state.request_id)
    return _answer(request, outcome, done=VIEWS, back=VIEWS)


def _answer(request: Request, outcome: DecisionOutcome, *, done: str, back: str) -> Response:
    if outcome is DecisionOutcome.DONE:
        return RedirectResponse(done, 303)
    if outcome is DecisionOutcome.NOT_FOUND:
        raise HTTPException(404)
    return message(request, 409, *REFUSED[outcome], back=back)
