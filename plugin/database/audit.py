"""The audit trail: who did what to which object, why, when and with what outcome.

An entry is written in the transaction of the act that it records.

The database numbers the entries and chains them by hash (`migrations/versions/r0003_forget_and_protect.py`);
`plugin.privacy.audit_trail` verifies the chain.
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from sqlalchemy import insert
from sqlmodel import Session

from plugin.database.tables import AuditEntry
from plugin.database.viewer import Viewer

INITIAL_HASH: Final = bytes(32)
"""The hash that stands in the first entry in place of a predecessor's."""


def add_audit_entry(
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
    """Write one entry. None of the values may hold text of a session, or text that somebody typed.

    The next writer of an entry waits until this transaction ends, so write the entry last.
    """
    session.exec(
        insert(AuditEntry).values(
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


def entry_hash(entry: AuditEntry) -> bytes:
    """Return the hash that an entry must have, from its content and from the hash before it."""
    content = [
        entry.seq,
        str(entry.entry_id),
        f"{entry.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}",
        None if entry.account_id is None else str(entry.account_id),
        entry.role,
        entry.purpose,
        entry.object_type,
        entry.object_id,
        entry.outcome,
        entry.request_id,
    ]
    return hashlib.sha256((entry.previous or b"") + json.dumps(content, ensure_ascii=False).encode()).digest()
