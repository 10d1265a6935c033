"""The routes of an auditor: the audit trail in pages, its verification, and a file of it. Each use is an entry."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from plugin.database.viewer import Viewer
from plugin.privacy.anchors import Anchor
from plugin.privacy.trail import TrailPurpose
from plugin.web.dependencies import CurrentAuditor, Services, ServicesDep, ValidForm, require_auditor
from plugin.web.queue_address import has_empty_field
from plugin.web.render import page
from plugin.web.trail_address import MAX_ANCHORS, TrailAddress, read_trail_address

router = APIRouter(prefix="/trail", dependencies=[Depends(require_auditor)])


@router.get("")
def trail(request: Request, services: ServicesDep, viewer: CurrentAuditor) -> Response:
    """Show a page of the trail, the newest entry first."""
    address = read_trail_address(request.query_params)
    if has_empty_field(request):
        return RedirectResponse(address.newest, 303)
    found = services.trail.page(viewer, address.chosen, address.before, request_id=request.state.request_id)
    return page(request, "trail.html", address=address, found=found, people=services.store.accounts.entries())


@router.get("/verify")
def verify_form(request: Request) -> Response:
    """Show the form in which anchors can be pasted."""
    return page(request, "trail_verify.html", result=None, pasted="", trouble=None)


@router.post("/verify", dependencies=[ValidForm])
def verify(
    request: Request,
    services: ServicesDep,
    viewer: CurrentAuditor,
    anchors: Annotated[str, Form(max_length=MAX_ANCHORS)] = "",
) -> Response:
    """Verify the whole trail, and that it holds the anchors that were pasted; show the result and the newest anchor."""
    try:
        expected = _anchors(anchors)
    except ValueError as error:
        return page(request, "trail_verify.html", status=400, result=None, pasted=anchors, trouble=str(error))
    result = services.trail.verify(viewer, expected, request_id=request.state.request_id)
    return page(request, "trail_verify.html", result=result, pasted=anchors if expected else "", trouble=None)


@router.post("/download", dependencies=[ValidForm])
def download(
    request: Request,
    services: ServicesDep,
    viewer: CurrentAuditor,
    purpose: Annotated[TrailPurpose, Form()],
) -> Response:
    """Send the entries of the filter in the address as a CSV file, after an entry with the purpose."""
    return _file(request, services, viewer, purpose, read_trail_address(request.query_params))


def _file(
    request: Request, services: Services, viewer: Viewer, purpose: TrailPurpose, address: TrailAddress
) -> Response:
    lines = services.trail.file(viewer, purpose, address.chosen, request_id=request.state.request_id)
    headers = {"Content-Disposition": 'attachment; filename="audit-trail.csv"'}
    return StreamingResponse(lines or iter(()), media_type="text/csv; charset=utf-8", headers=headers)


def _anchors(pasted: str) -> list[Anchor]:
    """Return the anchors that somebody pasted, one a line; blank lines do not count.

    Raises:
        ValueError: a line is not an anchor; the message is a sentence with its number.
    """
    found = []
    for number, line in enumerate(pasted.splitlines(), start=1):
        if line.strip():
            try:
                found.append(Anchor.parse(line))
            except ValueError as error:
                raise ValueError(f"Line {number} is not an anchor: {error}. Nothing was verified.") from None
    return found
