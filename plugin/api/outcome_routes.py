"""The route on which an operator's program adds outcomes. None reads them: outcomes leave by an export alone."""

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from plugin.adapters.payloads import OutcomeFields
from plugin.adapters.webhook import outcome_of
from plugin.api.caller import OutcomeWriter, ServicesDep
from plugin.api.once import OnceDep
from plugin.api.problems import ApiProblem
from plugin.api.requests import Asked
from plugin.api.review_routes import STEPPING
from plugin.queue.account_changes import Actor
from plugin.queue.replies import Reply
from plugin.queue.store import Store
from plugin.tenants import pseudonyms_of
from stream.contracts.base import Tenant
from stream.contracts.errors import Misconfigured

MAX_OUTCOMES = 100
"""Outcomes of one request, which fit into a body; more take several requests, or the file import."""

router = APIRouter(prefix="/outcomes", tags=["outcomes"], responses=STEPPING)


class GivenOutcome(OutcomeFields):
    """A rating or an instrument's score, with the platform's own references."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class AddOutcomes(Asked):
    """Outcomes of one platform."""

    platform: Tenant
    outcomes: Annotated[tuple[GivenOutcome, ...], Field(min_length=1, max_length=MAX_OUTCOMES)]


class AddedOutcomes(BaseModel):
    """How many outcomes were kept, and how many were not, since the client has not consented to processing."""

    kept: int
    without_consent: int


@router.post("", response_model=AddedOutcomes)
def add_outcomes(caller: OutcomeWriter, services: ServicesDep, once: OnceDep, asked: AddOutcomes) -> Response:
    """Add outcomes, all of them or none; of several with one id the one that was given last counts."""
    try:
        pseudonyms = pseudonyms_of(services.tenants, asked.platform)
    except Misconfigured as error:
        raise ApiProblem(409, "outcomes-refused", "This cannot be done.", detail=str(error)) from None
    outcomes = [outcome_of(each, asked.platform, pseudonyms) for each in asked.outcomes]

    def act(store: Store) -> Reply:
        kept = store.outcomes.add(outcomes, Actor(caller.viewer, caller.request_id))
        return Reply(200, AddedOutcomes(kept=kept, without_consent=len(outcomes) - kept).model_dump(mode="json"))

    return once.do(act)
