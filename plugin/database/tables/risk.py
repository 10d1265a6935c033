"""The table of risk signals: what a platform was told at once, and whether somebody has acknowledged it there."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Index
from sqlmodel import Field

from plugin.database.tables.base import Json, Table, json, utc


class StoredRiskSignal(Table, table=True):
    """A risk signal, without text; it belongs to no session's row, since its session may be open still.

    Who acknowledged it stands on the audit trail alone, so that nothing here can be counted by person.
    """

    __tablename__ = "risk_signals"
    __table_args__ = (Index(None, "tenant", "conversation_id"), Index(None, "appended_at"))

    signal_id: UUID = Field(primary_key=True)
    tenant: str
    conversation_id: str
    session_id: UUID
    message_id: str
    revision: int = Field(sa_type=BigInteger)
    concerns: Json = json()
    heard_by: Json = json()
    appended_at: datetime = utc()
    """The broker's append time of the message, from which the time to acknowledge it runs."""
    stored_at: datetime = utc()
    escalation_tries: int = 0
    next_try_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """Until when nobody tries to escalate it again."""
    escalated_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """When a receiver took it as one that nobody had acknowledged in time."""
    acknowledged_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    action: str | None = None
    """What was done, one of `plugin.queue.risk_signals.RiskAction`; the latest one stands."""
