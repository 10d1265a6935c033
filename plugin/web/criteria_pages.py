"""The pages on which an operator words a service's own criteria, orders and retires them. They show no session."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from plugin.queue.account_changes import Actor
from plugin.queue.criterion_views import STEPS, CriterionAbout, CriterionScale, Wording, checked_wording
from plugin.web.criterion_layout import ABOUT, SCALES
from plugin.web.dependencies import CurrentOperator, Services, ServicesDep, ValidForm, require_operator
from plugin.web.render import page
from stream.contracts.errors import Misconfigured

router = APIRouter(prefix="/criteria", dependencies=[Depends(require_operator)])

_MAX_TYPED: Final = 2000  # characters of one field: a longer text is none that anybody would word
Typed = Annotated[str, Form(max_length=_MAX_TYPED)]


@dataclass(frozen=True)
class Filled:
    """What stands in the form for a wording: nothing, a version, or what was typed and refused."""

    name: str = ""
    about: CriterionAbout = CriterionAbout.MOMENT
    question: str = ""
    scale: CriterionScale = CriterionScale.YES_NO
    words: tuple[str, ...] = ("",) * STEPS
    shared: bool = False

    @property
    def wording(self) -> Wording:
        """The wording, checked."""
        return checked_wording(self.question, self.scale, self.words, shared=self.shared)


def filled_in(
    question: Typed = "",
    scale: Annotated[CriterionScale, Form()] = CriterionScale.YES_NO,
    word_0: Typed = "",
    word_1: Typed = "",
    word_2: Typed = "",
    word_3: Typed = "",
    name: Typed = "",
    about: Annotated[CriterionAbout, Form()] = CriterionAbout.MOMENT,
    *,
    shared: Annotated[bool, Form()] = False,
) -> Filled:
    """Return what was filled in."""
    return Filled(name, about, question, scale, (word_0, word_1, word_2, word_3), shared)


FilledIn = Annotated[Filled, Depends(filled_in)]


@router.get("")
def criteria(request: Request, services: ServicesDep) -> Response:
    """List the criteria, with a form for another one."""
    return _list(request, services, Filled())


@router.post("", dependencies=[ValidForm])
def add(request: Request, services: ServicesDep, viewer: CurrentOperator, filled: FilledIn) -> Response:
    """Add a criterion."""
    by = Actor(viewer, request.state.request_id)
    trouble = _done(lambda: services.store.criteria.add(filled.name, filled.about, filled.wording, by))
    return _list(request, services, filled, trouble) if trouble else RedirectResponse("/criteria", 303)


@router.get("/{criterion_id}")
def criterion(request: Request, services: ServicesDep, criterion_id: UUID) -> Response:
    """Show one criterion with its versions, and the forms that change it."""
    return _one(request, services, criterion_id)


@router.post("/{criterion_id}/versions", dependencies=[ValidForm])
def change(
    request: Request,
    services: ServicesDep,
    viewer: CurrentOperator,
    criterion_id: UUID,
    filled: FilledIn,
    version: Annotated[int, Form(ge=1)],
) -> Response:
    """Word a criterion anew; answers keep the version to which they were given."""
    by = Actor(viewer, request.state.request_id)
    _exists(services, criterion_id)
    trouble = _done(lambda: services.store.criteria.change(criterion_id, version, filled.wording, by))
    return _one(request, services, criterion_id, filled, trouble) if trouble else _back(criterion_id)


@router.post("/{criterion_id}/move", dependencies=[ValidForm])
def move(
    request: Request,
    services: ServicesDep,
    viewer: CurrentOperator,
    criterion_id: UUID,
    *,
    up: Annotated[bool, Form()],
) -> Response:
    """Let a criterion change places with the one before or after it."""
    by = Actor(viewer, request.state.request_id)
    _exists(services, criterion_id)
    trouble = _done(lambda: services.store.criteria.move(criterion_id, up=up, by=by))
    return _list(request, services, Filled(), trouble) if trouble else RedirectResponse("/criteria", 303)


@router.post("/{criterion_id}/retire", dependencies=[ValidForm])
def retire(request: Request, services: ServicesDep, viewer: CurrentOperator, criterion_id: UUID) -> Response:
    """Ask a criterion no more."""
    by = Actor(viewer, request.state.request_id)
    _exists(services, criterion_id)
    trouble = _done(lambda: services.store.criteria.retire(criterion_id, by))
    return _one(request, services, criterion_id, trouble=trouble) if trouble else _back(criterion_id)


@router.post("/{criterion_id}/restore", dependencies=[ValidForm])
def restore(request: Request, services: ServicesDep, viewer: CurrentOperator, criterion_id: UUID) -> Response:
    """Ask a retired criterion again."""
    by = Actor(viewer, request.state.request_id)
    _exists(services, criterion_id)
    trouble = _done(lambda: services.store.criteria.restore(criterion_id, by))
    return _one(request, services, criterion_id, trouble=trouble) if trouble else _back(criterion_id)


def _done(change: Callable[[], object]) -> str | None:
    """Make a change; return what is wrong as a sentence, or None."""
    try:
        change()
    except Misconfigured as error:
        return str(error)
    return None


def _back(criterion_id: UUID) -> Response:
    return RedirectResponse(f"/criteria/{criterion_id}", 303)


def _exists(services: Services, criterion_id: UUID) -> None:
    if not services.store.criteria.versions(criterion_id):
        raise HTTPException(404)


def _list(request: Request, services: Services, filled: Filled, trouble: str | None = None) -> Response:
    entries = services.store.criteria.entries()
    return page(
        request,
        "criteria.html",
        status=400 if trouble else 200,
        asked=[each for each in entries if not each.is_retired],
        retired=[each for each in entries if each.is_retired],
        filled=filled,
        places=ABOUT,
        scales=SCALES,
        trouble=trouble,
    )


def _one(
    request: Request, services: Services, criterion_id: UUID, filled: Filled | None = None, trouble: str | None = None
) -> Response:
    _exists(services, criterion_id)
    latest, *earlier = services.store.criteria.versions(criterion_id)
    asked = latest.criterion
    words = asked.words or ("",) * STEPS
    return page(
        request,
        "criterion.html",
        status=400 if trouble else 200,
        latest=latest,
        earlier=earlier,
        filled=filled or Filled(asked.name, asked.about, asked.question, asked.scale, words, asked.shared),
        places=ABOUT,
        scales=SCALES,
        trouble=trouble,
    )
