"""AES-256-GCM with its nonce in front: the one form in which anything of ours is sealed."""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES: Final = 12
"""96 bits, the size GCM is made for (NIST SP 800-38D). Random: a data key seals far fewer than the 2^32 texts
at which two equal nonces become thinkable."""


def seal(cipher: AESGCM, plain: bytes, bound_to: bytes) -> bytes:
    """Encrypt, and bind to where it belongs: the nonce, then ciphertext and tag."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, bound_to)


def open_sealed(cipher: AESGCM, sealed: bytes, bound_to: bytes) -> bytes:
    """Decrypt.

    Raises:
        cryptography.exceptions.InvalidTag: another key, another place, or changed bytes.
    """
    if len(sealed) < NONCE_BYTES:
        raise InvalidTag
    return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
