"""The key encryption key: read from the settings, and compared with the one that wrapped the database's data keys."""

from typing import Final

from sqlmodel import Session, col, select

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.tables import ConversationKey, ServiceKey, StoredRubricNote
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import Settings, required_secret

WRONG_KEY: Final = (
    "database.key_encryption_key is not the key that this database's text was encrypted with. While keys are rotated,"
    " put the old key into database.previous_key_encryption_keys."
)


def key_encryption_key(settings: Settings) -> KeyEncryptionKey:
    """Return the key encryption key of the settings, with the previous keys that it replaces.

    Raises:
        Misconfigured: it is missing or not 32 bytes in base64.
    """
    setting = "database.key_encryption_key"
    previous = [key.get_secret_value() for key in settings.database.previous_key_encryption_keys]
    try:
        return KeyEncryptionKey.from_base64(required_secret(settings.database.key_encryption_key, setting), previous)
    except ValueError as error:
        raise Misconfigured(f"{setting}: {error}") from None


def check_key_encryption_key(session: Session, kek: KeyEncryptionKey) -> None:
    """Check that this key or a previous one wrapped every key of the database.

    Those are the keys of conversations, of the service and of rubric notes.

    Raises:
        Misconfigured: one of them was wrapped by another one.
    """
    for table in (ConversationKey, ServiceKey, StoredRubricNote):
        other = select(table.kek_id).where(col(table.kek_id).not_in(kek.ids)).limit(1)
        if session.exec(other).first() is not None:
            raise Misconfigured(WRONG_KEY)
