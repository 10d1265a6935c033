"""Legal holds: conversations whose rows no retention, no withdrawal and no erasure removes."""

from sqlalchemy import Exists, exists
from sqlmodel import Session, col, select

from plugin.database.tables import Hold, StoredSession


def is_held(session: Session, tenant: str, conversation_id: str) -> bool:
    """Return whether a conversation is under a legal hold. The caller holds the conversation's lock."""
    return session.get(Hold, (tenant, conversation_id)) is not None


def session_is_held() -> Exists:
    """Return the condition that the conversation of a `StoredSession` is under a legal hold."""
    same = (
        col(Hold.tenant) == col(StoredSession.tenant),
        col(Hold.conversation_id) == col(StoredSession.conversation_id),
    )
    return exists(select(Hold.tenant).where(*same).correlate(StoredSession))
