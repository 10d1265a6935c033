"""The tables of rehearsals: what a therapist and a written client say, for that therapist alone."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from plugin.database.tables.base import Table, utc


class StoredRehearsal(Table, table=True):
    """A rehearsal. It belongs to no session, and has a data key of its own, so that a removed one cannot be read."""

    __tablename__ = "rehearsals"
    __table_args__ = (Index(None, "account_id"), Index(None, "begun_at"))

    rehearsal_id: UUID = Field(primary_key=True)
    account_id: UUID = Field(foreign_key="accounts.account_id")
    kek_id: str
    """The id of the key that wrapped the data key."""
    wrapped: bytes = Field(repr=False)
    begun_at: datetime = utc()


class StoredRehearsalStep(Table, table=True):
    """The beginning of a rehearsal, or one reply with its rating and what the client says next. It is never changed."""

    __tablename__ = "rehearsal_steps"

    rehearsal_id: UUID = Field(primary_key=True, foreign_key="rehearsals.rehearsal_id", ondelete="CASCADE")
    number: int = Field(primary_key=True)
    """0 for the beginning, then 1, 2, 3 ... for the replies."""
    is_draft: bool
    """Whether no model has answered; the next reply takes a draft's place."""
    words: bytes = Field(repr=False)
    """All of it, who the client is and every level too, encrypted."""
    written_at: datetime = utc()
