"""The routes of the random sample: which sessions wait for a blind look, the look itself, and its answers."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response

from plugin.api.caller import Caller, Reader, Reviewer
from plugin.api.cursors import cursor_after_sampled, sampled_session_of
from plugin.api.once import OnceDep
from plugin.api.problems import documented, invalid_request, nothing_here, place_lost
from plugin.api.read_routes import READING
from plugin.api.results import GONE, Done, look_problem, look_reply
from plugin.api.review_routes import STEPPING
from plugin.api.sample_models import AnswerLook, LookedAtSession, SampledPart, SampleQuery, looked_at_session
from plugin.queue.look_views import LookOutcome

router = APIRouter(tags=["random sample"])

_LOOK: Final = "/sessions/{session_id}/look"


@router.get("/sample", responses={**READING, **documented(GONE)})
def list_sample(caller: Reader, asked: Annotated[SampleQuery, Query()]) -> SampledPart:
    """Return a part of the sessions, drawn at random, that wait for a look; the machine's opinion is not in it."""
    after = None if asked.cursor is None else _place(caller, asked.cursor)
    found = caller.store.looks.waiting(caller.viewer, after, size=asked.limit)
    part = SampledPart.model_validate(found)
    if not found.goes_on:
        return part
    return part.model_copy(update={"next_cursor": cursor_after_sampled(found.rows[-1].session_id)})


@router.get(_LOOK, responses={**READING, **documented(GONE)})
def read_look(caller: Reader, session_id: UUID) -> LookedAtSession:
    """Return the conversation of a sampled session alone, and after the caller's answers what the machine says.

    The audit trail records it. Who has opened the session before, or comes after another's answers, cannot look at it.
    """
    outcome, found = caller.store.looks.open(caller.viewer, session_id, request_id=caller.request_id)
    if outcome is LookOutcome.NOT_FOUND:
        raise nothing_here()
    if found is None:
        raise look_problem(outcome, GONE)
    return looked_at_session(found)


@router.post(_LOOK, response_model=Done, responses=STEPPING)
def answer_look(caller: Reviewer, once: OnceDep, session_id: UUID, asked: AnswerLook) -> Response:
    """Store the supervisor's answers about every client turn of a sampled session, which nobody can change."""
    return once.do(
        lambda store: look_reply(
            store.looks.answer(caller.viewer, session_id, asked.revision, asked.answers, request_id=caller.request_id)
        )
    )


def _place(caller: Caller, cursor: str) -> UUID:
    """Return the session after which a cursor's place is, whether it still waits for a look or not."""
    try:
        after = sampled_session_of(cursor)
    except ValueError:
        raise invalid_request("cursor") from None
    if after not in caller.store.rows(caller.viewer, [after]):
        raise place_lost()
    return after
