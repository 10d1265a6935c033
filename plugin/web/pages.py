"""The routes on which people read sessions and decide about them; what the store does not return is a 404."""

from typing import Annotated, assert_never
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.filters import QueueList
from plugin.queue.openings import readers_of
from plugin.queue.paging import PAGE
from plugin.queue.views import DecisionKind, DecisionOutcome
from plugin.web import layout, measures_layout
from plugin.web.dependencies import (
    CurrentAllButAuditor,
    CurrentSupervisor,
    CurrentViewer,
    Services,
    ServicesDep,
    ValidForm,
    require_supervisor,
)
from plugin.web.outcomes import answer_to_form
from plugin.web.queue_address import list_of, read_own_address, session_page
from plugin.web.queue_pages import list_page
from plugin.web.render import page

router = APIRouter()

Stands = Annotated[str | None, Form(max_length=20)]
"""The decision that the page shows, "none" without one; the framework takes an empty field for a missing one."""


@router.get("/")
def start(request: Request, services: ServicesDep, viewer: CurrentViewer) -> Response:
    """Show each role what it comes for.

    A supervisor the waiting sessions; a lead what was escalated, and the waiting sessions of every team; a therapist
    their own released sessions; an operator the counts; an auditor the trail.
    """
    match viewer.role:
        case AccountRole.SUPERVISOR | AccountRole.LEAD:
            return list_page(request, services, viewer, QueueList.WAITING)
        case AccountRole.THERAPIST:
            return _own_sessions(request, services, viewer)
        case AccountRole.OPERATOR:
            store = services.store
            numbers = store.calibrations.counts(viewer)
            return page(request, "operation.html", counts=store.operator_counts(viewer), calibrations=numbers)
        case AccountRole.AUDITOR:
            return RedirectResponse("/trail", 303)
        case _:
            assert_never(viewer.role)


def _own_sessions(request: Request, services: Services, viewer: Viewer) -> Response:
    """Show a page of a therapist's released sessions, which begins after one of them where the address says so."""
    after = read_own_address(request.query_params)
    rows = services.store.own_sessions(viewer, after, size=PAGE + 1)
    exports = services.store.exports(viewer) if after is None else ()
    return page(request, "own_sessions.html", rows=rows[:PAGE], goes_on=len(rows) > PAGE, after=after, exports=exports)


@router.get("/sessions/{session_id}")
def session(
    request: Request, services: ServicesDep, viewer: CurrentViewer, session_id: UUID, *, further: bool = False
) -> Response:
    """Show one session: to a supervisor for review, with `further` all its moments; to a therapist as their own."""
    listing = list_of(request) if viewer.role.reviews else None
    opened = services.store.open(viewer, session_id, request_id=request.state.request_id)
    if opened is None:
        raise HTTPException(404)
    template = "session.html" if viewer.role.reviews else "own_session.html"
    return page(
        request,
        template,
        session=opened,
        reviewing=opened.row.is_claimed_by(viewer.user_id) and not opened.row.is_released,
        moments=layout.moment_pages(opened, further=further),
        marks=layout.mark_lines(opened),
        measured=measures_layout.measures_page(opened),
        further=further,
        readers=readers_of(services.store.openings(viewer, session_id)),
        attempts=services.store.practice.attempts(viewer, session_id),
        practising=services.rater is not None,
        listing=listing,
        in_list="" if listing is None else listing.whole_query,
    )


@router.post("/sessions/{session_id}/release", dependencies=[Depends(require_supervisor), ValidForm])
def release(
    request: Request,
    services: ServicesDep,
    viewer: CurrentSupervisor,
    session_id: UUID,
    revision: Annotated[int, Form(ge=1)],
    stands: Stands = None,
) -> Response:
    """Let the therapists of this session read the revision that the supervisor has read."""
    return _decide(request, services, viewer, session_id, revision, stands, DecisionKind.RELEASED)


@router.post("/sessions/{session_id}/withhold", dependencies=[Depends(require_supervisor), ValidForm])
def withhold(
    request: Request,
    services: ServicesDep,
    viewer: CurrentSupervisor,
    session_id: UUID,
    revision: Annotated[int, Form(ge=1)],
    stands: Stands = None,
) -> Response:
    """Keep the session from its therapists, or put away a session that needs no release."""
    return _decide(request, services, viewer, session_id, revision, stands, DecisionKind.WITHHELD)


@router.get("/rubric")
def rubric(request: Request, _viewer: CurrentAllButAuditor) -> Response:
    """Show the definitions of the mechanisms and their levels."""
    return page(request, "rubric.html")


def _decide(
    request: Request,
    services: ServicesDep,
    viewer: Viewer,
    session_id: UUID,
    revision: int,
    stands: str | None,
    kind: DecisionKind,
) -> Response:
    """Decide, and go on to the next session of the list of waiting sessions if this one was opened from it."""
    listing, back = list_of(request), session_page(request, session_id)
    outcome = services.store.decide(
        viewer, session_id, revision, kind, stands=stands, request_id=request.state.request_id
    )
    if outcome is DecisionOutcome.DONE and listing is not None and listing.queue_list is QueueList.WAITING:
        return RedirectResponse(listing.next_after(session_id), 303)
    return answer_to_form(request, outcome, back)
