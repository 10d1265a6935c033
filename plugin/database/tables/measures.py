"""The table of measures: what the measures say of sessions, in numbers and labels without any text."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Column, Index, Text
from sqlmodel import Field

from plugin.database.tables.base import Json, Table, json, utc


class StoredMeasures(Table, table=True):
    """What was said of the latest revision of a session that was measured.

    It refers to no session's row, since it may come before its session; until that is there nobody reads it.
    """

    __tablename__ = "measures"
    __table_args__ = (Index(None, "tenant", "conversation_id"), Index(None, "last_appended_at"))

    session_id: UUID = Field(primary_key=True)
    tenant: str
    conversation_id: str
    revision: int
    first_appended_at: datetime = utc()
    """The broker's time: an erasure or a withdrawal goes by it."""
    last_appended_at: datetime = utc()
    """The broker's time: retention goes by it."""
    reader: str
    absent: str | None
    turns: list[Json] = json()
    measures: list[Json] = json()
    people: list[str] | None = Field(default=None, sa_column=Column(ARRAY(Text)))
    """Who wrote in this revision, while the session's row does not say so; None once it does, or where nobody knows."""
    stored_at: datetime = utc()
