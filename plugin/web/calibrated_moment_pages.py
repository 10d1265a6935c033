"""The routes of one moment of a calibration: to rate it, to compare what was said of it, and to settle it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import RedirectResponse, Response

from plugin.database.viewer import Viewer
from plugin.queue.calibration_comparison import can_be_asked_for
from plugin.queue.calibration_views import CalibratedWords, Calibration, CalibrationOutcome
from plugin.queue.calibrations import MAX_MOMENTS
from plugin.web.calibration_forms import RatingForm, RatingFormDep, SettleForm, SettleFormDep
from plugin.web.calibration_pages import answer_to_step
from plugin.web.calibration_words import choice
from plugin.web.dependencies import (
    CurrentTeamSupervisor,
    Services,
    ServicesDep,
    ValidForm,
    require_supervisor_of_a_team,
)
from plugin.web.render import page

router = APIRouter(prefix="/calibrations", dependencies=[Depends(require_supervisor_of_a_team)])

Number = Annotated[int, Path(ge=1, le=MAX_MOMENTS)]


@router.get("/{calibration_id}/moments/{number}")
def moment(
    request: Request, services: ServicesDep, viewer: CurrentTeamSupervisor, calibration_id: UUID, number: Number
) -> Response:
    """Show a moment, to rate it or to compare what was said of it."""
    return _moment(request, services, viewer, calibration_id, number)


@router.post("/{calibration_id}/moments/{number}", dependencies=[ValidForm])
def rate(
    request: Request,
    services: ServicesDep,
    viewer: CurrentTeamSupervisor,
    calibration_id: UUID,
    number: Number,
    form: RatingFormDep,
) -> Response:
    """Store the rating and go on to the next moment; with a choice missing, show the page again with the others."""
    if form.said is None:
        return _moment(request, services, viewer, calibration_id, number, again=form)
    outcome = services.store.calibration_steps.rate(
        viewer, calibration_id, number, form.said, form.note, request_id=request.state.request_id
    )
    back = f"/calibrations/{calibration_id}"
    if outcome is not CalibrationOutcome.DONE:
        return answer_to_step(request, outcome, back)
    found = services.store.calibrations.read(viewer, calibration_id)
    following = None if found is None else _following(found, number)
    return RedirectResponse(back if following is None else f"{back}/moments/{following}", 303)


@router.post("/{calibration_id}/moments/{number}/ask", dependencies=[ValidForm])
def ask(
    request: Request, services: ServicesDep, viewer: CurrentTeamSupervisor, calibration_id: UUID, number: Number
) -> Response:
    """Store that the opener asks to settle a moment."""
    outcome = services.store.calibration_steps.ask(viewer, calibration_id, number, request_id=request.state.request_id)
    return answer_to_step(request, outcome, f"/calibrations/{calibration_id}/moments/{number}")


@router.post("/{calibration_id}/moments/{number}/settle", dependencies=[ValidForm])
def settle(
    request: Request,
    services: ServicesDep,
    viewer: CurrentTeamSupervisor,
    calibration_id: UUID,
    number: Number,
    form: SettleFormDep,
) -> Response:
    """Store the levels on which the raters settled; where a level or a reason is missing, show the page again."""
    if not form.is_complete:
        return _moment(request, services, viewer, calibration_id, number, unsettled=form)
    outcome = services.store.calibration_steps.settle(
        viewer, calibration_id, number, form.final, request_id=request.state.request_id
    )
    return answer_to_step(request, outcome, f"/calibrations/{calibration_id}/moments/{number}")


def _following(found: Calibration, number: int) -> int | None:
    """Return the next moment that is left to rate after this one, or else the first one."""
    left = [each.number for each in found.moments if each.is_readable and not each.is_rated]
    return next((each for each in left if each > number), next(iter(left), None))


def _moment(
    request: Request,
    services: Services,
    viewer: Viewer,
    calibration_id: UUID,
    number: int,
    *,
    again: RatingForm | None = None,
    unsettled: SettleForm | None = None,
) -> Response:
    outcome, found = services.store.calibrations.moment(
        viewer, calibration_id, number, request_id=request.state.request_id
    )
    if found is None:
        return answer_to_step(request, outcome, f"/calibrations/{calibration_id}")
    return page(
        request,
        "calibration_moment.html",
        status=200 if again is None and unsettled is None else 400,
        words=found,
        calibration=found.calibration,
        chosen=_chosen(found, again),
        note=again.note if again else (found.own.note if found.own else ""),
        again=again is not None,
        unsettled=unsettled,
        can_ask=_can_ask(found),
    )


def _chosen(found: CalibratedWords, again: RatingForm | None) -> dict[str, str]:
    """Return the choices with which the form begins: those that were just made, or else those that are stored."""
    if again is not None:
        return {mechanism.value: value for mechanism, value in again.chosen.items()}
    if found.own is None:
        return {}
    return {mechanism.value: choice(level).replace(" ", "_") for mechanism, level in found.own.said.items()}


def _can_ask(found: CalibratedWords) -> bool:
    head = found.calibration.head
    return head.is_own and head.is_over and found.compared is not None and can_be_asked_for(found.compared)
