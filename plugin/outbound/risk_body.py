"""What a risk signal says on its way out: where there is something to read, and never a word of it."""

import json
from typing import Final
from uuid import UUID, uuid5

from stream.contracts.ids import NAMESPACE
from stream.contracts.risk import RiskSignal
from stream.contracts.vocabulary import HeardBy

NOTE: Final = "A word list heard this. It is no crisis monitor: it misses much and is often wrong."
READER_NOTE: Final = (
    "A model heard this that no clinician has validated. It is no crisis monitor: it misses much and is often wrong."
)


def risk_body(signal: RiskSignal) -> str:
    """Return a signal as the body of a webhook, the same for each try of it."""
    return _body("risk.raised", signal)


def escalation_body(signal: RiskSignal) -> str:
    """Return a signal that nobody acknowledged in time as the body of a webhook."""
    return _body("risk.escalated", signal)


def escalation_id(signal_id: UUID) -> UUID:
    """Return the id under which an escalation is sent; the signal's own would look like a repetition of it."""
    return uuid5(NAMESPACE, f"risk escalation\x1f{signal_id}")


def _body(kind: str, signal: RiskSignal) -> str:
    note = NOTE if HeardBy.LEXICON in signal.heard_by else READER_NOTE
    data = {"id": str(signal.event_id), **signal.model_dump(mode="json"), "note": note}
    return json.dumps({"type": kind, "timestamp": signal.appended_at.isoformat(), "data": data})
