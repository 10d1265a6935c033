"""The routes of a therapist: their own released sessions, and what they answer to a release."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response

from plugin.api.caller import Disputer, OwnReader
from plugin.api.cursors import cursor_after_own, own_session_of
from plugin.api.once import OnceDep
from plugin.api.own_models import Exports, OwnQuery, OwnSession, OwnSessions
from plugin.api.problems import invalid_request, nothing_here
from plugin.api.read_routes import READING
from plugin.api.requests import Acknowledge, DisputeSeen, OpenDispute
from plugin.api.results import Done
from plugin.api.review_routes import STEPPING
from plugin.queue.openings import Opening
from plugin.queue.views import SessionView

router = APIRouter(prefix="/own-sessions", tags=["own sessions"])
exports_router = APIRouter(tags=["own sessions"])


@router.get("", responses=READING)
def list_own_sessions(caller: OwnReader, asked: Annotated[OwnQuery, Query()]) -> OwnSessions:
    """Return a part of a therapist's released sessions, the latest release first."""
    try:
        after = None if asked.cursor is None else own_session_of(asked.cursor)
    except ValueError:
        raise invalid_request("cursor") from None
    found = caller.store.own_sessions(caller.viewer, after, size=asked.limit + 1)
    shown = found[: asked.limit]
    cursor = cursor_after_own(shown[-1].session_id) if len(found) > asked.limit else None
    return OwnSessions.model_validate({"sessions": shown, "next_cursor": cursor})


@exports_router.get("/own-exports", responses=READING)
def list_own_exports(caller: OwnReader) -> Exports:
    """Return who exported data about the therapist's sessions; nobody else reads that here."""
    return Exports.model_validate({"exports": caller.store.exports(caller.viewer)})


@router.get("/{session_id}", responses=READING)
def read_own_session(caller: OwnReader, session_id: UUID) -> OwnSession:
    """Return a released session with its text, as its therapist reads it; the audit trail records it."""
    opened = caller.store.open(caller.viewer, session_id, request_id=caller.request_id)
    if opened is None:
        raise nothing_here()
    return own_session(opened, caller.store.openings(caller.viewer, session_id))


@router.post("/{session_id}/acknowledge", response_model=Done, responses=STEPPING)
def acknowledge(caller: Disputer, once: OnceDep, session_id: UUID, read: Acknowledge) -> Response:
    """Store that the therapist has read what was released at that time."""
    return once.step(
        lambda store: store.disputes.acknowledge(
            caller.viewer, session_id, read.released_at, request_id=caller.request_id
        )
    )


@router.post("/{session_id}/disputes", response_model=Done, responses=STEPPING)
def dispute(caller: Disputer, once: OnceDep, session_id: UUID, asked: OpenDispute) -> Response:
    """Store the therapist's dispute of one statement, for who released it or for somebody else."""
    return once.step(
        lambda store: store.disputes.dispute(
            caller.viewer,
            session_id,
            asked.released_at,
            asked.assessment_id,
            asked.about,
            asked.ground,
            asked.text,
            escalated=asked.another_supervisor,
            request_id=caller.request_id,
        )
    )


@router.post("/{session_id}/disputes/{dispute_id}/withdraw", response_model=Done, responses=STEPPING)
def withdraw(caller: Disputer, once: OnceDep, session_id: UUID, dispute_id: UUID, read: DisputeSeen) -> Response:
    """Take a dispute back that is not decided yet."""
    return once.step(
        lambda store: store.disputes.withdraw(
            caller.viewer, session_id, dispute_id, read.seen, request_id=caller.request_id
        )
    )


@router.post("/{session_id}/disputes/{dispute_id}/escalate", response_model=Done, responses=STEPPING)
def escalate(caller: Disputer, once: OnceDep, session_id: UUID, dispute_id: UUID, read: DisputeSeen) -> Response:
    """Ask the lead, or else another supervisor, to look at a decided dispute."""
    return once.step(
        lambda store: store.disputes.escalate(
            caller.viewer, session_id, dispute_id, read.seen, request_id=caller.request_id
        )
    )


def own_session(view: SessionView, openings: tuple[Opening, ...]) -> OwnSession:
    """Return a therapist's opened session as JSON holds it."""
    decision = view.row.decision
    assert decision is not None  # noqa: S101 - a therapist's sessions are released
    return OwnSession.model_validate(
        {
            "session_id": view.row.session_id,
            "started_at": view.row.started_at,
            "ended_at": view.row.ended_at,
            "released_at": decision.at,
            "released_by": decision.by,
            "acknowledged_at": next((each.at for each in view.row.acknowledgements), None),
            "messages": view.messages,
            "moments": view.moments,
            "notes": view.notes,
            "criterion_answers": view.criterion_answers,
            "disputes": view.disputes,
            "dispute_until": view.dispute_until,
            "openings": openings,
            "measures": view.measures,
        }
    )
