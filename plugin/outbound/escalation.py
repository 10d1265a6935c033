"""The escalation of risk signals that nobody has acknowledged in time, from the rows of one platform."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Engine, func, or_, update
from sqlmodel import col, select

from plugin.database.engine import transaction
from plugin.database.tables import StoredRiskSignal
from plugin.outbound.pauses import pause_s
from plugin.outbound.risk_body import escalation_body, escalation_id
from plugin.outbound.risk_delivery import RiskOutcome
from plugin.outbound.webhook import SignedWebhook
from stream.contracts.risk import RiskSignal
from stream.runtime.logging import get_logger
from stream.runtime.metrics import RISK_DELIVERIES, RISK_UNACKNOWLEDGED

LEASE: Final = timedelta(minutes=1)
"""How long a signal belongs to the process that escalates it: several times the timeouts of one request."""
GIVEN_UP_AFTER: Final = timedelta(days=1)
"""After a day nobody is told of a signal any more: whoever looks now looks at what the platform itself has."""


class Escalator:
    """An escalator of one platform's signals. Its methods raise `Unavailable` when the database is away."""

    def __init__(
        self, engine: Engine, tenant: str, receiver: SignedWebhook, within_s: float, *, now: Callable[[], datetime]
    ) -> None:
        """`within_s` is how many seconds there are to acknowledge a signal, from the message's append."""
        self._engine = engine
        self._tenant = tenant
        self._receiver = receiver
        self._within = timedelta(seconds=within_s)
        self._now = now

    def measure(self) -> None:
        """Set the metric that says how many signals of the last day nobody has acknowledged in time."""
        with transaction(self._engine) as session:
            waiting = select(func.count()).select_from(StoredRiskSignal).where(*self._unacknowledged())
            RISK_UNACKNOWLEDGED.labels(tenant=self._tenant).set(session.exec(waiting).one())

    def escalate_one(self) -> bool:
        """Escalate the signal that has waited longest, and return whether one was and another may follow at once."""
        taken = self._take()
        if taken is None:
            return False
        signal, tries = taken
        answer = self._receiver.post(escalation_id(signal.event_id), escalation_body(signal))
        now = self._now()
        changes = {"escalated_at": now} if answer.is_taken else {"next_try_at": now + timedelta(seconds=pause_s(tries))}
        with transaction(self._engine) as session:
            session.exec(
                update(StoredRiskSignal)
                .where(col(StoredRiskSignal.signal_id) == signal.event_id)
                .values(**changes)
                .execution_options(synchronize_session=False)
            )
        outcome = RiskOutcome.ESCALATED if answer.is_taken else RiskOutcome.ESCALATION_TRIED
        RISK_DELIVERIES.labels(tenant=self._tenant, outcome=outcome.value).inc()
        event_id = str(signal.event_id)
        get_logger().info(
            "risk_told", tenant=self._tenant, event_id=event_id, state=outcome.value, status=answer.status
        )
        return answer.is_taken

    def _take(self) -> tuple[RiskSignal, int] | None:
        """Take the signal that has waited longest, with the number of this try; nobody else takes it meanwhile."""
        now = self._now()
        due = (
            select(StoredRiskSignal)
            .where(
                *self._unacknowledged(),
                col(StoredRiskSignal.escalated_at).is_(None),
                or_(col(StoredRiskSignal.next_try_at).is_(None), col(StoredRiskSignal.next_try_at) <= now),
            )
            .order_by(col(StoredRiskSignal.appended_at), col(StoredRiskSignal.signal_id))
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        with transaction(self._engine) as session:
            row = session.exec(due).first()
            if row is None:
                return None
            row.escalation_tries, row.next_try_at = row.escalation_tries + 1, now + LEASE
            session.add(row)
            return RiskSignal.model_validate(row, from_attributes=True), row.escalation_tries

    def _unacknowledged(self) -> tuple[ColumnElement[bool], ...]:
        now = self._now()
        return (
            col(StoredRiskSignal.tenant) == self._tenant,
            col(StoredRiskSignal.acknowledged_at).is_(None),
            col(StoredRiskSignal.appended_at) <= now - self._within,
            col(StoredRiskSignal.appended_at) > now - GIVEN_UP_AFTER,
        )
