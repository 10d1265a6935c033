"""The table of saved views: filters of the waiting list that a person keeps under names of their own."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from plugin.database.tables.base import Json, Table, json, utc


class StoredView(Table, table=True):
    """A saved view of one person. It holds codes, ids and days of a filter, and the name that its owner gave it."""

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("account_id", "name"),)

    view_id: UUID = Field(primary_key=True)
    account_id: UUID = Field(foreign_key="accounts.account_id", ondelete="CASCADE")
    name: str
    """Plain, like the names of accounts and teams: it belongs to no conversation, and so to no key of one."""
    chosen: Json = json()
    """The filter and the order in the form of `plugin.queue.filter_form`."""
    saved_at: datetime = utc()
