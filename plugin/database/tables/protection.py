"""Keys, what was forgotten, and who looked at what."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, FetchedValue, Index, LargeBinary, text
from sqlmodel import Field

from plugin.database.tables.base import Table, utc


class ConversationKey(Table, table=True):
    """The data key of a conversation, wrapped. Deleting the row makes all text sealed with it unreadable."""

    __tablename__ = "conversation_keys"

    tenant: str = Field(primary_key=True)
    conversation_id: str = Field(primary_key=True)
    kek_id: str
    """Names the key that wrapped it."""
    wrapped: bytes = Field(repr=False)
    created_at: datetime = utc()


class ServiceKey(Table, table=True):
    """A key that the service itself works with, wrapped. Today one: `guard`, which hashes what was forgotten."""

    __tablename__ = "service_keys"

    name: str = Field(primary_key=True)
    kek_id: str
    wrapped: bytes = Field(repr=False)
    created_at: datetime = utc()


class ForgottenKind(StrEnum):
    """What asked for it."""

    ERASURE = "erasure"
    """Everything of a conversation up to then."""
    WITHDRAWAL = "withdrawal"
    """The session that ran then, or ran last."""
    CLIENT = "client"
    """Everything up to then in which this person wrote as the client."""
    COUNSELLOR = "counsellor"
    """The sessions that began up to then in which this person wrote as a counsellor."""


class Forgotten(Table, table=True):
    """What must not come back, by keyed hash of the conversation or the person: proof, and a guard on every write."""

    __tablename__ = "erasures"

    subject_hash: bytes = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    until: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    """Sessions that began up to then are meant."""
    erasure_id: str | None
    recorded_at: datetime = utc()


class Hold(Table, table=True):
    """A conversation that must be kept as evidence: until the hold ends no clock and no erasure removes its rows."""

    __tablename__ = "holds"

    tenant: str = Field(primary_key=True)
    conversation_id: str = Field(primary_key=True)
    reason: str
    added_at: datetime = utc()


class ErasureRequest(Table, table=True):
    """One run of `counterpoint erase`: what a broken one goes on with, and the proof of a finished one."""

    __tablename__ = "erasure_requests"
    __table_args__ = (Index(None, "subject_hash"),)

    erasure_id: UUID = Field(primary_key=True)
    kind: str
    subject_hash: bytes = Field(repr=False)
    requested_at: datetime = utc()
    """Sessions that began up to then are meant."""
    sessions: int = 0
    """Removed from the database so far."""
    keys: int = 0
    """Destroyed so far."""
    finished_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    topics_clear_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """When the broker has dropped the last copy; None where it never does, or the run is not finished."""


class RetentionRun(Table, table=True):
    """One run of `counterpoint retention`: its report."""

    __tablename__ = "retention_runs"

    run_id: UUID = Field(primary_key=True)
    started_at: datetime = utc()
    finished_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """None: it was interrupted; the next run did the rest."""
    texts: int = 0
    """Sessions that lost their messages."""
    quotes: int = 0
    """Sessions whose answers lost their words."""
    sessions: int = 0
    """Sessions removed whole."""
    keys: int = 0
    """Data keys destroyed, for nothing is left that they open."""
    audit_entries: int = 0
    held: int = 0
    """Sessions that were due and are kept for a legal hold."""


class AuditEntry(Table, table=True):
    """Who did what to which object, why, when, and with what outcome.

    The database itself chains the entries, and lets none be changed or deleted (docs/decisions/0019).
    """

    __tablename__ = "audit"
    __table_args__ = (
        Index(None, "object_id", "at"),
        Index("ix_audit_tombstones", "seq", postgresql_where=text("purpose = 'retention' AND object_type = 'audit'")),
    )

    entry_id: UUID = Field(primary_key=True)
    seq: int | None = Field(default=None, sa_column=Column(BigInteger, FetchedValue(), unique=True, nullable=False))
    """1, 2, 3 ... without a gap. This, `previous` and `hash` are the database's to fill."""
    previous: bytes | None = Field(
        default=None, repr=False, sa_column=Column(LargeBinary, FetchedValue(), nullable=False)
    )
    """The hash of the entry before; of the first one 32 zero bytes."""
    hash: bytes | None = Field(default=None, repr=False, sa_column=Column(LargeBinary, FetchedValue(), nullable=False))
    at: datetime = utc()
    account_id: UUID | None
    """None when nobody was logged in. No foreign key: the trail outlives the account."""
    role: str | None
    purpose: str
    object_type: str
    object_id: str
    outcome: str
    request_id: str
