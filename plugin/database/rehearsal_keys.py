"""The data key of each rehearsal, which is stored in the rehearsal's own row."""

from uuid import UUID

from plugin.crypto.keys import KeyEncryptionKey, WrongKey
from plugin.crypto.text import TextCipher
from plugin.database.key_encryption_key import WRONG_KEY
from plugin.database.tables import StoredRehearsal
from stream.contracts.errors import Misconfigured


def rehearsal_cipher(kek: KeyEncryptionKey, row: StoredRehearsal) -> TextCipher:
    """Return the cipher of a rehearsal's steps.

    Raises:
        Misconfigured: the key encryption key is not the one that wrapped the rehearsal's.
    """
    try:
        return TextCipher(kek.unwrap(row.wrapped, rehearsal_key_owner(row.rehearsal_id)))
    except WrongKey:
        raise Misconfigured(WRONG_KEY) from None


def rehearsal_key_owner(rehearsal_id: UUID) -> str:
    """Return the owner name that a rehearsal's data key is wrapped for; no conversation has such a name."""
    return f"rehearsal\x1f\x1f{rehearsal_id}"
