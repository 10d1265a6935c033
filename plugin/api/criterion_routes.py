"""The routes of an operator's program: a service's own criteria, which people alone answer.

Their answers are given at the sessions, and no route here holds one.
"""

from collections.abc import Callable
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from plugin.api.caller import Caller, CriterionWriter, OperatorReader
from plugin.api.criterion_models import (
    AddCriterion,
    AddedCriterion,
    ChangeCriterion,
    CriterionVersions,
    MoveCriterion,
    MoveTo,
    WrittenCriteria,
)
from plugin.api.once import Once, OnceDep
from plugin.api.problems import nothing_here, refusals
from plugin.api.read_routes import READING
from plugin.api.results import Done
from plugin.api.review_routes import STEPPING
from plugin.queue.account_changes import Actor
from plugin.queue.criteria import Criteria, NoCriterion
from plugin.queue.replies import Reply
from plugin.queue.store import Store

router = APIRouter(prefix="/criteria", tags=["criteria"])


@router.get("", responses=READING)
def list_criteria(caller: OperatorReader) -> WrittenCriteria:
    """Return the criteria in the order in which they are asked, then the retired ones."""
    return WrittenCriteria.model_validate({"criteria": caller.store.criteria.entries()})


@router.get("/{criterion_id}", responses=READING)
def read_criterion(caller: OperatorReader, criterion_id: UUID) -> CriterionVersions:
    """Return every version of a criterion with who wrote it; answers keep the version to which they were given."""
    found = caller.store.criteria.versions(criterion_id)
    if not found:
        raise nothing_here()
    return CriterionVersions.model_validate({"versions": found})


@router.post("", response_model=AddedCriterion, responses=STEPPING)
def add_criterion(caller: CriterionWriter, once: OnceDep, asked: AddCriterion) -> Response:
    """Add a criterion, which is asked after the others in every review from now on."""

    def act(store: Store) -> Reply:
        added = store.criteria.add(asked.name, asked.about, asked.wording, _actor(caller))
        return Reply(200, {"criterion_id": str(added)})

    return _do(once, act)


@router.post("/{criterion_id}/versions", response_model=Done, responses=STEPPING)
def change_criterion(caller: CriterionWriter, once: OnceDep, criterion_id: UUID, asked: ChangeCriterion) -> Response:
    """Word a criterion anew, as its next version."""
    return _change(once, lambda found: found.change(criterion_id, asked.seen, asked.wording, _actor(caller)))


@router.post("/{criterion_id}/move", response_model=Done, responses=STEPPING)
def move_criterion(caller: CriterionWriter, once: OnceDep, criterion_id: UUID, asked: MoveCriterion) -> Response:
    """Let a criterion change places with the one before or after it; the first and the last one stay."""
    up = asked.to is MoveTo.EARLIER
    return _change(once, lambda found: found.move(criterion_id, up=up, by=_actor(caller)))


@router.post("/{criterion_id}/retire", response_model=Done, responses=STEPPING)
def retire_criterion(caller: CriterionWriter, once: OnceDep, criterion_id: UUID) -> Response:
    """Ask a criterion no more; its answers stay."""
    return _change(once, lambda found: found.retire(criterion_id, _actor(caller)))


@router.post("/{criterion_id}/restore", response_model=Done, responses=STEPPING)
def restore_criterion(caller: CriterionWriter, once: OnceDep, criterion_id: UUID) -> Response:
    """Ask a retired criterion again, after the others."""
    return _change(once, lambda found: found.restore(criterion_id, _actor(caller)))


def _actor(caller: Caller) -> Actor:
    return Actor(caller.viewer, caller.request_id)


def _change(once: Once, change: Callable[[Criteria], None]) -> Response:
    def act(store: Store) -> Reply:
        change(store.criteria)
        return Reply(200, {"outcome": "done"})

    return _do(once, act)


def _do(once: Once, act: Callable[[Store], Reply]) -> Response:
    with refusals("criterion-refused", gone=NoCriterion):
        return once.do(act)
