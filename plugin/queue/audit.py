"""The trail: who did what to which object, why, when, and with what outcome; in the transaction of the deed itself."""

from datetime import datetime
from uuid import uuid4

from sqlmodel import Session

from plugin.queue.tables import AuditEntry
from plugin.queue.views import Viewer


def note(
    session: Session,
    viewer: Viewer | None,
    *,
    purpose: str,
    object_type: str,
    object_id: object,
    outcome: str,
    request_id: str,
    now: datetime,
) -> None:
    """Write one entry. None of the values may hold text of a session or what somebody typed."""
    session.add(
        AuditEntry(
            entry_id=uuid4(),
            at=now,
            account_id=None if viewer is None else viewer.user_id,
            role=None if viewer is None else viewer.role.value,
            purpose=purpose,
            object_type=object_type,
            object_id=str(object_id),
            outcome=outcome,
            request_id=request_id,
        )
    )
