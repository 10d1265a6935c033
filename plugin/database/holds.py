"""Legal holds: conversations whose rows no clock, no withdrawal and no erasure removes."""

from sqlalchemy import Exists, exists
from sqlmodel import Session, col, select

from plugin.database.tables import Hold, StoredSession


def is_held(session: Session, tenant: str, conversation_id: str) -> bool:
    """Whether the conversation must be kept as evidence. The caller holds the conversation's lock."""
    return session.get(Hold, (tenant, conversation_id)) is not None


def of_session() -> Exists:
    """The same as a condition on `StoredSession`."""
    same = (
        col(Hold.tenant) == col(StoredSession.tenant),
        col(Hold.conversation_id) == col(StoredSession.conversation_id),
    )
    return exists(select(Hold.tenant).where(*same).correlate(StoredSession))
