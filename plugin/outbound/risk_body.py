"""What a risk signal says on its way out: where there is something to read, and never a word of it."""

import json
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from stream.contracts.ids import NAMESPACE
from stream.contracts.risk import RiskSignal

NOTE: Final = "A word list heard this. It is no crisis monitor: it misses much and is often wrong."


def risk_body(signal: RiskSignal) -> str:
    """Return a signal as the body of a webhook, the same for each try of it."""
    return _body("risk.raised", signal.event_id, signal.appended_at, signal.model_dump(mode="json"))


def escalation_body(signal: RiskSignal) -> str:
    """Return a signal that nobody acknowledged in time as the body of a webhook."""
    return _body("risk.escalated", signal.event_id, signal.appended_at, signal.model_dump(mode="json"))


def escalation_id(signal_id: UUID) -> UUID:
    """Return the id under which an escalation is sent; the signal's own would look like a repetition of it."""
    return uuid5(NAMESPACE, f"risk escalation\x1f{signal_id}")


def _body(kind: str, signal_id: UUID, appended_at: datetime, signal: dict[str, object]) -> str:
    data = {"id": str(signal_id), **signal, "note": NOTE}
    return json.dumps({"type": kind, "timestamp": appended_at.isoformat(), "data": data})
