"""A lock that lets one transaction at a time write to a conversation.

It holds even while two workers both believe that the conversation's partition is theirs.
"""

import hashlib
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from stream.contracts.ids import record_key


def lock_conversation(session: Session, tenant: str, conversation_id: str) -> None:
    """Wait until no other transaction writes to this conversation; the lock ends with the transaction.

    Take several locks in the order of `(tenant, conversation_id)`, so that two transactions cannot deadlock.
    """
    digest = hashlib.sha256(record_key(tenant, conversation_id)).digest()
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": int.from_bytes(digest[:8], signed=True)})


def lock_criteria(session: Session) -> None:
    """Lock the list of criteria until the transaction ends, so that changes of their order come one after the other."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('counterpoint criteria', 0))"))


def lock_saved_views(session: Session, account_id: UUID) -> None:
    """Wait until no other transaction changes the saved views of this account; the lock ends with the transaction."""
    key = text("SELECT pg_advisory_xact_lock(hashtextextended('counterpoint saved views ' || :id, 0))")
    session.execute(key, {"id": str(account_id)})


def lock_accounts(session: Session) -> None:
    """Lock the creation of accounts until the transaction ends, so that two of one name are not made side by side."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('counterpoint accounts', 0))"))


def lock_receivers(session: Session) -> None:
    """Lock the adding of receivers until the transaction ends, so that two of one name are not made side by side."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('counterpoint receivers', 0))"))


def try_lock_key(session: Session, token_id: UUID, key_hash: bytes) -> bool:
    """Lock an idempotency key until the transaction ends; return False at once while another transaction has it."""
    key = int.from_bytes(hashlib.sha256(token_id.bytes + key_hash).digest()[:8], signed=True)
    return bool(session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": key}))


def lock_calibration(session: Session, calibration_id: UUID) -> None:
    """Wait until no other transaction takes a step of this calibration; the lock ends with the transaction.

    Take it before the lock of a conversation.
    """
    key = text("SELECT pg_advisory_xact_lock(hashtextextended('counterpoint calibration ' || :id, 0))")
    session.execute(key, {"id": str(calibration_id)})
