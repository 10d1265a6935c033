"""The routes on which a supervisor reviews a session: each form is one step, and leads back to its place."""

from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import Response

from plugin.queue.review_views import Judgement, Opinion, WithholdReason
from plugin.queue.statements import Statement
from plugin.web.dependencies import CurrentSupervisor, ServicesDep, ValidForm, require_supervisor
from plugin.web.outcomes import answer_to_form
from plugin.web.queue_address import session_page
from stream.contracts.vocabulary import Level

router = APIRouter(dependencies=[Depends(require_supervisor), ValidForm])

MAX_STATEMENT: Final = 60  # characters; the longest statement names a mechanism


class Say(StrEnum):
    """What one button of a statement says."""

    AGREED = "agreed"
    UNDONE = "undone"
    NOT_RESISTANCE = "not_resistance"
    WRONG_QUOTE = "wrong_quote"
    UNCLEAR = "unclear"
    CONTEXT_MISSING = "context_missing"
    NONE = "none"
    WEAK = "weak"
    STRONG = "strong"

    @property
    def opinion(self) -> Opinion:
        """The opinion that the button stands for."""
        if self.name in WithholdReason.__members__:
            return Opinion(Judgement.WITHHELD, reason=WithholdReason[self.name])
        if self.name in Level.__members__:
            return Opinion(Judgement.CORRECTED, level=Level[self.name])
        return Opinion(Judgement(self.value))


Place = Annotated[str, Form(pattern=r"^[a-z0-9-]{1,40}$")]
"""The anchor on the page to which a form leads back."""


@router.post("/sessions/{session_id}/claim")
def claim(request: Request, services: ServicesDep, viewer: CurrentSupervisor, session_id: UUID) -> Response:
    """Begin the review of a session, which nobody else can review meanwhile."""
    page = session_page(request, session_id)
    outcome = services.store.reviews.claim(viewer, session_id, request_id=request.state.request_id)
    return answer_to_form(request, outcome, page, "#review")


@router.post("/sessions/{session_id}/give-back")
def give_back(request: Request, services: ServicesDep, viewer: CurrentSupervisor, session_id: UUID) -> Response:
    """Stop the review of a session, so that others may review it at once."""
    page = session_page(request, session_id)
    outcome = services.store.reviews.give_back(viewer, session_id, request_id=request.state.request_id)
    return answer_to_form(request, outcome, page)


@router.post("/sessions/{session_id}/judge")
def judge(
    request: Request,
    services: ServicesDep,
    viewer: CurrentSupervisor,
    session_id: UUID,
    revision: Annotated[int, Form(ge=1)],
    assessment: Annotated[UUID, Form()],
    statement: Annotated[str, Form(max_length=MAX_STATEMENT)],
    say: Annotated[Say, Form()],
    place: Place,
    *,
    further: Annotated[bool, Form()] = False,
) -> Response:
    """Store what the supervisor says of one statement."""
    try:
        meant = Statement.parse(statement)
    except ValueError:
        raise HTTPException(400) from None
    page = session_page(request, session_id, further=further)
    outcome = services.store.reviews.judge(
        viewer, session_id, revision, assessment, meant, say.opinion, request_id=request.state.request_id
    )
    return answer_to_form(request, outcome, page, f"#{place}")
