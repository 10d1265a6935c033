"""Keys, what was forgotten, and who looked at what."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import DateTime, Index
from sqlmodel import Field

from plugin.queue.tables.base import Table, utc


class ConversationKey(Table, table=True):
    """The data key of a conversation, wrapped. Deleting the row makes all text sealed with it unreadable."""

    __tablename__ = "conversation_keys"

    tenant: str = Field(primary_key=True)
    conversation_id: str = Field(primary_key=True)
    kek_id: str
    """Names the key that wrapped it."""
    wrapped: bytes = Field(repr=False)
    created_at: datetime = utc()


class ForgottenKind(StrEnum):
    """What asked for it."""

    ERASURE = "erasure"
    """Everything up to then."""
    WITHDRAWAL = "withdrawal"
    """The session that ran then, or ran last."""


class Forgotten(Table, table=True):
    """What must not come back, by keyed hash of tenant and conversation: proof of it, and a guard on every write."""

    __tablename__ = "erasures"

    conversation_hash: bytes = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    until: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    """Sessions that began up to then are meant."""
    erasure_id: str | None
    recorded_at: datetime = utc()


class AuditEntry(Table, table=True):
    """Who did what to which object, why, when, and with what outcome. Never changed, never deleted."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "object_id", "at"),)

    entry_id: UUID = Field(primary_key=True)
    at: datetime = utc()
    account_id: UUID | None
    """None when nobody was logged in. No foreign key: the trail outlives the account."""
    role: str | None
    purpose: str
    object_type: str
    object_id: str
    outcome: str
    request_id: str
