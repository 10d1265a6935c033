"""The tables of keys, tombstones, legal holds, erasures, retention runs and the audit trail."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, FetchedValue, Index, LargeBinary, text
from sqlmodel import Field

from plugin.database.tables.base import Table, utc


class ConversationKey(Table, table=True):
    """The wrapped data key of a conversation. Deleting the row makes all text encrypted with it unreadable."""

    __tablename__ = "conversation_keys"

    tenant: str = Field(primary_key=True)
    conversation_id: str = Field(primary_key=True)
    kek_id: str
    """The id of the key that wrapped it."""
    wrapped: bytes = Field(repr=False)
    created_at: datetime = utc()


class ServiceKey(Table, table=True):
    """A wrapped key of the service itself. There is one today: `guard`, the tombstone key."""

    __tablename__ = "service_keys"

    name: str = Field(primary_key=True)
    kek_id: str
    wrapped: bytes = Field(repr=False)
    created_at: datetime = utc()


class TombstoneKind(StrEnum):
    """The kind of an erasure or a withdrawal; the values are stored."""

    ERASURE = "erasure"
    """The sessions of a conversation that began up to then."""
    WITHDRAWAL = "withdrawal"
    """The session of a conversation that was open then, or else the latest before."""
    MESSAGE = "message"
    """A message that was deleted after its session was stored."""
    CLIENT = "client"
    """The sessions that began up to then in which this person wrote as the client."""
    COUNSELLOR = "counsellor"
    """The sessions that began up to then in which this person wrote as a counsellor."""

    @property
    def is_person(self) -> bool:
        """Whether the subject is a person, not a conversation."""
        return self in {TombstoneKind.CLIENT, TombstoneKind.COUNSELLOR}


class Tombstone(Table, table=True):
    """The keyed hash of a conversation or a person whose records must not be stored again."""

    __tablename__ = "erasures"

    subject_hash: bytes = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    until: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    """The broker time up to which the sessions concerned began; of a deleted message, the time of its deletion."""
    erasure_id: str | None
    recorded_at: datetime = utc()


class Hold(Table, table=True):
    """A legal hold: no retention and no erasure removes the rows of this conversation until the hold ends."""

    __tablename__ = "holds"

    tenant: str = Field(primary_key=True)
    conversation_id: str = Field(primary_key=True)
    reason: str
    added_at: datetime = utc()


class ErasureRequest(Table, table=True):
    """A request of `counterpoint erase`: the state that an interrupted run resumes, and the proof of a finished one."""

    __tablename__ = "erasure_requests"
    __table_args__ = (Index(None, "subject_hash"),)

    erasure_id: UUID = Field(primary_key=True)
    kind: str
    subject_hash: bytes = Field(repr=False)
    requested_at: datetime = utc()
    """When the command was given; the tombstone has the broker time up to which is erased."""
    sessions: int = 0
    """The number of sessions removed from the database so far."""
    keys: int = 0
    """The number of data keys destroyed so far."""
    finished_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    topics_clear_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """When the broker has deleted the last copy; None if it never does, or while the request is not finished."""


class RetentionRun(Table, table=True):
    """The report of one run of `counterpoint retention`."""

    __tablename__ = "retention_runs"

    run_id: UUID = Field(primary_key=True)
    started_at: datetime = utc()
    finished_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """None if the run was interrupted; the next run does the rest."""
    texts: int = 0
    """The number of sessions whose messages were removed."""
    quotes: int = 0
    """The number of sessions whose answers' words, coaching notes, reasons and disputes were removed."""
    sessions: int = 0
    """The number of sessions that were removed as a whole."""
    keys: int = 0
    """The number of data keys destroyed, since nothing is left that they decrypt."""
    audit_entries: int = 0
    held: int = 0
    """The number of sessions that were due and are kept because of a legal hold."""


class AuditEntry(Table, table=True):
    """An entry of the audit trail: who did what to which object, why, when, and with what outcome.

    The database itself chains the entries, and refuses to change or delete them (docs/decisions/0019).
    """

    __tablename__ = "audit"
    __table_args__ = (
        Index(None, "object_id", "at"),
        Index("ix_audit_tombstones", "seq", postgresql_where=text("purpose = 'retention' AND object_type = 'audit'")),
    )

    entry_id: UUID = Field(primary_key=True)
    seq: int | None = Field(default=None, sa_column=Column(BigInteger, FetchedValue(), unique=True, nullable=False))
    """The number of the entry: 1, 2, 3 ... without a gap. The database fills in this, `previous` and `hash`."""
    previous: bytes | None = Field(
        default=None, repr=False, sa_column=Column(LargeBinary, FetchedValue(), nullable=False)
    )
    """The hash of the entry before; 32 zero bytes in the first one."""
    hash: bytes | None = Field(default=None, repr=False, sa_column=Column(LargeBinary, FetchedValue(), nullable=False))
    at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True), FetchedValue(), nullable=False))
    """When it was written, by the database's clock, which fills this in too: retention runs on it."""
    account_id: UUID | None
    """The account, None when nobody was logged in. Not a foreign key, since the trail outlives the account."""
    role: str | None
    purpose: str
    object_type: str
    object_id: str
    outcome: str
    request_id: str
