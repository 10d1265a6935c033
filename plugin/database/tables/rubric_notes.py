"""The tables of rubric notes: what a lead writes about one mechanism of the rubric, in versions."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from plugin.database.tables.base import Table, utc


class StoredRubricNote(Table, table=True):
    """A note on one mechanism. It has a data key of its own, so that nothing of a removed note can be read."""

    __tablename__ = "rubric_notes"

    note_id: UUID = Field(primary_key=True)
    mechanism: str
    kek_id: str
    """The id of the key that wrapped the data key."""
    wrapped: bytes = Field(repr=False)
    begun_at: datetime = utc()


class StoredRubricNoteVersion(Table, table=True):
    """One version of a note. A row is never changed: an edit adds the next one."""

    __tablename__ = "rubric_note_versions"

    note_id: UUID = Field(primary_key=True, foreign_key="rubric_notes.note_id", ondelete="CASCADE")
    number: int = Field(primary_key=True)
    """1, 2, 3 ... in the order of the versions; the highest is the note as it is."""
    words: bytes = Field(repr=False)
    """The encrypted text."""
    rubric: str
    """The version of the rubric that the note is about."""
    account_id: UUID = Field(foreign_key="accounts.account_id")
    written_at: datetime = utc()
