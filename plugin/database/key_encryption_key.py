"""The key encryption key: read from the settings, and compared with the one that the database was filled with."""

from sqlmodel import Session, col, select

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.tables import ConversationKey
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import Settings, required


def key_encryption_key(settings: Settings) -> KeyEncryptionKey:
    """The key encryption key of the settings, with those that it takes over from.

    Raises:
        Misconfigured: it is missing or not 32 bytes in base64.
    """
    place = "database.key_encryption_key"
    others = [other.get_secret_value() for other in settings.database.previous_key_encryption_keys]
    try:
        return KeyEncryptionKey.from_base64(required(settings.database.key_encryption_key, place), others)
    except ValueError as error:
        raise Misconfigured(f"{place}: {error}") from None


def check_key(session: Session, kek: KeyEncryptionKey) -> None:
    """Hold the key encryption key against what the database was filled with.

    Raises:
        Misconfigured: it is another one.
    """
    other = select(ConversationKey.kek_id).where(col(ConversationKey.kek_id).not_in(kek.ids)).limit(1)
    if session.exec(other).first() is not None:
        raise Misconfigured(
            "database.key_encryption_key is not the key that this database's text was sealed with. While keys are"
            " exchanged, the other one belongs into database.previous_key_encryption_keys."
        )
