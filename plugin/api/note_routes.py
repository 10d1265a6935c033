"""The routes of coaching notes: a supervisor writes them and comes back to them, and who reads one comments on it."""

from datetime import date
from typing import Final
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from plugin.api.caller import Disputer, Reader, Reviewer
from plugin.api.list_models import Part, SessionLine
from plugin.api.once import OnceDep
from plugin.api.read_routes import READING
from plugin.api.requests import AddNote, CommentOnNote, FollowUpOn
from plugin.api.results import Done
from plugin.api.review_routes import STEPPING

router = APIRouter(tags=["notes"])

_NOTES: Final = "/sessions/{session_id}/notes"
_OWN_NOTES: Final = "/own-sessions/{session_id}/notes"


class FollowUp(Part):
    """A note of one's own whose follow-up day has come, with its session."""

    note_id: UUID
    day: date
    session: SessionLine


class FollowUps(Part):
    """The first follow-ups that are due, the longest due first, and how many there are."""

    today: date
    follow_ups: tuple[FollowUp, ...]
    total: int


@router.get("/follow-ups", responses=READING)
def list_follow_ups(caller: Reader) -> FollowUps:
    """Return the notes that a supervisor wanted to come back to by today, on the clocks of her zone."""
    due = caller.store.follow_ups(caller.viewer)
    found = [{"note_id": each.note_id, "day": each.day, "session": each.row} for each in due.shown]
    return FollowUps.model_validate({"today": due.today, "follow_ups": found, "total": due.total})


@router.post(_NOTES, response_model=Done, responses=STEPPING)
def add_note(caller: Reviewer, once: OnceDep, session_id: UUID, note: AddNote) -> Response:
    """Store a coaching note about the session, or about one of its moments."""
    return once.step(
        lambda store: store.reviews.add_note(
            caller.viewer,
            session_id,
            note.exchange_id,
            note.text,
            shared=note.shared,
            follow_up_on=note.follow_up_on,
            request_id=caller.request_id,
        )
    )


@router.post(_NOTES + "/{note_id}/remove", response_model=Done, responses=STEPPING)
def remove_note(caller: Reviewer, once: OnceDep, session_id: UUID, note_id: UUID) -> Response:
    """Remove a note that this supervisor has written, with its comments."""
    return once.step(
        lambda store: store.reviews.remove_note(caller.viewer, session_id, note_id, request_id=caller.request_id)
    )


@router.post(_NOTES + "/{note_id}/follow-up", response_model=Done, responses=STEPPING)
def set_follow_up(caller: Reviewer, once: OnceDep, session_id: UUID, note_id: UUID, asked: FollowUpOn) -> Response:
    """Set the day on which the supervisor wants to come back to a note of her own."""
    return once.step(
        lambda store: store.reviews.set_follow_up(
            caller.viewer, session_id, note_id, asked.day, request_id=caller.request_id
        )
    )


@router.post(_NOTES + "/{note_id}/follow-up/done", response_model=Done, responses=STEPPING)
def finish_follow_up(caller: Reviewer, once: OnceDep, session_id: UUID, note_id: UUID) -> Response:
    """Store that the supervisor has come back to a note of her own."""
    return once.step(
        lambda store: store.reviews.finish_follow_up(caller.viewer, session_id, note_id, request_id=caller.request_id)
    )


@router.post(_NOTES + "/{note_id}/comments", response_model=Done, responses=STEPPING)
def comment_on_note(caller: Reviewer, once: OnceDep, session_id: UUID, note_id: UUID, said: CommentOnNote) -> Response:
    """Store a supervisor's comment under a note; the therapist reads it as they read the note."""
    return once.step(
        lambda store: store.note_threads.comment(
            caller.viewer, session_id, note_id, said.text, request_id=caller.request_id
        )
    )


@router.post(_NOTES + "/comments/{comment_id}/remove", response_model=Done, responses=STEPPING)
def remove_comment(caller: Reviewer, once: OnceDep, session_id: UUID, comment_id: UUID) -> Response:
    """Remove a comment that this supervisor has written."""
    return once.step(
        lambda store: store.note_threads.remove(caller.viewer, session_id, comment_id, request_id=caller.request_id)
    )


@router.post(_OWN_NOTES + "/{note_id}/comments", response_model=Done, responses=STEPPING)
def comment_on_shared_note(
    caller: Disputer, once: OnceDep, session_id: UUID, note_id: UUID, said: CommentOnNote
) -> Response:
    """Store a therapist's comment under a note that was shared with them."""
    return once.step(
        lambda store: store.note_threads.comment(
            caller.viewer, session_id, note_id, said.text, request_id=caller.request_id
        )
    )


@router.post(_OWN_NOTES + "/comments/{comment_id}/remove", response_model=Done, responses=STEPPING)
def remove_own_comment(caller: Disputer, once: OnceDep, session_id: UUID, comment_id: UUID) -> Response:
    """Remove a comment that this therapist has written."""
    return once.step(
        lambda store: store.note_threads.remove(caller.viewer, session_id, comment_id, request_id=caller.request_id)
    )
