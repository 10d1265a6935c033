"""The routes of an operator's program: the plan for a mapping of the service's people, and its changes."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import APIRouter
from fastapi.responses import Response

from plugin.api.caller import Caller, PeopleWriter, Services, ServicesDep
from plugin.api.once import OnceDep
from plugin.api.people_models import AppliedPeople, ApplyPeople, PlannedPeople, PlanPeople
from plugin.api.problems import ApiProblem
from plugin.api.review_routes import STEPPING
from plugin.queue.account_changes import Actor
from plugin.queue.people import PlanDiffersError
from plugin.queue.people_rows import WantedPerson, provider_says, wanted_people
from plugin.queue.replies import Reply
from plugin.queue.store import Store
from stream.contracts.errors import Misconfigured

router = APIRouter(prefix="/people", tags=["people"], responses=STEPPING)


@router.post("/plan")
def plan_people(caller: PeopleWriter, services: ServicesDep, asked: PlanPeople) -> PlannedPeople:
    """Return what a mapping of people would change and where everybody would land. Nothing is changed."""
    with _refusals():
        planned = caller.store.people_mapping.plan(
            _wanted(services, asked),
            provider_says(services.oidc),
            disable_absent=asked.disable_absent,
            by=_actor(caller),
        )
    return PlannedPeople.of(planned)


@router.post("/apply", response_model=AppliedPeople)
def apply_people(caller: PeopleWriter, services: ServicesDep, once: OnceDep, asked: ApplyPeople) -> Response:
    """Make the changes of the plan that was read, all of them or none, each with an entry on the audit trail."""

    def act(store: Store) -> Reply:
        with _refusals():
            done = store.people_mapping.apply(
                _wanted(services, asked),
                provider_says(services.oidc),
                asked.code,
                disable_absent=asked.disable_absent,
                by=_actor(caller),
            )
        return Reply(200, AppliedPeople.of(done).model_dump(mode="json"))

    return once.do(act)


def _wanted(services: Services, asked: PlanPeople) -> tuple[WantedPerson, ...]:
    return wanted_people(asked.people, services.tenants, services.oidc.issuer)


def _actor(caller: Caller) -> Actor:
    return Actor(caller.viewer, caller.request_id)


@contextmanager
def _refusals() -> Iterator[None]:
    """Answer what cannot be done with a problem; the sentences name settings and nobody."""
    try:
        yield
    except PlanDiffersError:
        raise ApiProblem(
            409,
            "plan-differs",
            "The plan is another one by now.",
            detail="Nothing was changed. Ask for the plan again.",
        ) from None
    except Misconfigured as error:
        raise ApiProblem(409, "people-refused", "This cannot be done.", detail=str(error)) from None
