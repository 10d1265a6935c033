"""The routes of rehearsals: a therapist replies to a written client, who goes on once the reply is rated."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from plugin.queue.practice import MAX_REPLY
from plugin.queue.rehearsal_views import Rehearsal
from plugin.queue.rehearsals import MAX_REHEARSALS
from plugin.queue.views import DecisionOutcome
from plugin.web.dependencies import CurrentTherapist, ServicesDep, ValidForm, require_therapist
from plugin.web.practice_pages import rate_practised
from plugin.web.render import message, page
from plugin.written_client.profiles import profiles
from plugin.written_client.turns import Force
from stream.contracts.vocabulary import ResistanceType

router = APIRouter(prefix="/rehearsals", dependencies=[Depends(require_therapist)])

LIST: Final = "/rehearsals"
GONE_ON: Final = (
    "This rehearsal has gone on",
    "It has another reply by now, from another window perhaps, or has ended. Nothing of this was stored.",
)
FULL: Final = (
    "There is no room for another rehearsal",
    f"You have {MAX_REHEARSALS} already, which is as many as are kept. Please delete one first.",
)


@router.get("")
def listed(request: Request, services: ServicesDep, viewer: CurrentTherapist) -> Response:
    """List the therapist's own rehearsals, with the form that begins another."""
    return page(
        request,
        "rehearsals.html",
        rehearsals=services.store.rehearsals.all(viewer),
        profiles=profiles().values(),
        is_rated=services.rater is not None,
        is_worded=services.speaker is not None,
    )


@router.post("", dependencies=[ValidForm])
def begin(
    request: Request,
    services: ServicesDep,
    viewer: CurrentTherapist,
    profile: Annotated[str, Form(max_length=100)],
    behaviour: Annotated[ResistanceType, Form()],
    force: Annotated[Force, Form()],
) -> Response:
    """Begin a rehearsal with a client of this kind, where replies are rated at all."""
    chosen = profiles().get(profile)
    if chosen is None or services.rater is None:
        raise HTTPException(400)
    begun = services.store.rehearsals.begin(viewer, chosen, behaviour, force, request_id=request.state.request_id)
    if isinstance(begun, UUID):
        return RedirectResponse(f"{LIST}/{begun}", 303)
    return message(request, 409, *FULL, back=LIST)


@router.get("/{rehearsal_id}")
def opened(request: Request, services: ServicesDep, viewer: CurrentTherapist, rehearsal_id: UUID) -> Response:
    """Show one rehearsal, with the form of the next reply while it is not over."""
    found = services.store.rehearsals.one(viewer, rehearsal_id)
    if found is None:
        raise HTTPException(404)
    return page(request, "rehearsal.html", rehearsal=found, is_rated=services.rater is not None)


@router.post("/{rehearsal_id}/replies", dependencies=[ValidForm])
async def reply(
    request: Request,
    services: ServicesDep,
    viewer: CurrentTherapist,
    rehearsal_id: UUID,
    number: Annotated[int, Form(ge=1)],
    text: Annotated[str, Form(max_length=2 * MAX_REPLY)],  # a browser sends two characters for the end of a line
) -> Response:
    """Have a reply rated, and keep it with what the client says then; without an answer keep it as a draft."""
    words = text.replace("\r\n", "\n").strip()
    if not words or len(words) > MAX_REPLY or "\0" in words:
        raise HTTPException(400)
    store, request_id = services.store.rehearsals, request.state.request_id
    found = await run_in_threadpool(store.find, viewer, rehearsal_id, number, request_id=request_id)
    if isinstance(found, Rehearsal):
        practised = found.practised(words, viewer.display_name)
        rated = await rate_practised(services, viewer, practised)
        then = found.after(rated)
        if then is not None and then.state.ending is None and services.speaker is not None:
            then = await services.speaker.word(practised, found.client, then)
        outcome = await run_in_threadpool(store.keep, viewer, found, words, rated, then, request_id=request_id)
    else:
        outcome = found
    if outcome is DecisionOutcome.NOT_FOUND:
        raise HTTPException(404)
    back = f"{LIST}/{rehearsal_id}"
    if outcome is DecisionOutcome.DONE:
        return RedirectResponse(f"{back}#latest", 303)
    return message(request, 409, *GONE_ON, back=back, written=words)


@router.post("/{rehearsal_id}/remove", dependencies=[ValidForm])
def remove(request: Request, services: ServicesDep, viewer: CurrentTherapist, rehearsal_id: UUID) -> Response:
    """Remove one rehearsal for good."""
    outcome = services.store.rehearsals.remove(viewer, rehearsal_id, request_id=request.state.request_id)
    if outcome is DecisionOutcome.NOT_FOUND:
        raise HTTPException(404)
    return RedirectResponse(LIST, 303)
