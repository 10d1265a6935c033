"""The route on which a supervisor answers a service's own criteria beside a moment or at the end of a session."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import Response

from plugin.queue.criterion_views import MAX_ANSWER_NOTE, Said
from plugin.web.dependencies import CurrentSupervisor, ServicesDep, ValidForm, require_supervisor
from plugin.web.outcomes import answer_to_form
from plugin.web.queue_address import session_page
from plugin.web.review_pages import Place

router = APIRouter(dependencies=[Depends(require_supervisor), ValidForm])

_MAX_CODE: Final = 20  # characters; the longest step is `cannot_say`
_MAX_VERSION: Final = 1_000_000  # far more than anybody words, and within a column


@router.post("/sessions/{session_id}/criteria")
def answer(
    request: Request,
    services: ServicesDep,
    viewer: CurrentSupervisor,
    session_id: UUID,
    revision: Annotated[int, Form(ge=1)],
    criterion: Annotated[UUID, Form()],
    version: Annotated[int, Form(ge=1, le=_MAX_VERSION)],
    said: Annotated[str, Form(max_length=_MAX_CODE)],
    place: Place,
    note: Annotated[str, Form(max_length=2 * MAX_ANSWER_NOTE)] = "",  # two characters for the end of a line
    moment: Annotated[UUID | None, Form()] = None,
    *,
    further: Annotated[bool, Form()] = False,
) -> Response:
    """Store what the supervisor says to a criterion, with the note that stands in its form."""
    words = note.replace("\r\n", "\n").strip()
    if len(words) > MAX_ANSWER_NOTE:
        raise HTTPException(400)
    outcome = services.store.reviews.answer_criterion(
        viewer,
        session_id,
        revision,
        Said(criterion, version, moment, said, words),
        request_id=request.state.request_id,
    )
    return answer_to_form(
        request, outcome, session_page(request, session_id, further=further), f"#{place}", written=words
    )
