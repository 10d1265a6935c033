"""The routes on which a supervisor hands a session over to a colleague, sends it back, or takes it over."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from plugin.api.caller import Reviewer
from plugin.api.once import OnceDep
from plugin.api.requests import BackTo, HandOver, SendBack, TakeOver
from plugin.api.results import Done
from plugin.api.review_routes import STEPPING

router = APIRouter(prefix="/sessions/{session_id}", tags=["review"], responses=STEPPING)


@router.post("/hand-over", response_model=Done)
def hand_over(caller: Reviewer, once: OnceDep, session_id: UUID, asked: HandOver) -> Response:
    """Give a session that waits to a colleague who may review it."""
    return once.step(
        lambda store: store.handovers.hand_over(
            caller.viewer, session_id, asked.seen, asked.account_id, asked.reason, request_id=caller.request_id
        )
    )


@router.post("/send-back", response_model=Done)
def send_back(caller: Reviewer, once: OnceDep, session_id: UUID, asked: SendBack) -> Response:
    """Send a session back to whoever handed it over, or to the queue."""
    return once.step(
        lambda store: store.handovers.send_back(
            caller.viewer,
            session_id,
            asked.seen,
            asked.reason,
            to_sender=asked.to is BackTo.SENDER,
            request_id=caller.request_id,
        )
    )


@router.post("/take-over", response_model=Done)
def take_over(caller: Reviewer, once: OnceDep, session_id: UUID, asked: TakeOver) -> Response:
    """Take a session from the colleague with whom it is."""
    return once.step(
        lambda store: store.handovers.take_over(
            caller.viewer, session_id, asked.seen, asked.reason, request_id=caller.request_id
        )
    )
