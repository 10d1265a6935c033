"""Data keys, one for each conversation, which a key from the settings wraps (envelope encryption).

Deleting a wrapped key makes every copy of the conversation's text unreadable, wherever a copy is stored.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plugin.crypto.aes import open_sealed, seal

KEY_BYTES: Final = 32  # AES-256 and HMAC-SHA256


class WrongKey(ValueError):  # noqa: N818 - the name says what is wrong
    """The error for a ciphertext that does not decrypt: another key, another row or owner, or changed bytes."""


def key_from_base64(text: str) -> bytes:
    """Decode a key of 32 bytes or more from base64.

    Raises:
        ValueError: it is not base64, or too short. The key itself is never in the message.
    """
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the key is not base64") from None
    return checked_key(key)


def checked_key(key: bytes) -> bytes:
    """Return the key if it is long enough.

    Raises:
        ValueError: it is shorter than 32 bytes.
    """
    if len(key) < KEY_BYTES:
        raise ValueError(f"the key has {len(key)} bytes, it needs {KEY_BYTES}")
    return key


@dataclass(frozen=True)
class KeyEncryptionKey:
    """The key outside of the database that wraps data keys. `secret` is exactly 32 bytes.

    During a key rotation the `previous` keys still unwrap what they wrapped; only the key itself wraps.
    """

    secret: bytes = field(repr=False)
    previous: tuple["KeyEncryptionKey", ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise ValueError(f"the key has {len(self.secret)} bytes, it needs exactly {KEY_BYTES}")

    @classmethod
    def from_base64(cls, text: str, previous: Iterable[str] = ()) -> Self:
        """Decode the key of the settings, and the previous keys that it replaces.

        Raises:
            ValueError: it is not base64 of 32 bytes.
        """
        return cls(key_from_base64(text), tuple(cls(key_from_base64(other)) for other in previous))

    @property
    def id(self) -> str:
        """The id of the key, which does not reveal it; it is stored beside each wrapped key, for later rotations."""
        return hmac.digest(self.secret, b"key id", hashlib.sha256).hex()[:16]

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of this key and of the previous ones, this one first."""
        return (self.id, *(key.id for key in self.previous))

    def wrap(self, data_key: bytes, owner: str) -> bytes:
        """Encrypt a data key; it can only be unwrapped for the same `owner` (tenant and conversation)."""
        return seal(AESGCM(self.secret), data_key, _associated_data(owner))

    def unwrap(self, wrapped: bytes, owner: str) -> bytes:
        """Decrypt a wrapped data key.

        Raises:
            WrongKey: it was wrapped by none of these keys, or for another owner.
        """
        for key in (self, *self.previous):
            try:
                return open_sealed(AESGCM(key.secret), wrapped, _associated_data(owner))
            except InvalidTag:
                continue
        raise WrongKey("a data key cannot be opened with this key encryption key")


@dataclass(frozen=True)
class FingerprintKey:
    """A key for hashes of values that must be recognised but never read; it outlives the key encryption key."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        checked_key(self.secret)

    def fingerprint(self, kind: str, value: str) -> bytes:
        """Return a keyed hash: equal values have equal hashes, which reveal nothing else without the key."""
        return hmac.digest(self.secret, f"fingerprint\x1f{kind}\x1f{value}".encode(), hashlib.sha256)


def new_data_key() -> bytes:
    """Return a new random AES-256 key."""
    return AESGCM.generate_key(bit_length=256)


def _associated_data(owner: str) -> bytes:
    return b"data key\x1f" + owner.encode()
