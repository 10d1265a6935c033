"""One writer a conversation, whoever thinks to own its partition."""

import hashlib

from sqlalchemy import text
from sqlmodel import Session

from stream.contracts.ids import record_key


def lock_conversation(session: Session, tenant: str, conversation_id: str) -> None:
    """Wait until nobody else writes to this conversation; the lock ends with the transaction.

    Whoever needs several takes them in the order of `(tenant, conversation_id)`.
    """
    digest = hashlib.sha256(record_key(tenant, conversation_id)).digest()
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": int.from_bytes(digest[:8], signed=True)})
