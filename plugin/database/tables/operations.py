"""What operators did to records on the broker."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger
from sqlmodel import Field

from plugin.database.tables.base import Table, utc


class HandledDeadLetter(Table, table=True):
    """A dead letter that was replayed, put back or dropped. Kafka cannot take one record out of a topic."""

    __tablename__ = "handled_dead_letters"

    partition: int = Field(primary_key=True)
    offset: int = Field(primary_key=True, sa_type=BigInteger)
    set_aside_ms: int = Field(primary_key=True, sa_type=BigInteger)
    """The broker's append time: a topic that was made anew counts its offsets from 0 again."""
    outcome: str
    run_id: UUID
    """The run's own entry on the trail has this as its object."""
    handled_at: datetime = utc()
