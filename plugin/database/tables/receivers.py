"""The tables of stored receivers, and of the notices that wait for one or were sent to it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, UniqueConstraint, text
from sqlmodel import Field

from plugin.database.tables.base import Json, Table, json, utc


class StoredReceiver(Table, table=True):
    """A receiver of signed webhooks that an operator has added; its name is never used again."""

    __tablename__ = "receivers"
    __table_args__ = (UniqueConstraint("name"),)

    receiver_id: UUID = Field(primary_key=True)
    name: str
    tenant: str | None
    """The platform of whose releases it is told; None for every platform."""
    kinds: Json = json()
    """What it gets, as codes of `plugin.queue.receiver_views.ReceiverKind`."""
    url: str
    """Empty once it is removed, as the secrets are."""
    kek_id: str
    """The id of the key that encrypted the secrets."""
    secret: bytes = Field(repr=False)
    """The encrypted secret that signs what it gets."""
    previous_secret: bytes | None = Field(default=None, repr=False)
    """The encrypted secret before it, which signs too for a while after a rotation."""
    previous_until: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    added_at: datetime = utc()
    disabled_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    removed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class StoredReleaseNotice(Table, table=True):
    """A notice to one receiver that something was released, or is released no more; it holds no words.

    It refers to a session without belonging to its row, which may go while a receiver has still to be told so.
    """

    __tablename__ = "release_notices"
    __table_args__ = (
        UniqueConstraint("receiver_id", "notice_id"),
        Index("ix_release_notices_waiting", "receiver_id", "number", postgresql_where=text("state = 'waiting'")),
        Index(None, "session_id"),
        Index(None, "ended_at"),
    )

    number: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True, nullable=False)
    )
    """The order in which notices were made, in which each receiver gets its own."""
    notice_id: UUID
    """The id that each try of it has, also after a replay; of a release it is the release's own."""
    receiver_id: UUID = Field(foreign_key="receivers.receiver_id", ondelete="CASCADE")
    kind: str
    """One of `plugin.queue.release_notices.NoticeKind`."""
    release_id: UUID
    session_id: UUID
    content: Json = json()
    """Ids, codes and times that the receiver is told beside the ids above."""
    made_at: datetime = utc()
    waiting_since: datetime = utc()
    """From when its tries count: when it was made, or the latest replay."""
    state: str
    """One of `plugin.queue.release_notices.NoticeState`."""
    attempts: int
    next_try_at: datetime = utc()
    leased_until: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """Until when no other process takes it."""
    reason: str | None
    """Why the latest try failed, as a code."""
    ended_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
