"""The routes of rubric notes: everybody who reads the glossary reads them, and a lead writes them."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from plugin.api.caller import RubricReader, RubricWriter
from plugin.api.list_models import Part
from plugin.api.once import OnceDep
from plugin.api.read_routes import READING
from plugin.api.requests import EditRubricNote, RemoveRubricNote, WriteRubricNote
from plugin.api.results import Done
from plugin.api.review_routes import STEPPING
from stream.contracts.vocabulary import Mechanism

router = APIRouter(prefix="/rubric-notes", tags=["rubric notes"])


class RubricNoteVersion(Part):
    """One version of a note."""

    number: int
    by: str
    at: datetime
    rubric: str = Field(description="The version of the rubric that the note is about.")
    text: str = Field(repr=False)


class RubricNote(Part):
    """A note on one mechanism with its versions in order; the last one is the note as it is."""

    note_id: UUID
    mechanism: Mechanism
    versions: tuple[RubricNoteVersion, ...]


class RubricNotes(Part):
    """The notes, by mechanism and the oldest first."""

    notes: tuple[RubricNote, ...]


@router.get("", responses=READING)
def list_rubric_notes(caller: RubricReader) -> RubricNotes:
    """Return what disputes and reviews taught about each mechanism, as the glossary shows it."""
    return RubricNotes.model_validate({"notes": caller.store.rubric_notes.all(caller.viewer)})


@router.post("", response_model=Done, responses=STEPPING)
def write_rubric_note(caller: RubricWriter, once: OnceDep, asked: WriteRubricNote) -> Response:
    """Store the first version of a note."""
    return once.step(
        lambda store: store.rubric_notes.write(caller.viewer, asked.mechanism, asked.text, request_id=caller.request_id)
    )


@router.post("/{note_id}/versions", response_model=Done, responses=STEPPING)
def edit_rubric_note(caller: RubricWriter, once: OnceDep, note_id: UUID, asked: EditRubricNote) -> Response:
    """Store the next version of a note; those before it stay."""
    return once.step(
        lambda store: store.rubric_notes.edit(
            caller.viewer, note_id, asked.seen, asked.text, request_id=caller.request_id
        )
    )


@router.post("/{note_id}/remove", response_model=Done, responses=STEPPING)
def remove_rubric_note(caller: RubricWriter, once: OnceDep, note_id: UUID, read: RemoveRubricNote) -> Response:
    """Remove a note for good, with all its versions."""
    return once.step(
        lambda store: store.rubric_notes.remove(caller.viewer, note_id, read.seen, request_id=caller.request_id)
    )
