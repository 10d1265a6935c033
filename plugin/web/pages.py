"""What people read and decide. Rights are the store's: what it does not give does not exist (404)."""

from typing import Annotated, assert_never
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.views import DecisionKind, Outcome
from plugin.web import layout, queue_groups
from plugin.web.dependencies import Given, OwnForm, SignedIn, Supervisor, supervisor
from plugin.web.render import message, page

router = APIRouter()


@router.get("/")
def start(request: Request, given: Given, viewer: SignedIn) -> Response:
    """Show a supervisor what waits, a therapist the own released sessions, an operator numbers."""
    match viewer.role:
        case AccountRole.SUPERVISOR:
            queue = given.store.queue(viewer)
            return page(request, "waiting.html", groups=queue_groups.grouped(queue.waiting), queue=queue)
        case AccountRole.THERAPIST:
            return page(request, "own_sessions.html", rows=given.store.own(viewer))
        case AccountRole.OPERATOR:
            return page(request, "operation.html", counts=given.store.counts(viewer))
        case _:
            assert_never(viewer.role)


@router.get("/decided")
def decided(request: Request, given: Given, viewer: Supervisor) -> Response:
    """List what was released or withheld."""
    queue = given.store.queue(viewer)
    return page(request, "decided.html", rows=queue.decided, total=queue.decided_total)


@router.get("/left-out")
def left_out(request: Request, given: Given, viewer: Supervisor) -> Response:
    """List the sessions without feedback, each with its reason."""
    queue = given.store.queue(viewer)
    return page(request, "left_out.html", rows=queue.left_out, total=queue.left_out_total)


@router.get("/sessions/{session_id}")
def session(request: Request, given: Given, viewer: SignedIn, session_id: UUID) -> Response:
    """Open one session: for review, or for learning from one's own."""
    opened = given.store.open(viewer, session_id, request_id=request.state.request_id)
    if opened is None:
        raise HTTPException(404)
    template = "session.html" if viewer.role is AccountRole.SUPERVISOR else "own_session.html"
    return page(request, template, session=opened, moments=layout.moments(opened), marks=layout.marks(opened))


@router.post("/sessions/{session_id}/release", dependencies=[Depends(supervisor), OwnForm])
def release(
    request: Request, given: Given, viewer: Supervisor, session_id: UUID, revision: Annotated[int, Form(ge=1)]
) -> Response:
    """Let the therapists of this session read the revision that the supervisor has read."""
    return _decide(request, given, viewer, session_id, revision, DecisionKind.RELEASED)


@router.post("/sessions/{session_id}/withhold", dependencies=[Depends(supervisor), OwnForm])
def withhold(
    request: Request, given: Given, viewer: Supervisor, session_id: UUID, revision: Annotated[int, Form(ge=1)]
) -> Response:
    """Keep it from the therapists, or put away what needs no release."""
    return _decide(request, given, viewer, session_id, revision, DecisionKind.WITHHELD)


@router.get("/rubric")
def rubric(request: Request, _viewer: SignedIn) -> Response:
    """Say what the mechanisms and their levels mean."""
    return page(request, "rubric.html")


def _decide(
    request: Request, given: Given, viewer: Viewer, session_id: UUID, revision: int, kind: DecisionKind
) -> Response:
    address = f"/sessions/{session_id}"
    outcome = given.store.decide(viewer, session_id, revision, kind, request_id=request.state.request_id)
    match outcome:
        case Outcome.DONE:
            return RedirectResponse(address, 303)
        case Outcome.CHANGED:
            return message(
                request,
                409,
                "This session has changed",
                "It changed while you were reading, so nothing was decided. Please look at it again.",
                back=address,
            )
        case Outcome.NOT_FOUND:
            raise HTTPException(404)
        case _:
            assert_never(outcome)
