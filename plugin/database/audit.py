"""The audit trail: who did what to which object, why, when and with what outcome.

An entry is written in the transaction of the act that it records.

The database numbers the entries, says when they were written and chains them by hash
(`migrations/versions/r0006_guard_the_trail.py`); `plugin.privacy.audit_trail` verifies the chain.
"""

from collections.abc import Sequence
from typing import Final
from uuid import uuid4

from sqlalchemy import insert, text
from sqlmodel import Session

from plugin.database.tables import AuditEntry
from plugin.database.viewer import Viewer

DAY_S: Final = 86_400


def add_audit_entry(
    session: Session,
    viewer: Viewer | None,
    *,
    purpose: str,
    object_type: str,
    object_id: object,
    outcome: str,
    request_id: str,
) -> None:
    """Write one entry. None of the values may hold text of a session, or text that somebody typed.

    The next writer of an entry waits until this transaction ends, so write the entry last.
    """
    add_audit_entries(
        session,
        viewer,
        purpose=purpose,
        object_type=object_type,
        object_ids=[object_id],
        outcome=outcome,
        request_id=request_id,
    )


def add_audit_entries(
    session: Session,
    viewer: Viewer | None,
    *,
    purpose: str,
    object_type: str,
    object_ids: Sequence[object],
    outcome: str,
    request_id: str,
) -> None:
    """Write an entry about each of some objects, in their order, without a wait for the database after each."""
    if not object_ids:
        return
    entries = [
        {
            "entry_id": uuid4(),
            "account_id": None if viewer is None else viewer.user_id,
            "role": None if viewer is None else viewer.role.value,
            "purpose": purpose,
            "object_type": object_type,
            "object_id": str(object_id),
            "outcome": outcome,
            "request_id": request_id,
        }
        for object_id in object_ids
    ]
    session.execute(insert(AuditEntry), entries)


def set_audit_minimum(session: Session, days: float) -> bool:
    """Set for how many days the database keeps an entry, whoever wants to remove it; return whether that is a change.

    Only the owner of the tables may do this, and the audit trail records it.
    """
    present = session.scalar(
        text("SELECT public.counterpoint_audit_minimum() = make_interval(secs => :s)"), {"s": days * DAY_S}
    )
    if present:
        return False
    session.execute(
        text(
            "CREATE OR REPLACE FUNCTION public.counterpoint_audit_minimum() RETURNS interval LANGUAGE sql STABLE"
            f" SET search_path = pg_catalog, public, pg_temp AS $$ SELECT make_interval(secs => {days * DAY_S:f}) $$"
        )
    )
    add_audit_entry(
        session,
        None,
        purpose="minimum of the trail",
        object_type="audit",
        object_id=f"{days:g} days",
        outcome="done",
        request_id="",
    )
    return True
