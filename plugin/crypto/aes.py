"""Encryption with AES-256-GCM, with the nonce before the ciphertext; everything that is encrypted has this form."""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES: Final = 12
"""Bytes of a nonce: 96 bits, the size that GCM is made for (NIST SP 800-38D). A nonce is random, since a data key
encrypts far fewer than the 2^32 texts at which two equal nonces become likely enough to matter."""


def seal(cipher: AESGCM, plain: bytes, associated_data: bytes) -> bytes:
    """Encrypt bytes and bind them to the associated data; return the nonce, then the ciphertext and the tag."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, associated_data)


def open_sealed(cipher: AESGCM, sealed: bytes, associated_data: bytes) -> bytes:
    """Decrypt bytes that `seal` returned for the same associated data.

    Raises:
        cryptography.exceptions.InvalidTag: another key, other associated data, or changed bytes.
    """
    if len(sealed) < NONCE_BYTES:
        raise InvalidTag
    return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], associated_data)
