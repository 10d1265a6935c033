"""The routes of coaching notes: a supervisor writes them and comes back to them, and who reads one comments on it."""

from datetime import date
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from plugin.queue.note_threads import MAX_NOTE_COMMENT
from plugin.queue.notes import MAX_NOTE
from plugin.queue.views import DecisionOutcome
from plugin.web.dependencies import CurrentSupervisor, ServicesDep, ValidForm
from plugin.web.digest_pages import CurrentReader
from plugin.web.outcomes import answer_to_form
from plugin.web.queue_address import session_page
from plugin.web.review_pages import Place

router = APIRouter(prefix="/sessions/{session_id}/notes", dependencies=[ValidForm])

START: Final = "/#follow-ups"
"""Where the start page names the notes to follow up."""


@router.post("")
def add_note(
    request: Request,
    services: ServicesDep,
    viewer: CurrentSupervisor,
    session_id: UUID,
    text: Annotated[str, Form(max_length=2 * MAX_NOTE)],  # a browser sends two characters for the end of a line
    place: Place,
    moment: Annotated[UUID | None, Form()] = None,
    follow_up: Annotated[date | None, Form()] = None,
    *,
    share: Annotated[bool, Form()] = False,
    further: Annotated[bool, Form()] = False,
) -> Response:
    """Store a coaching note about the session, or about one of its moments."""
    page = session_page(request, session_id, further=further)
    outcome = services.store.reviews.add_note(
        viewer,
        session_id,
        moment,
        _words(text, MAX_NOTE),
        shared=share,
        follow_up_on=follow_up,
        request_id=request.state.request_id,
    )
    return answer_to_form(request, outcome, page, f"#{place}", written=text)


@router.post("/{note_id}/remove")
def remove_note(
    request: Request, services: ServicesDep, viewer: CurrentSupervisor, session_id: UUID, note_id: UUID, place: Place
) -> Response:
    """Remove a note that this supervisor has written."""
    page = session_page(request, session_id)
    outcome = services.store.reviews.remove_note(viewer, session_id, note_id, request_id=request.state.request_id)
    return answer_to_form(request, outcome, page, f"#{place}")


@router.post("/{note_id}/follow-up")
def set_follow_up(
    request: Request,
    services: ServicesDep,
    viewer: CurrentSupervisor,
    session_id: UUID,
    note_id: UUID,
    follow_up: Annotated[date, Form()],
    place: Place,
) -> Response:
    """Set the day on which the supervisor wants to come back to a note of her own."""
    outcome = services.store.reviews.set_follow_up(
        viewer, session_id, note_id, follow_up, request_id=request.state.request_id
    )
    return answer_to_form(request, outcome, session_page(request, session_id), f"#{place}")


@router.post("/{note_id}/follow-up/done")
def finish_follow_up(
    request: Request,
    services: ServicesDep,
    viewer: CurrentSupervisor,
    session_id: UUID,
    note_id: UUID,
    place: Place,
    *,
    start: Annotated[bool, Form()] = False,
) -> Response:
    """Store that the supervisor has come back to a note of her own; from the start page lead back to it."""
    outcome = services.store.reviews.finish_follow_up(viewer, session_id, note_id, request_id=request.state.request_id)
    if start and outcome is DecisionOutcome.DONE:
        return RedirectResponse(START, 303)
    return answer_to_form(request, outcome, session_page(request, session_id), f"#{place}")


@router.post("/{note_id}/comments")
def comment(
    request: Request,
    services: ServicesDep,
    viewer: CurrentReader,
    session_id: UUID,
    note_id: UUID,
    text: Annotated[str, Form(max_length=2 * MAX_NOTE_COMMENT)],  # as above
    place: Place,
) -> Response:
    """Store a comment under a note: a supervisor's, or a therapist's on a note that was shared with them."""
    page = session_page(request, session_id)
    outcome = services.store.note_threads.comment(
        viewer, session_id, note_id, _words(text, MAX_NOTE_COMMENT), request_id=request.state.request_id
    )
    return answer_to_form(request, outcome, page, f"#{place}", written=text)


@router.post("/comments/{comment_id}/remove")
def remove_comment(
    request: Request,
    services: ServicesDep,
    viewer: CurrentReader,
    session_id: UUID,
    comment_id: UUID,
    place: Place,
) -> Response:
    """Remove a comment of the person's own; one that is gone already was what they wanted."""
    page = session_page(request, session_id)
    outcome = services.store.note_threads.remove(viewer, session_id, comment_id, request_id=request.state.request_id)
    if outcome is DecisionOutcome.CHANGED:
        outcome = DecisionOutcome.DONE
    return answer_to_form(request, outcome, page, f"#{place}")


def _words(text: str, longest: int) -> str:
    """Return the text of a form as it is stored, or answer 400 if it is empty or too long."""
    words = text.replace("\r\n", "\n").strip()
    if not words or len(words) > longest:
        raise HTTPException(400)
    return words
