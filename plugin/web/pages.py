"""The routes on which people read sessions and decide about them; what the store does not return is a 404."""

from typing import Annotated, assert_never
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import Response

from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.views import DecisionKind
from plugin.web import layout, queue_groups
from plugin.web.dependencies import CurrentSupervisor, CurrentViewer, ServicesDep, ValidForm, require_supervisor
from plugin.web.outcomes import answer_to_form
from plugin.web.render import page

router = APIRouter()

Stands = Annotated[str | None, Form(max_length=20)]
"""The decision that the page shows, "none" without one; the framework takes an empty field for a missing one."""


@router.get("/")
def start(request: Request, services: ServicesDep, viewer: CurrentViewer) -> Response:
    """Show a supervisor the waiting sessions, a therapist their own released sessions and an operator the counts."""
    match viewer.role:
        case AccountRole.SUPERVISOR:
            waiting = services.store.waiting(viewer)
            groups = queue_groups.group_by_need(waiting.rows)
            return page(request, "waiting.html", groups=groups, rows=waiting.rows, total=waiting.total)
        case AccountRole.THERAPIST:
            store = services.store
            return page(request, "own_sessions.html", rows=store.own_sessions(viewer), exports=store.exports(viewer))
        case AccountRole.OPERATOR:
            return page(request, "operation.html", counts=services.store.operator_counts(viewer))
        case _:
            assert_never(viewer.role)


@router.get("/decided")
def decided(request: Request, services: ServicesDep, viewer: CurrentSupervisor) -> Response:
    """List the sessions that were released or withheld."""
    sessions = services.store.decided(viewer)
    return page(request, "decided.html", rows=sessions.rows, total=sessions.total)


@router.get("/left-out")
def left_out(request: Request, services: ServicesDep, viewer: CurrentSupervisor) -> Response:
    """List the sessions without feedback, each with its reason."""
    sessions = services.store.left_out(viewer)
    return page(request, "left_out.html", rows=sessions.rows, total=sessions.total)


@router.get("/sessions/{session_id}")
def session(
    request: Request, services: ServicesDep, viewer: CurrentViewer, session_id: UUID, *, further: bool = False
) -> Response:
    """Show one session: to a supervisor for review, with `further` all its moments; to a therapist as their own."""
    opened = services.store.open(viewer, session_id, request_id=request.state.request_id)
    if opened is None:
        raise HTTPException(404)
    template = "session.html" if viewer.role is AccountRole.SUPERVISOR else "own_session.html"
    claim = opened.row.claim
    return page(
        request,
        template,
        session=opened,
        reviewing=claim is not None and claim.account_id == viewer.user_id and not opened.row.is_released,
        moments=layout.moment_pages(opened, further=further),
        marks=layout.mark_lines(opened),
        further=further,
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
def rubric(request: Request, _viewer: CurrentViewer) -> Response:
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
    outcome = services.store.decide(
        viewer, session_id, revision, kind, stands=stands, request_id=request.state.request_id
    )
    return answer_to_form(request, outcome, f"/sessions/{session_id}")
