"""Functions that remove stored risk signals, after a withdrawal, an erasure or their time."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, delete, exists, select

from plugin.database.tables import Hold, StoredRiskSignal


def remove_risk_of_conversation(session: Session, tenant: str, conversation_id: str, until: datetime | None) -> None:
    """Remove the signals of messages up to the broker time `until`; None means all."""
    theirs = [col(StoredRiskSignal.tenant) == tenant, col(StoredRiskSignal.conversation_id) == conversation_id]
    if until is not None:
        theirs.append(col(StoredRiskSignal.appended_at) <= until)
    session.exec(delete(StoredRiskSignal).where(*theirs))


def remove_risk_of_session(session: Session, session_id: UUID) -> None:
    """Remove the signals of one session."""
    session.exec(delete(StoredRiskSignal).where(col(StoredRiskSignal.session_id) == session_id))


def remove_old_risk(session: Session, cutoff: datetime) -> None:
    """Remove the signals of messages before a broker time, unless their conversation is under a legal hold."""
    held = select(Hold.tenant).where(
        col(Hold.tenant) == col(StoredRiskSignal.tenant),
        col(Hold.conversation_id) == col(StoredRiskSignal.conversation_id),
    )
    is_old = col(StoredRiskSignal.appended_at) < cutoff
    session.exec(delete(StoredRiskSignal).where(is_old, ~exists(held.correlate(StoredRiskSignal))))
