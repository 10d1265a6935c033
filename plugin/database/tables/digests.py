"""The tables of digests: how each person wants them, up to when they have read, and what was sent for which day."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import DateTime, Index, UniqueConstraint
from sqlmodel import Field

from plugin.database.tables.base import Json, Table, json, utc


class StoredDigestPreferences(Table, table=True):
    """On which days, at which hour and by which way a person wants a digest; no row means none.

    The address is plain, like the names of an account: the process that sends has no key of any text, and a key for
    addresses alone would lie beside them in that same process. Only the person's own pages and that process read it.
    """

    __tablename__ = "digest_preferences"

    account_id: UUID = Field(primary_key=True, foreign_key="accounts.account_id", ondelete="CASCADE")
    way: str
    """One of `plugin.queue.digest_preferences.Way`."""
    receiver: str
    """The mail address, or the name of a webhook of the settings; empty where the way is none."""
    days: Json = json()
    """The days of the week, 0 for Monday to 6 for Sunday."""
    hour: int
    zone: str
    """The time zone in which the hour is meant, such as Europe/Berlin."""
    set_at: datetime = utc()


class StoredDigestMark(Table, table=True):
    """Up to when a person has said that they have read what is new."""

    __tablename__ = "digest_marks"

    account_id: UUID = Field(primary_key=True, foreign_key="accounts.account_id", ondelete="CASCADE")
    read_until: datetime = utc()


class StoredDelivery(Table, table=True):
    """The digest of one person for one day; two of them for the same day cannot be."""

    __tablename__ = "digest_deliveries"
    __table_args__ = (
        UniqueConstraint("account_id", "period"),
        Index(None, "state", "next_try_at"),
    )

    delivery_id: UUID = Field(primary_key=True)
    """Made from person and day, so that each try has the same id and a receiver can drop a repeated one."""
    account_id: UUID = Field(foreign_key="accounts.account_id", ondelete="CASCADE")
    period: date
    """The day in the person's time zone that it is for."""
    way: str
    receiver: str
    """The name of the webhook; empty for mail, whose address stands in the preferences alone."""
    since: datetime = utc()
    until: datetime = utc()
    state: str
    attempts: int
    next_try_at: datetime = utc()
    leased_until: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """Until when no other process takes it."""
    reason: str | None
    """Why the latest try failed, as a code."""
    ended_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
