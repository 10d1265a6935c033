"""The result of a step: what it came to, as JSON values without words, and the response that says so."""

from typing import Final, Literal
from uuid import UUID

from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from plugin.api.problems import TYPES, ApiProblem, Problem, nothing_here, problem_response
from plugin.queue.calibration_refusals import CALIBRATION_REFUSED
from plugin.queue.calibration_views import CalibrationOutcome
from plugin.queue.look_refusals import LOOK_REFUSED
from plugin.queue.look_views import LookOutcome
from plugin.queue.refusals import REFUSED
from plugin.queue.replies import Reply
from plugin.queue.views import DecisionOutcome

CONFLICT: Final = 409
GONE: Final = 410


class Done(BaseModel):
    """A step that was done."""

    outcome: Literal["done"] = "done"


class DecidedSession(BaseModel):
    """What happened to one of several sessions."""

    session_id: UUID
    outcome: DecisionOutcome


class Decided(BaseModel):
    """What happened to each of several sessions, in the order in which they were named."""

    sessions: tuple[DecidedSession, ...]


def reply_of(outcome: DecisionOutcome) -> Reply:
    """Return the reply to a step with this outcome."""
    status = {DecisionOutcome.DONE: 200, DecisionOutcome.NOT_FOUND: 404}.get(outcome, CONFLICT)
    return Reply(status, {"outcome": outcome.value})


def calibration_reply(outcome: CalibrationOutcome) -> Reply:
    """Return the reply to a step of a calibration with this outcome."""
    status = {CalibrationOutcome.DONE: 200, CalibrationOutcome.NOT_FOUND: 404}.get(outcome, CONFLICT)
    return Reply(status, {"outcome": outcome.value})


def calibration_problem(outcome: CalibrationOutcome, status: int = CONFLICT) -> ApiProblem:
    """Return the problem of a step of a calibration that was refused, or of a moment that is not there to be read."""
    title, detail = CALIBRATION_REFUSED[outcome]
    return ApiProblem(status, outcome.value.replace("_", "-"), title, detail=detail)


def look_reply(outcome: LookOutcome) -> Reply:
    """Return the reply to the answers of a blind look with this outcome."""
    if outcome is LookOutcome.DONE:
        return Reply(200, {"outcome": outcome.value})
    if outcome is LookOutcome.NOT_FOUND:
        return Reply(404, {"outcome": outcome.value})
    return Reply(CONFLICT, {"look": outcome.value})


def look_problem(outcome: LookOutcome, status: int = CONFLICT) -> ApiProblem:
    """Return the problem of answers that were not stored, or of a session at which this person cannot look."""
    title, detail = LOOK_REFUSED[outcome]
    return ApiProblem(status, outcome.value.replace("_", "-"), title, detail=detail)


def response_of(reply: Reply) -> Response:
    """Return the response to a step, fresh or from the store: its result, or the problem that its outcome is."""
    if reply.status == 200:  # noqa: PLR2004 - OK
        return JSONResponse({**reply.result, **reply.shown_once} if reply.shown_once else reply.result)
    if "look" in reply.result:  # of which some are called as other outcomes are
        return look_problem(LookOutcome(reply.result["look"])).response
    if reply.result["outcome"] == DecisionOutcome.NOT_FOUND:
        return nothing_here().response
    if reply.result["outcome"] in {refused.value for refused in CALIBRATION_REFUSED}:
        return calibration_problem(CalibrationOutcome(reply.result["outcome"])).response
    outcome = DecisionOutcome(reply.result["outcome"])
    title, detail = REFUSED[outcome]
    kind = TYPES + outcome.value.replace("_", "-")
    return problem_response(Problem(type=kind, title=title, status=reply.status, detail=detail, outcome=outcome))
