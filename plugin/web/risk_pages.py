"""The page of risk signals: which nobody has acknowledged yet, and what was done about the others; never a word."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from plugin.queue.risk_signals import RiskAction, RiskState
from plugin.queue.views import DecisionOutcome
from plugin.web.dependencies import CurrentSupervisor, ServicesDep, ValidForm, require_supervisor
from plugin.web.render import page

PATH: Final = "/risk-signals"
router = APIRouter(prefix=PATH, dependencies=[Depends(require_supervisor)])


@router.get("")
def listed(
    request: Request,
    services: ServicesDep,
    viewer: CurrentSupervisor,
    state: RiskState = RiskState.OPEN,
    after: UUID | None = None,
) -> Response:
    """List the risk signals that nobody has acknowledged, or those that somebody has."""
    signals = services.store.risk_signals
    found = signals.page(viewer, state, after)
    if found is None:  # the signal at this place was acknowledged meanwhile
        return RedirectResponse(f"{PATH}?state={state.value}", 303)
    return page(
        request, "risk_signals.html", found=found, state=state, after=after, count_open=signals.count_open(viewer)
    )


@router.post("/{signal_id}", dependencies=[ValidForm])
def acknowledge(
    request: Request,
    services: ServicesDep,
    viewer: CurrentSupervisor,
    signal_id: UUID,
    action: Annotated[RiskAction, Form()],
    state: Annotated[RiskState, Form()] = RiskState.OPEN,
) -> Response:
    """Acknowledge a signal with what was done, or change what was said to be done, and return to the list."""
    outcome = services.store.risk_signals.acknowledge(viewer, signal_id, action, request_id=request.state.request_id)
    if outcome is not DecisionOutcome.DONE:
        raise HTTPException(404)
    return RedirectResponse(f"{PATH}?state={state.value}", 303)
