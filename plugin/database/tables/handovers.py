"""The table of hand-overs: with whom a session is that waits for its review, and how it came there."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, Column, Computed
from sqlmodel import Field

from plugin.database.tables.base import Table, utc


class StoredHandover(Table, table=True):
    """One hand-over of a session among those who review it. Hand-overs are only ever added; the latest one counts."""

    __tablename__ = "handovers"

    session_id: UUID = Field(primary_key=True, foreign_key="sessions.session_id", ondelete="CASCADE")
    number: int = Field(primary_key=True)
    """1, 2, 3 ... in the order of the hand-overs."""
    revision: int
    """The session's revision that was handed over. A decision about this revision or a later one ends it."""
    kind: str
    account_id: UUID = Field(foreign_key="accounts.account_id")
    """Who handed the session over, sent it back or took it over."""
    receiver_id: UUID | None = Field(foreign_key="accounts.account_id", index=True)
    """With whom the session is from then on; None for the queue, from which anybody takes it."""
    words: bytes | None = Field(repr=False)
    """The encrypted reason; it goes with the quotes, and when a message is changed that it may quote."""
    has_words: bool = Field(
        default=None, sa_column=Column(Boolean, Computed("words IS NOT NULL", persisted=True), nullable=True)
    )
    """Whether there is a reason, for roles that may not read it."""
    handed_at: datetime = utc()
