"""The routes of the random sample: the sessions that wait for a blind look, and the look itself."""

from collections.abc import Mapping
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from plugin.queue.look_refusals import LOOK_REFUSED
from plugin.queue.look_views import Look, LookAnswer, LookOutcome, TurnAnswers
from plugin.queue.paging import PAGE
from plugin.web.dependencies import CurrentSupervisor, ServicesDep, ValidForm, require_supervisor
from plugin.web.look_layout import QUESTIONS, look_lines
from plugin.web.render import message, page

router = APIRouter(dependencies=[Depends(require_supervisor)])

_MAX_DIGITS: Final = 4  # of a turn's position in a field's name; a sampled session has far fewer turns
Chosen = Mapping[str, LookAnswer]
"""The answers that a form holds, by the names of their fields, such as "resistance-3"."""


@router.get("/sample")
def sample(request: Request, services: ServicesDep, viewer: CurrentSupervisor, after: UUID | None = None) -> Response:
    """Show a page of the sessions that wait for a look, which begins after one of them where the address says so."""
    return page(request, "sample.html", sampled=services.store.looks.waiting(viewer, after, size=PAGE), after=after)


@router.get("/sessions/{session_id}/look")
def look(request: Request, services: ServicesDep, viewer: CurrentSupervisor, session_id: UUID) -> Response:
    """Show the conversation alone; after this supervisor's answers, also what the machine says."""
    outcome, found = services.store.looks.open(viewer, session_id, request_id=request.state.request_id)
    return _refused(request, outcome) if found is None else _look_page(request, found)


async def chosen_answers(request: Request) -> Chosen:
    """Return the answers of the form; a field that is none of ours, or holds no answer, is left out."""
    form = await request.form()
    known = {answer.value: answer for answer in LookAnswer}
    return {
        name: known[value]
        for name, value in form.items()
        if isinstance(value, str) and value in known and _is_field(name)
    }


@router.post("/sessions/{session_id}/look", dependencies=[ValidForm])
def answer(
    request: Request,
    services: ServicesDep,
    viewer: CurrentSupervisor,
    session_id: UUID,
    revision: Annotated[int, Form(ge=1)],
    chosen: Annotated[Chosen, Depends(chosen_answers)],
) -> Response:
    """Store the answers if every question has one; otherwise show the page again with those that were given."""
    looks, request_id = services.store.looks, request.state.request_id
    outcome = looks.answer(viewer, session_id, revision, _by_turn(chosen), request_id=request_id)
    if outcome in {LookOutcome.DONE, LookOutcome.LOOKED_AT}:  # hers are shown, another's are not
        return RedirectResponse(f"/sessions/{session_id}/look", 303)
    if outcome is LookOutcome.INCOMPLETE:
        _, found = looks.open(viewer, session_id, request_id=request_id)
        if found is not None:
            return _look_page(request, found, chosen=chosen, status=400)
    return _refused(request, outcome, back=f"/sessions/{session_id}/look")


def _by_turn(chosen: Chosen) -> dict[int, TurnAnswers]:
    """Return the answers about the turns for which both were given."""
    positions = {int(name.partition("-")[2]) for name in chosen}
    return {
        position: TurnAnswers(chosen[f"resistance-{position}"], chosen[f"critical-{position}"])
        for position in positions
        if all(f"{question}-{position}" in chosen for question in QUESTIONS)
    }


def _is_field(name: str) -> bool:
    question, _, position = name.partition("-")
    is_number = position.isascii() and position.isdecimal() and len(position) <= _MAX_DIGITS
    return question in QUESTIONS and is_number and position == str(int(position))


def _look_page(request: Request, found: Look, *, chosen: Chosen | None = None, status: int = 200) -> Response:
    """Show a look. With `chosen` it is shown again, because an answer was missing."""
    given = {} if chosen is None else chosen
    lines = look_lines(found)
    return page(request, "look.html", status=status, look=found, lines=lines, chosen=given, again=chosen is not None)


def _refused(request: Request, outcome: LookOutcome, back: str = "/sample") -> Response:
    if outcome is LookOutcome.NOT_FOUND:
        raise HTTPException(404)
    return message(request, 409, *LOOK_REFUSED[outcome], back=back)
