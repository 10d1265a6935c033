"""The routes of calibrations: the list, the opening of one, its moments to rate, and what is compared and settled."""

from datetime import date
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from plugin.database.viewer import Viewer
from plugin.queue.calibration_comparison import pair_lines
from plugin.queue.calibration_refusals import CALIBRATION_REFUSED
from plugin.queue.calibration_views import CalibrationOutcome
from plugin.queue.calibrations import MAX_MOMENTS
from plugin.web.calibration_words import differs_anywhere
from plugin.web.dependencies import (
    CurrentTeamSupervisor,
    Services,
    ServicesDep,
    ValidForm,
    require_supervisor_of_a_team,
)
from plugin.web.render import message, page

router = APIRouter(prefix="/calibrations", dependencies=[Depends(require_supervisor_of_a_team)])

MOMENTS_OFFERED: Final = 20
"""Moments that the form proposes: about an hour's reading."""
MAX_COLLEAGUES: Final = 50
"""Colleagues of one form, more than any team has supervisors."""
OF_THE_FORM: Final = {
    CalibrationOutcome.NOTHING_TO_DRAW,
    CalibrationOutcome.NOT_COLLEAGUES,
    CalibrationOutcome.BAD_DEADLINE,
}
"""Why a calibration was not opened: said on the form, which keeps what was filled in."""


@router.get("")
def listed(request: Request, services: ServicesDep, viewer: CurrentTeamSupervisor) -> Response:
    """List the calibrations in which the supervisor is a rater."""
    found = services.store.calibrations.listed(viewer)
    return page(request, "calibrations.html", calibrations=found)


@router.get("/new")
def new(request: Request, services: ServicesDep, viewer: CurrentTeamSupervisor) -> Response:
    """Show the form that opens a calibration."""
    day = services.store.calibrations.possible_days(viewer.zone).offered
    return _form(request, services, viewer, size=MOMENTS_OFFERED, day=day, chosen=frozenset())


@router.post("", dependencies=[ValidForm])
def open_calibration(
    request: Request,
    services: ServicesDep,
    viewer: CurrentTeamSupervisor,
    size: Annotated[int, Form(ge=1, le=MAX_MOMENTS)],
    day: Annotated[date, Form()],
    colleagues: Annotated[list[UUID], Form(max_length=MAX_COLLEAGUES)] = [],  # noqa: B006 - never changed
) -> Response:
    """Draw the moments and open the calibration, or say on the form why not."""
    chosen = frozenset(colleagues)
    outcome, found = services.store.calibrations.open(
        viewer, chosen, size, day, viewer.zone, request_id=request.state.request_id
    )
    if outcome in OF_THE_FORM:
        trouble = ". ".join(CALIBRATION_REFUSED[outcome])
        return _form(request, services, viewer, size=size, day=day, chosen=chosen, trouble=trouble)
    return answer_to_step(request, outcome, f"/calibrations/{found}")


@router.get("/{calibration_id}")
def calibration(
    request: Request, services: ServicesDep, viewer: CurrentTeamSupervisor, calibration_id: UUID
) -> Response:
    """Show how far the rater is; once she may compare, also how far raters agree and where they differ."""
    found = services.store.calibrations.read(viewer, calibration_id)
    if found is None:
        raise HTTPException(404)
    return page(
        request,
        "calibration.html",
        calibration=found,
        pairs=pair_lines(found.head.raters, found.compared),
        apart=[each for each in found.compared if differs_anywhere(each)],
        alike=[each for each in found.compared if not differs_anywhere(each)],
    )


@router.post("/{calibration_id}/done", dependencies=[ValidForm])
def done(request: Request, services: ServicesDep, viewer: CurrentTeamSupervisor, calibration_id: UUID) -> Response:
    """Store that the rater is done."""
    outcome = services.store.calibration_steps.finish(viewer, calibration_id, request_id=request.state.request_id)
    return answer_to_step(request, outcome, f"/calibrations/{calibration_id}")


@router.post("/{calibration_id}/cancel", dependencies=[ValidForm])
def cancel(
    request: Request,
    services: ServicesDep,
    viewer: CurrentTeamSupervisor,
    calibration_id: UUID,
    *,
    confirmed: Annotated[bool, Form()] = False,
) -> Response:
    """Cancel the calibration, once the box is ticked."""
    back = f"/calibrations/{calibration_id}"
    if not confirmed:
        title, sentence = "Nothing was cancelled", "Tick the box first: what was rated does not come back."
        return message(request, 400, title, sentence, back=back)
    outcome = services.store.calibration_steps.cancel(viewer, calibration_id, request_id=request.state.request_id)
    return answer_to_step(request, outcome, back)


def _form(
    request: Request,
    services: Services,
    viewer: Viewer,
    *,
    size: int,
    day: date,
    chosen: frozenset[UUID],
    trouble: str | None = None,
) -> Response:
    calibrations = services.store.calibrations
    return page(
        request,
        "calibration_new.html",
        status=400 if trouble else 200,
        colleagues=calibrations.colleagues(viewer),
        days=calibrations.possible_days(viewer.zone),
        size=size,
        day=day,
        chosen=chosen,
        trouble=trouble,
    )


def answer_to_step(request: Request, outcome: CalibrationOutcome, back: str) -> Response:
    """Lead back to a page of the calibration, or say why a step was refused."""
    if outcome is CalibrationOutcome.DONE:
        return RedirectResponse(back, 303)
    if outcome is CalibrationOutcome.NOT_FOUND:
        raise HTTPException(404)
    return message(request, 409, *CALIBRATION_REFUSED[outcome], back=back.partition("/moments/")[0])
