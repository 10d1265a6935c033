"""The result of a step: what it came to, as JSON values without words, and the response that says so."""

from typing import Final, Literal
from uuid import UUID

from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from plugin.api.problems import TYPES, Problem, nothing_here, problem_response
from plugin.queue.refusals import REFUSED
from plugin.queue.replies import Reply
from plugin.queue.views import DecisionOutcome

CONFLICT: Final = 409


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


def response_of(reply: Reply) -> Response:
    """Return the response to a step, fresh or from the store: its result, or the problem that its outcome is."""
    if reply.status == 200:  # noqa: PLR2004 - OK
        return JSONResponse(reply.result)
    outcome = DecisionOutcome(reply.result["outcome"])
    if outcome is DecisionOutcome.NOT_FOUND:
        return nothing_here().response
    title, detail = REFUSED[outcome]
    kind = TYPES + outcome.value.replace("_", "-")
    return problem_response(Problem(type=kind, title=title, status=reply.status, detail=detail, outcome=outcome))
