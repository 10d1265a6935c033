"""The secrets by which stored receivers verify what they get, in the form of the standard, and their encryption."""

import base64
import secrets
from typing import Final
from uuid import UUID

from plugin.crypto.keys import KeyEncryptionKey

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
"""Random bytes of a secret; Standard Webhooks allows 24 to 64."""


def new_receiver_secret() -> str:
    """Return a new secret."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def seal_secret(key: KeyEncryptionKey, secret: str, receiver_id: UUID) -> bytes:
    """Encrypt a receiver's secret; it opens for this receiver alone."""
    return key.wrap(secret.encode(), _owner(receiver_id))


def open_secret(key: KeyEncryptionKey, sealed: bytes, receiver_id: UUID) -> str:
    """Decrypt a receiver's secret.

    Raises:
        WrongKey: it was encrypted by another key, or for another receiver.
    """
    return key.unwrap(sealed, _owner(receiver_id)).decode()


def _owner(receiver_id: UUID) -> str:
    return f"receiver\x1f\x1f{receiver_id}"
