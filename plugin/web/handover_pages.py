"""The routes on which a supervisor hands a session over to a colleague, sends it back, or takes it over."""

from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import Response

from plugin.queue.handover_views import MAX_REASON
from plugin.web.dependencies import CurrentSupervisor, ServicesDep, ValidForm, require_supervisor
from plugin.web.outcomes import answer_to_form
from plugin.web.queue_address import session_page

router = APIRouter(prefix="/sessions/{session_id}", dependencies=[Depends(require_supervisor), ValidForm])

PLACE: Final = "#handovers"
Reason = Annotated[str, Form(max_length=2 * MAX_REASON)]  # a browser sends two characters for the end of a line
Seen = Annotated[int, Form(ge=0, le=1_000_000)]
"""The number of hand-overs that the page shows; with another one the form is out of date."""


class BackTo(StrEnum):
    """To whom a session is sent back."""

    SENDER = "sender"
    QUEUE = "queue"


@router.post("/hand-over")
def hand_over(
    request: Request,
    services: ServicesDep,
    viewer: CurrentSupervisor,
    session_id: UUID,
    seen: Seen,
    colleague: Annotated[UUID, Form()],
    reason: Reason,
) -> Response:
    """Give the session to a colleague who may review it."""
    page = session_page(request, session_id)
    outcome = services.store.handovers.hand_over(
        viewer, session_id, seen, colleague, _words(reason), request_id=request.state.request_id
    )
    return answer_to_form(request, outcome, page, PLACE, written=reason)


@router.post("/send-back")
def send_back(
    request: Request,
    services: ServicesDep,
    viewer: CurrentSupervisor,
    session_id: UUID,
    seen: Seen,
    to: Annotated[BackTo, Form()],
    reason: Reason,
) -> Response:
    """Send the session back to whoever handed it over, or to the queue."""
    page = session_page(request, session_id)
    outcome = services.store.handovers.send_back(
        viewer,
        session_id,
        seen,
        _words(reason),
        to_sender=to is BackTo.SENDER,
        request_id=request.state.request_id,
    )
    return answer_to_form(request, outcome, page, PLACE, written=reason)


@router.post("/take-over")
def take_over(
    request: Request, services: ServicesDep, viewer: CurrentSupervisor, session_id: UUID, seen: Seen, reason: Reason
) -> Response:
    """Take the session from the colleague with whom it is."""
    page = session_page(request, session_id)
    outcome = services.store.handovers.take_over(
        viewer, session_id, seen, _words(reason), request_id=request.state.request_id
    )
    return answer_to_form(request, outcome, page, PLACE, written=reason)


def _words(text: str) -> str:
    """Return the reason as it is stored, or answer 400 if it is empty or too long."""
    words = text.replace("\r\n", "\n").strip()
    if not words or len(words) > MAX_REASON:
        raise HTTPException(400)
    return words
