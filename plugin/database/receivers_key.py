"""The key of the settings that encrypts the secrets of stored receivers."""

from typing import Final

from plugin.crypto.keys import KeyEncryptionKey
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import DeliverySettings, required_secret

SETTING: Final = "delivery.receivers_key"
WRONG_KEY: Final = (
    f"{SETTING} is not the key that encrypted the secrets of the stored receivers. While keys are rotated, put the old"
    " one into delivery.previous_receivers_keys."
)


def receivers_key(delivery: DeliverySettings) -> KeyEncryptionKey:
    """Return the key, with the previous ones that it replaces.

    Raises:
        Misconfigured: it is missing or not 32 bytes in base64.
    """
    previous = [key.get_secret_value() for key in delivery.previous_receivers_keys]
    try:
        return KeyEncryptionKey.from_base64(required_secret(delivery.receivers_key, SETTING), previous)
    except ValueError as error:
        raise Misconfigured(f"{SETTING}: {error}") from None
