"""The routes of the practice box: a therapist has a rewritten reply rated at once, and removes what is kept of it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from plugin.database.viewer import Viewer
from plugin.queue.practice import MAX_REPLY
from plugin.queue.practice_views import PractisedReply, Rated, Rewriting, Unrated
from plugin.queue.views import DecisionOutcome
from plugin.web.dependencies import CurrentTherapist, Services, ServicesDep, ValidForm
from plugin.web.outcomes import answer_to_form
from plugin.web.review_pages import Place

router = APIRouter(dependencies=[ValidForm])


@router.post("/sessions/{session_id}/attempts")
async def practise(
    request: Request,
    services: ServicesDep,
    viewer: CurrentTherapist,
    session_id: UUID,
    exchange: Annotated[UUID, Form()],
    text: Annotated[str, Form(max_length=2 * MAX_REPLY)],  # a browser sends two characters for the end of a line
    place: Place,
) -> Response:
    """Have a rewritten reply rated, and keep it with the answer; where there is none, keep the words as a draft."""
    words = text.replace("\r\n", "\n").strip()
    if not words or len(words) > MAX_REPLY or "\0" in words:
        raise HTTPException(400)
    store, request_id = services.store.practice, request.state.request_id
    found = await run_in_threadpool(store.find, viewer, session_id, exchange, words, request_id=request_id)
    if isinstance(found, Rewriting):
        rated = await rate_practised(services, viewer, found.practised)
        outcome = await run_in_threadpool(store.keep, viewer, found, rated, request_id=request_id)
    else:
        outcome = found
    return answer_to_form(request, outcome, f"/sessions/{session_id}", f"#{place}", written=words)


@router.post("/sessions/{session_id}/attempts/{attempt_id}/remove")
def remove(
    request: Request,
    services: ServicesDep,
    viewer: CurrentTherapist,
    session_id: UUID,
    attempt_id: UUID,
    place: Place,
) -> Response:
    """Remove one attempt of the therapist's own; one that is gone already was what they wanted."""
    outcome = services.store.practice.remove(viewer, session_id, attempt_id, request_id=request.state.request_id)
    if outcome is DecisionOutcome.CHANGED:
        outcome = DecisionOutcome.DONE
    return answer_to_form(request, outcome, f"/sessions/{session_id}", f"#{place}")


async def rate_practised(services: Services, viewer: Viewer, practised: PractisedReply) -> Rated:
    """Have a practised reply rated, if this therapist may ask once more now."""
    if services.rater is None:
        return Rated(unrated=Unrated.AWAY)
    if not services.practice_limit.admits(viewer.user_id):
        return Rated(unrated=Unrated.TOO_MANY)
    answer = await services.rater.rate(practised)
    return Rated(answer, None if answer is not None else Unrated.AWAY)
