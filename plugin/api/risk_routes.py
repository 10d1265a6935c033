"""The routes of risk signals: which there are, and that a platform's protocol has one; never a word of a message."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from plugin.api.caller import RiskAcknowledger, RiskReader
from plugin.api.list_models import MAX_PAGE, Part
from plugin.api.once import OnceDep
from plugin.api.problems import ApiProblem, documented
from plugin.api.read_routes import READING
from plugin.api.requests import AcknowledgeRisk
from plugin.api.results import Done
from plugin.api.review_routes import STEPPING
from plugin.queue.risk_signals import PAGE, RiskAction, RiskState
from stream.contracts.vocabulary import Concern

router = APIRouter(prefix="/risk-signals", tags=["risk signals"])


class RiskQuery(BaseModel):
    """Which risk signals, and after which one of them."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    state: RiskState = RiskState.OPEN
    after: UUID | None = Field(default=None, description="The `signal_id` of the last one of the part before.")
    limit: int = Field(default=PAGE, ge=1, le=MAX_PAGE)


class RiskSignal(Part):
    """A risk signal: where there is something to read, and what was done about it."""

    signal_id: UUID
    tenant: str
    conversation_id: str
    session_id: UUID
    message_id: str
    concerns: tuple[Concern, ...]
    heard_by: tuple[str, ...]
    appended_at: datetime = Field(description="When the broker stored the message.")
    escalated_at: datetime | None
    acknowledged_at: datetime | None
    action: RiskAction | None
    can_be_opened: bool = Field(description="Whether its session is over and may be read at `/sessions`.")


class RiskSignalPart(Part):
    """A part of a list of risk signals: the longest wait first, or of acknowledged ones the latest message."""

    signals: tuple[RiskSignal, ...]
    goes_on: bool


@router.get("", responses={**READING, **documented(410)})
def list_risk(caller: RiskReader, asked: Annotated[RiskQuery, Query()]) -> RiskSignalPart:
    """Return the risk signals that nobody has acknowledged, or those that somebody has.

    This is no crisis monitor: it misses much, and is often wrong.
    """
    found = caller.store.risk_signals.page(caller.viewer, asked.state, asked.after, size=asked.limit)
    if found is None:
        raise ApiProblem(410, "place-lost", "The signal at this place is gone from this list: begin again without it.")
    return RiskSignalPart.model_validate({"signals": found.rows, "goes_on": found.goes_on})


@router.post("/{signal_id}/acknowledgement", response_model=Done, responses=STEPPING)
def acknowledge_risk(caller: RiskAcknowledger, once: OnceDep, signal_id: UUID, said: AcknowledgeRisk) -> Response:
    """Say that the platform's own protocol has a risk signal, and what was done; it is then not escalated.

    While its session is open the supervisors of its platform may, and from its end on those who see the session; an
    operator may at any time. This is no crisis monitor: it misses much, and is often wrong.
    """
    return once.step(
        lambda store: store.risk_signals.acknowledge(
            caller.viewer, signal_id, said.action, request_id=caller.request_id
        )
    )
