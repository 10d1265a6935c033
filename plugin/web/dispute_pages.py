"""The routes on which a therapist acknowledges and disputes what was released, and a supervisor resolves disputes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import Response

from plugin.queue.dispute_views import Ground
from plugin.queue.disputes import MAX_COMMENT
from plugin.queue.statements import Statement
from plugin.web.dependencies import CurrentSupervisor, CurrentTherapist, ServicesDep, ValidForm
from plugin.web.outcomes import answer_to_form
from plugin.web.review_pages import MAX_STATEMENT, Place, Say

router = APIRouter(dependencies=[ValidForm])

Comment = Annotated[str, Form(max_length=2 * MAX_COMMENT)]  # a browser sends two characters for the end of a line
Seen = Annotated[int, Form(ge=0, le=100)]
"""The number of steps of the dispute that the page shows; with another one the form is out of date."""


@router.post("/sessions/{session_id}/acknowledge")
def acknowledge(
    request: Request,
    services: ServicesDep,
    viewer: CurrentTherapist,
    session_id: UUID,
    released: Annotated[datetime, Form()],
    place: Place,
) -> Response:
    """Store that the therapist has read what was released at that time."""
    outcome = services.store.disputes.acknowledge(viewer, session_id, released, request_id=request.state.request_id)
    return answer_to_form(request, outcome, f"/sessions/{session_id}", f"#{place}")


@router.post("/sessions/{session_id}/disputes")
def dispute(
    request: Request,
    services: ServicesDep,
    viewer: CurrentTherapist,
    session_id: UUID,
    released: Annotated[datetime, Form()],
    assessment: Annotated[UUID, Form()],
    statement: Annotated[str, Form(max_length=MAX_STATEMENT)],
    ground: Annotated[Ground, Form()],
    text: Comment,
    place: Place,
    *,
    another: Annotated[bool, Form()] = False,
) -> Response:
    """Store the therapist's dispute of one statement; with `another` it waits for somebody else."""
    try:
        meant = Statement.parse(statement)
    except ValueError:
        raise HTTPException(400) from None
    outcome = services.store.disputes.dispute(
        viewer,
        session_id,
        released,
        assessment,
        meant,
        ground,
        _words(text),
        escalated=another,
        request_id=request.state.request_id,
    )
    return answer_to_form(request, outcome, f"/sessions/{session_id}", f"#{place}", written=text)


@router.post("/sessions/{session_id}/disputes/{dispute_id}/withdraw")
def withdraw(
    request: Request,
    services: ServicesDep,
    viewer: CurrentTherapist,
    session_id: UUID,
    dispute_id: UUID,
    seen: Seen,
    place: Place,
) -> Response:
    """Take a dispute back that is not decided yet."""
    outcome = services.store.disputes.withdraw(
        viewer, session_id, dispute_id, seen, request_id=request.state.request_id
    )
    return answer_to_form(request, outcome, f"/sessions/{session_id}", f"#{place}")


@router.post("/sessions/{session_id}/disputes/{dispute_id}/escalate")
def escalate(
    request: Request,
    services: ServicesDep,
    viewer: CurrentTherapist,
    session_id: UUID,
    dispute_id: UUID,
    seen: Seen,
    place: Place,
) -> Response:
    """Ask the lead, or else another supervisor, to look at a decided dispute."""
    outcome = services.store.disputes.escalate(
        viewer, session_id, dispute_id, seen, request_id=request.state.request_id
    )
    return answer_to_form(request, outcome, f"/sessions/{session_id}", f"#{place}")


@router.post("/sessions/{session_id}/disputes/{dispute_id}/resolve")
def resolve(
    request: Request,
    services: ServicesDep,
    viewer: CurrentSupervisor,
    session_id: UUID,
    dispute_id: UUID,
    seen: Seen,
    say: Annotated[Say, Form()],
    text: Comment,
    place: Place,
    *,
    further: Annotated[bool, Form()] = False,
) -> Response:
    """Resolve an open dispute with what the supervisor says of the statement, and with words for the therapist."""
    outcome = services.store.disputes.resolve(
        viewer, session_id, dispute_id, seen, say.opinion, _words(text), request_id=request.state.request_id
    )
    page = f"/sessions/{session_id}"
    return answer_to_form(request, outcome, f"{page}?further=yes" if further else page, f"#{place}", written=text)


def _words(text: str) -> str:
    """Return the text of a form as it is stored, or answer 400 if it is empty or too long."""
    words = text.replace("\r\n", "\n").strip()
    if not words or len(words) > MAX_COMMENT:
        raise HTTPException(400)
    return words
