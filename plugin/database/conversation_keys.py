"""The data key of each conversation: made when its first text comes, gone with its last."""

from datetime import datetime

from sqlalchemy import exists
from sqlmodel import Session, col, delete, select

from plugin.crypto.keys import KeyEncryptionKey, new_data_key
from plugin.crypto.text import TextCipher
from plugin.database.tables import ConversationKey, StoredAnswer, StoredMessage, StoredSession


def cipher_of(session: Session, kek: KeyEncryptionKey, tenant: str, conversation_id: str) -> TextCipher | None:
    """What opens a conversation's text; None when it has no key (any more).

    Raises:
        WrongKey: the key encryption key is not the one that wrapped it.
    """
    row = session.get(ConversationKey, (tenant, conversation_id))
    return None if row is None else TextCipher(kek.unwrap(row.wrapped, owner_of(tenant, conversation_id)))


def cipher_for(session: Session, kek: KeyEncryptionKey, tenant: str, conversation_id: str, now: datetime) -> TextCipher:
    """The same, making the key where there is none. The caller holds the conversation's lock."""
    known = cipher_of(session, kek, tenant, conversation_id)
    if known is not None:
        return known
    data_key = new_data_key()
    session.add(
        ConversationKey(
            tenant=tenant,
            conversation_id=conversation_id,
            kek_id=kek.id,
            wrapped=kek.wrap(data_key, owner_of(tenant, conversation_id)),
            created_at=now,
        )
    )
    return TextCipher(data_key)


def delete_unused_key(session: Session, tenant: str, conversation_id: str) -> int:
    """Delete the key when nothing is left that it opens. The caller holds the conversation's lock; returns 1 or 0."""
    of_it = col(StoredSession.tenant) == tenant, col(StoredSession.conversation_id) == conversation_id
    texts = exists(
        select(StoredMessage.message_id)
        .join(StoredSession, col(StoredSession.session_id) == col(StoredMessage.session_id))
        .where(*of_it)
    )
    words = exists(
        select(StoredAnswer.assessment_id)
        .join(StoredSession, col(StoredSession.session_id) == col(StoredAnswer.session_id))
        .where(*of_it, col(StoredAnswer.has_words))
    )
    gone = session.exec(
        delete(ConversationKey).where(
            col(ConversationKey.tenant) == tenant,
            col(ConversationKey.conversation_id) == conversation_id,
            ~texts,
            ~words,
        )
    )
    return gone.rowcount


def owner_of(tenant: str, conversation_id: str) -> str:
    """For whom a conversation's key is wrapped."""
    return f"{tenant}\x1f{conversation_id}"
