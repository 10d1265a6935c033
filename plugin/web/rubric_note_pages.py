"""The routes of rubric notes: their versions for everybody who reads the glossary, and the forms of a lead."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import Response

from plugin.queue.rubric_notes import MAX_RUBRIC_NOTE
from plugin.queue.views import DecisionOutcome
from plugin.web.dependencies import CurrentAllButAuditor, CurrentLead, ServicesDep, ValidForm, require_lead
from plugin.web.outcomes import answer_to_form
from plugin.web.render import message, page
from stream.contracts.rubric import anchor
from stream.contracts.vocabulary import Mechanism

router = APIRouter(prefix="/rubric-notes")

Words = Annotated[str, Form(max_length=2 * MAX_RUBRIC_NOTE)]  # a browser sends two characters for the end of a line
Seen = Annotated[int, Form(ge=1)]
"""The number of the version that the page shows; with another one the form is out of date."""


@router.get("/new")
def begin(request: Request, _viewer: CurrentLead, mechanism: Mechanism | None = None) -> Response:
    """Show a lead the empty form of a note, on a mechanism that a link may have chosen."""
    return page(request, "rubric_note.html", note=None, mechanism=mechanism)


@router.post("", dependencies=[Depends(require_lead), ValidForm])
def write(
    request: Request, services: ServicesDep, viewer: CurrentLead, mechanism: Annotated[Mechanism, Form()], text: Words
) -> Response:
    """Store the first version of a note, and lead to its place in the glossary."""
    outcome = services.store.rubric_notes.write(viewer, mechanism, _words(text), request_id=request.state.request_id)
    return answer_to_form(request, outcome, "/glossary", f"#{anchor(mechanism)}", written=text)


@router.get("/{note_id}")
def versions(request: Request, services: ServicesDep, viewer: CurrentAllButAuditor, note_id: UUID) -> Response:
    """Show a note with all its versions; to a lead also the form that writes the next one."""
    note = services.store.rubric_notes.one(viewer, note_id)
    if note is None:
        raise HTTPException(404)
    return page(request, "rubric_note.html", note=note, mechanism=note.mechanism)


@router.post("/{note_id}", dependencies=[Depends(require_lead), ValidForm])
def edit(
    request: Request, services: ServicesDep, viewer: CurrentLead, note_id: UUID, seen: Seen, text: Words
) -> Response:
    """Store the next version of a note."""
    outcome = services.store.rubric_notes.edit(viewer, note_id, seen, _words(text), request_id=request.state.request_id)
    return answer_to_form(request, outcome, f"/rubric-notes/{note_id}", written=text)


@router.post("/{note_id}/remove", dependencies=[Depends(require_lead), ValidForm])
def remove(
    request: Request,
    services: ServicesDep,
    viewer: CurrentLead,
    note_id: UUID,
    seen: Seen,
    *,
    confirmed: Annotated[bool, Form()] = False,
) -> Response:
    """Remove a note with all its versions, once the box is ticked."""
    back = f"/rubric-notes/{note_id}"
    if not confirmed:
        return message(
            request, 400, "Nothing was removed", "Tick the box first: a removed note does not come back.", back=back
        )
    outcome = services.store.rubric_notes.remove(viewer, note_id, seen, request_id=request.state.request_id)
    return answer_to_form(request, outcome, "/glossary" if outcome is DecisionOutcome.DONE else back)


def _words(text: str) -> str:
    """Return the text of a form as it is stored, or answer 400 if it is empty or too long."""
    words = text.replace("\r\n", "\n").strip()
    if not words or len(words) > MAX_RUBRIC_NOTE:
        raise HTTPException(400)
    return words
