"""The data key of each conversation: added with its first text, deleted with its last."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import exists, tuple_
from sqlmodel import Session, col, delete, select

from plugin.crypto.keys import KeyEncryptionKey, new_data_key
from plugin.crypto.text import TextCipher
from plugin.database.tables import (
    ConversationKey,
    StoredAnswer,
    StoredAttempt,
    StoredCalibrationRating,
    StoredCriterionAnswer,
    StoredDispute,
    StoredFinalLevel,
    StoredHandover,
    StoredMessage,
    StoredNote,
    StoredSession,
)


def find_cipher(session: Session, kek: KeyEncryptionKey, tenant: str, conversation_id: str) -> TextCipher | None:
    """Return the cipher of a conversation's text; None when the conversation has no data key (any more).

    Raises:
        WrongKey: the key encryption key is not the one that wrapped it.
    """
    row = session.get(ConversationKey, (tenant, conversation_id))
    return None if row is None else _cipher(kek, row)


def find_ciphers(
    session: Session, kek: KeyEncryptionKey, conversations: Collection[tuple[str, str]]
) -> dict[tuple[str, str], TextCipher]:
    """Return the ciphers of some conversations' text, by platform and conversation; none for those without a data key.

    Raises:
        WrongKey: the key encryption key is not the one that wrapped one of them.
    """
    place = tuple_(col(ConversationKey.tenant), col(ConversationKey.conversation_id))
    found = session.exec(select(ConversationKey).where(place.in_(conversations)))
    return {(row.tenant, row.conversation_id): _cipher(kek, row) for row in found}


def find_or_add_cipher(
    session: Session, kek: KeyEncryptionKey, tenant: str, conversation_id: str, now: datetime
) -> TextCipher:
    """Return the cipher of a conversation's text, and add a data key first where there is none.

    The caller holds the conversation's lock.
    """
    cipher = find_cipher(session, kek, tenant, conversation_id)
    if cipher is not None:
        return cipher
    data_key = new_data_key()
    session.add(
        ConversationKey(
            tenant=tenant,
            conversation_id=conversation_id,
            kek_id=kek.id,
            wrapped=kek.wrap(data_key, conversation_key_owner(tenant, conversation_id)),
            created_at=now,
        )
    )
    return TextCipher(data_key)


def delete_unused_data_key(session: Session, tenant: str, conversation_id: str) -> int:
    """Delete a conversation's data key if no text is left that it decrypts; returns the number of deleted keys.

    The caller holds the conversation's lock.
    """
    in_conversation = col(StoredSession.tenant) == tenant, col(StoredSession.conversation_id) == conversation_id
    has_text = exists(
        select(StoredMessage.message_id)
        .join(StoredSession, col(StoredSession.session_id) == col(StoredMessage.session_id))
        .where(*in_conversation)
    )
    has_words = exists(
        select(StoredAnswer.assessment_id)
        .join(StoredSession, col(StoredSession.session_id) == col(StoredAnswer.session_id))
        .where(*in_conversation, col(StoredAnswer.has_words))
    )
    has_notes = exists(
        select(StoredNote.note_id)
        .join(StoredSession, col(StoredSession.session_id) == col(StoredNote.session_id))
        .where(*in_conversation)
    )
    has_reasons = exists(
        select(StoredHandover.session_id)
        .join(StoredSession, col(StoredSession.session_id) == col(StoredHandover.session_id))
        .where(*in_conversation, col(StoredHandover.has_words))
    )
    has_answer_notes = exists(
        select(StoredCriterionAnswer.number)
        .join(StoredSession, col(StoredSession.session_id) == col(StoredCriterionAnswer.session_id))
        .where(*in_conversation, col(StoredCriterionAnswer.has_words))
    )
    has_disputes = exists(
        select(StoredDispute.dispute_id)
        .join(StoredSession, col(StoredSession.session_id) == col(StoredDispute.session_id))
        .where(*in_conversation)
    )
    has_attempts = exists(
        select(StoredAttempt.attempt_id)
        .join(StoredSession, col(StoredSession.session_id) == col(StoredAttempt.session_id))
        .where(*in_conversation)
    )
    has_ratings = exists(
        select(StoredCalibrationRating.session_id)
        .join(StoredSession, col(StoredSession.session_id) == col(StoredCalibrationRating.session_id))
        .where(*in_conversation, col(StoredCalibrationRating.has_words))
    )
    has_final_levels = exists(
        select(StoredFinalLevel.session_id)
        .join(StoredSession, col(StoredSession.session_id) == col(StoredFinalLevel.session_id))
        .where(*in_conversation, col(StoredFinalLevel.has_words))
    )
    deleted = session.exec(
        delete(ConversationKey).where(
            col(ConversationKey.tenant) == tenant,
            col(ConversationKey.conversation_id) == conversation_id,
            ~has_text,
            ~has_words,
            ~has_notes,  # comments have notes
            ~has_reasons,
            ~has_answer_notes,
            ~has_disputes,
            ~has_attempts,
            ~has_ratings,
            ~has_final_levels,
        )
    )
    return deleted.rowcount


def conversation_key_owner(tenant: str, conversation_id: str) -> str:
    """Return the owner name that a conversation's data key is wrapped for."""
    return f"{tenant}\x1f{conversation_id}"


def _cipher(kek: KeyEncryptionKey, row: ConversationKey) -> TextCipher:
    return TextCipher(kek.unwrap(row.wrapped, conversation_key_owner(row.tenant, row.conversation_id)))
