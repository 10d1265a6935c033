"""The route of moments across sessions, for who reviews; each session of which it shows words is an entry."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from plugin.web.dependencies import CurrentSupervisor, ServicesDep
from plugin.web.moments_address import PATH, read_moments_address
from plugin.web.queue_address import has_empty_field
from plugin.web.render import page

router = APIRouter()


@router.get(PATH)
def moments(request: Request, services: ServicesDep, viewer: CurrentSupervisor) -> Response:
    """Show a page of the moments of one mechanism or behaviour in all sessions that she may see, the newest first."""
    address = read_moments_address(request.query_params)
    if has_empty_field(request):
        return RedirectResponse(address.newest, 303)
    part = services.store.moments.read(viewer, address.chosen, address.after, request_id=request.state.request_id)
    return page(request, "moments.html", address=address, part=part, therapists=services.store.therapists(viewer))
