"""The table of the dead letters that operators have handled."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger
from sqlmodel import Field

from plugin.database.tables.base import Table, utc


class HandledDeadLetter(Table, table=True):
    """A dead letter that was replayed, put back or dropped; it is noted here, since Kafka cannot delete one record."""

    __tablename__ = "handled_dead_letters"

    partition: int = Field(primary_key=True)
    offset: int = Field(primary_key=True, sa_type=BigInteger)
    set_aside_ms: int = Field(primary_key=True, sa_type=BigInteger)
    """The broker's append time in ms, since a topic that was created again counts its offsets from 0 again."""
    outcome: str
    run_id: UUID
    """The object of the run's own entry in the audit trail."""
    handled_at: datetime = utc()
