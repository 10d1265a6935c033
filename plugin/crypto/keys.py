"""One data key for each conversation, wrapped by one key from the settings (envelope encryption).

Deleting a wrapped key makes every copy of the conversation's text unreadable, wherever it lies.
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


class WrongKey(ValueError):  # noqa: N818 - named by what is the matter
    """What was sealed cannot be opened: another key, another place, or changed bytes."""


def key_from_base64(text: str) -> bytes:
    """Read a key of 32 bytes or more.

    Raises:
        ValueError: it is not base64, or too short. The key itself is never in the message.
    """
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the key is not base64") from None
    return checked_key(key)


def checked_key(key: bytes) -> bytes:
    """The key, if it is long enough.

    Raises:
        ValueError: it is shorter than 32 bytes.
    """
    if len(key) < KEY_BYTES:
        raise ValueError(f"the key has {len(key)} bytes, it needs {KEY_BYTES}")
    return key


@dataclass(frozen=True)
class KeyEncryptionKey:
    """The key outside the database. `secret` is exactly 32 bytes.

    While keys are exchanged, `others` still open what they wrapped; only the key itself wraps.
    """

    secret: bytes = field(repr=False)
    others: tuple["KeyEncryptionKey", ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise ValueError(f"the key has {len(self.secret)} bytes, it needs exactly {KEY_BYTES}")

    @classmethod
    def from_base64(cls, text: str, others: Iterable[str] = ()) -> Self:
        """Read the key as it stands in the settings, and those that it takes over from.

        Raises:
            ValueError: it is not base64 of 32 bytes.
        """
        return cls(key_from_base64(text), tuple(cls(key_from_base64(other)) for other in others))

    @property
    def id(self) -> str:
        """Names the key without telling it; stored beside what it wrapped, so that keys can be exchanged later."""
        return hmac.digest(self.secret, b"key id", hashlib.sha256).hex()[:16]

    @property
    def ids(self) -> tuple[str, ...]:
        """Of every key that can be opened with here, this one first."""
        return (self.id, *(other.id for other in self.others))

    def wrap(self, data_key: bytes, owner: str) -> bytes:
        """Seal a data key; it opens for the same `owner` (tenant and conversation) alone."""
        return seal(AESGCM(self.secret), data_key, _wrapped_for(owner))

    def unwrap(self, wrapped: bytes, owner: str) -> bytes:
        """Open a wrapped data key.

        Raises:
            WrongKey: it was wrapped by none of these keys, or for another owner.
        """
        for key in (self, *self.others):
            try:
                return open_sealed(AESGCM(key.secret), wrapped, _wrapped_for(owner))
            except InvalidTag:
                continue
        raise WrongKey("a data key cannot be opened with this key encryption key")


@dataclass(frozen=True)
class FingerprintKey:
    """The key of what must be known again and never be read: it stays when the key encryption key is exchanged."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        checked_key(self.secret)

    def fingerprint(self, kind: str, what: str) -> bytes:
        """A keyed hash: tells whether `what` is the same thing again, and nothing else to anybody without the key."""
        return hmac.digest(self.secret, f"fingerprint\x1f{kind}\x1f{what}".encode(), hashlib.sha256)


def new_data_key() -> bytes:
    """A fresh random AES-256 key."""
    return AESGCM.generate_key(bit_length=256)


def _wrapped_for(owner: str) -> bytes:
    return b"data key\x1f" + owner.encode()
