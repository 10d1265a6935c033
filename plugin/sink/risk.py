"""Storing of a risk signal, so that it can be acknowledged; nothing of it is a part of the queue."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from plugin.crypto.keys import FingerprintKey
from plugin.database.tables import StoredRiskSignal, TombstoneKind
from plugin.database.tombstones import Subject, find_tombstone_times
from stream.contracts.risk import RiskSignal


def store_risk(session: Session, key: FingerprintKey, signal: RiskSignal, now: datetime) -> bool:
    """Store a signal unless an erasure or a withdrawal may be about it; return whether one may. Again changes nothing.

    The caller holds the conversation's lock.
    """
    for kind in (TombstoneKind.ERASURE, TombstoneKind.WITHDRAWAL):
        subject = Subject(kind, signal.tenant, signal.conversation_id)
        if find_tombstone_times(session, key, subject, signal.appended_at):
            return True
    values = signal.model_dump(mode="json") | {"appended_at": signal.appended_at, "session_id": signal.session_id}
    row = {"signal_id": signal.event_id, **values, "stored_at": now, "escalation_tries": 0}
    session.exec(insert(StoredRiskSignal).values(**row).on_conflict_do_nothing())
    return False
