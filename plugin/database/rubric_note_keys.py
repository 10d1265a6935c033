"""The data key of each rubric note, which is stored in the note's own row."""

from uuid import UUID

from plugin.crypto.keys import KeyEncryptionKey, WrongKey
from plugin.crypto.text import TextCipher
from plugin.database.key_encryption_key import WRONG_KEY
from plugin.database.tables import StoredRubricNote
from stream.contracts.errors import Misconfigured


def rubric_note_cipher(kek: KeyEncryptionKey, row: StoredRubricNote) -> TextCipher:
    """Return the cipher of a note's versions.

    Raises:
        Misconfigured: the key encryption key is not the one that wrapped the note's.
    """
    try:
        return TextCipher(kek.unwrap(row.wrapped, rubric_note_key_owner(row.note_id)))
    except WrongKey:
        raise Misconfigured(WRONG_KEY) from None


def rubric_note_key_owner(note_id: UUID) -> str:
    """Return the owner name that a note's data key is wrapped for; no conversation has such a name."""
    return f"rubric note\x1f\x1f{note_id}"
