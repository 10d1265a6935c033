"""The table of what a therapist writes in the practice box beside an own moment."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from plugin.database.tables.base import Table, utc


class StoredAttempt(Table, table=True):
    """A therapist's rewritten reply with the model's answer. A row is never changed, and read by its author alone."""

    __tablename__ = "practice_attempts"
    __table_args__ = (Index(None, "session_id"), Index(None, "account_id"))

    attempt_id: UUID = Field(primary_key=True)
    session_id: UUID = Field(foreign_key="sessions.session_id", ondelete="CASCADE")
    exchange_id: UUID
    """The moment. Not a foreign key, since a new revision writes its exchanges again."""
    account_id: UUID = Field(foreign_key="accounts.account_id")
    is_draft: bool
    """Whether no model has answered; the next attempt at the moment takes a draft's place."""
    words: bytes = Field(repr=False)
    """The rewritten reply and the whole answer of the model, its levels too, encrypted."""
    written_at: datetime = utc()
