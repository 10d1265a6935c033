"""The route on which a platform acknowledges risk signals. None reads them: the platform was told by webhook."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from plugin.api.caller import RiskAcknowledger
from plugin.api.once import OnceDep
from plugin.api.requests import AcknowledgeRisk
from plugin.api.results import Done
from plugin.api.review_routes import STEPPING

router = APIRouter(prefix="/risk-signals", tags=["risk signals"])


@router.post("/{signal_id}/acknowledgement", response_model=Done, responses=STEPPING)
def acknowledge_risk(caller: RiskAcknowledger, once: OnceDep, signal_id: UUID, said: AcknowledgeRisk) -> Response:
    """Say that the platform's own protocol has a risk signal, and what was done; it is then not escalated.

    This is no crisis monitor: a word list heard the signal, misses much, and is often wrong.
    """
    return once.step(
        lambda store: store.risk_signals.acknowledge(
            caller.viewer, signal_id, said.action, request_id=caller.request_id
        )
    )
