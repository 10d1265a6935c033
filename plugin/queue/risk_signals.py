"""Acknowledgements of risk signals: a platform says that its protocol has one, and what was done."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import col, select

from plugin.database.audit import add_audit_entry
from plugin.database.engine import Database, transaction
from plugin.database.tables import StoredRiskSignal
from plugin.database.viewer import Viewer
from plugin.queue.views import DecisionOutcome


class RiskAction(StrEnum):
    """What was done about a risk signal; the values are stored, and no free text is."""

    CONTACTED = "contacted"
    """Somebody spoke with the client about it."""
    PROTOCOL_STARTED = "protocol_started"
    NO_DANGER = "no_danger"
    """Somebody read the message, and it is none."""
    OTHER = "other"


class RiskSignals:
    """The risk signals of a database. Every method may raise `Unavailable` when the database is away."""

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def acknowledge(
        self, viewer: Viewer, signal_id: UUID, action: RiskAction, *, request_id: str = ""
    ) -> DecisionOutcome:
        """Acknowledge a signal, which is then not escalated; of several actions the latest stands.

        The time of the first acknowledgement stays. Who said it stands on the audit trail alone.
        """
        with transaction(self._database, viewer.user_id) as session:
            wanted = select(StoredRiskSignal).where(col(StoredRiskSignal.signal_id) == signal_id)
            row = session.exec(wanted.with_for_update()).first()
            if row is None:
                return DecisionOutcome.NOT_FOUND
            row.acknowledged_at, row.action = row.acknowledged_at or self._now(), action.value
            session.add(row)
            session.flush()
            add_audit_entry(
                session,
                viewer,
                purpose="risk acknowledgement",
                object_type="risk_signal",
                object_id=signal_id,
                outcome=action.value,
                request_id=request_id,
            )
        return DecisionOutcome.DONE
