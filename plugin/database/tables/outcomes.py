"""The table of outcomes: ratings and scores that clients and counsellors gave, under pseudonyms and without text."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from plugin.database.tables.base import Table, utc


class StoredOutcome(Table, table=True):
    """An outcome as it was given last. It refers to no session's row, since it may come before its session."""

    __tablename__ = "outcomes"
    __table_args__ = (
        Index(None, "tenant", "conversation_id"),
        Index(None, "tenant", "author"),
        Index(None, "appended_at"),
    )

    outcome_key: UUID = Field(primary_key=True)
    tenant: str
    conversation_id: str
    session_id: UUID | None
    """Its session, where the sender knew the id."""
    instrument: str
    score: float
    occasion: str
    given_by: str
    author: str
    given_at: datetime = utc()
    secondary_use: bool
    """Whether the client agreed that it is used beyond their own counselling."""
    appended_at: datetime = utc()
    """The broker's time, or that of the API: rights and retention go by it."""
    stored_at: datetime = utc()
