"""The routes of calibrations: open one, rate its moments blind, say that one is done, compare, settle, and cancel."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from fastapi.responses import Response

from plugin.api.calibration_models import (
    CalibrationLines,
    Colleagues,
    Opened,
    OpenedCalibration,
    RatedMoment,
    opened_calibration,
    rated_moment,
)
from plugin.api.calibration_requests import OpenCalibration, RateMoment, SettleMoment
from plugin.api.caller import Reader, Reviewer
from plugin.api.once import OnceDep
from plugin.api.problems import documented, nothing_here
from plugin.api.read_routes import READING
from plugin.api.results import GONE, Done, calibration_problem, calibration_reply
from plugin.api.review_routes import STEPPING
from plugin.queue.calibration_comparison import pair_lines
from plugin.queue.calibration_views import CalibrationOutcome
from plugin.queue.calibrations import MAX_MOMENTS
from plugin.queue.replies import Reply
from plugin.queue.store import Store

Number = Annotated[int, Path(ge=1, le=MAX_MOMENTS)]
router = APIRouter(prefix="/calibrations", tags=["calibrations"])


@router.get("", responses=READING)
def list_calibrations(caller: Reader) -> CalibrationLines:
    """Return the calibrations in which the supervisor is a rater, the latest first."""
    return CalibrationLines.model_validate({"calibrations": caller.store.calibrations.listed(caller.viewer)})


@router.post("", response_model=Opened, responses=STEPPING)
def open_calibration(caller: Reviewer, once: OnceDep, asked: OpenCalibration) -> Response:
    """Draw moments for the supervisor and the colleagues whom she invites."""

    def act(store: Store) -> Reply:
        outcome, calibration_id = store.calibrations.open(
            caller.viewer, asked.colleagues, asked.size, asked.day, asked.zone, request_id=caller.request_id
        )
        if calibration_id is None:
            return calibration_reply(outcome)
        return Reply(200, {"calibration_id": str(calibration_id)})

    return once.do(act)


@router.get("/colleagues", responses=READING)
def list_colleagues(caller: Reader) -> Colleagues:
    """Return the supervisors who can be invited, by the alphabet."""
    return Colleagues.model_validate({"colleagues": caller.store.calibrations.colleagues(caller.viewer)})


@router.get("/{calibration_id}", responses=READING)
def read_calibration(caller: Reader, calibration_id: UUID) -> OpenedCalibration:
    """Return a calibration without text; what others say is in it once the supervisor's own ratings are in."""
    found = caller.store.calibrations.read(caller.viewer, calibration_id)
    if found is None:
        raise nothing_here()
    return opened_calibration(found, pair_lines(found.head.raters, found.compared))


@router.post("/{calibration_id}/done", response_model=Done, responses=STEPPING)
def finish_calibration(caller: Reviewer, once: OnceDep, calibration_id: UUID) -> Response:
    """Store that the supervisor is done, once she has rated every moment; she changes nothing afterwards."""
    return once.do(
        lambda store: calibration_reply(
            store.calibration_steps.finish(caller.viewer, calibration_id, request_id=caller.request_id)
        )
    )


@router.post("/{calibration_id}/cancel", response_model=Done, responses=STEPPING)
def cancel_calibration(caller: Reviewer, once: OnceDep, calibration_id: UUID) -> Response:
    """Cancel, as who opened it, a calibration of which nothing is settled; what was said of its moments is removed."""
    return once.do(
        lambda store: calibration_reply(
            store.calibration_steps.cancel(caller.viewer, calibration_id, request_id=caller.request_id)
        )
    )


@router.get("/{calibration_id}/moments/{number}", responses={**READING, **documented(GONE)})
def read_moment(caller: Reader, calibration_id: UUID, number: Number) -> RatedMoment:
    """Return a moment with its words, to rate it or to compare; the audit trail records it."""
    outcome, found = caller.store.calibrations.moment(
        caller.viewer, calibration_id, number, request_id=caller.request_id
    )
    if outcome is CalibrationOutcome.NOT_FOUND:
        raise nothing_here()
    if found is None:
        raise calibration_problem(outcome, GONE)
    return rated_moment(found)


@router.post("/{calibration_id}/moments/{number}/rating", response_model=Done, responses=STEPPING)
def rate_moment(caller: Reviewer, once: OnceDep, calibration_id: UUID, number: Number, asked: RateMoment) -> Response:
    """Store what the supervisor says of a moment, in the place of what she said before."""
    return once.do(
        lambda store: calibration_reply(
            store.calibration_steps.rate(
                caller.viewer, calibration_id, number, asked.levels.said, asked.note, request_id=caller.request_id
            )
        )
    )


@router.post("/{calibration_id}/moments/{number}/ask", response_model=Done, responses=STEPPING)
def ask_to_settle(caller: Reviewer, once: OnceDep, calibration_id: UUID, number: Number) -> Response:
    """Ask, as who opened the calibration, to settle a moment on which nobody is far apart."""
    return once.do(
        lambda store: calibration_reply(
            store.calibration_steps.ask(caller.viewer, calibration_id, number, request_id=caller.request_id)
        )
    )


@router.post("/{calibration_id}/moments/{number}/settle", response_model=Done, responses=STEPPING)
def settle_moment(
    caller: Reviewer, once: OnceDep, calibration_id: UUID, number: Number, asked: SettleMoment
) -> Response:
    """Store the levels on which the raters settled together, which nobody can change."""
    return once.do(
        lambda store: calibration_reply(
            store.calibration_steps.settle(
                caller.viewer, calibration_id, number, asked.final, request_id=caller.request_id
            )
        )
    )
