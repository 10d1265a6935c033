"""Passwords: their limits, their Argon2id hashes, and the check of a typed one.

Hashing takes tens of milliseconds and 64 MiB on purpose. No caller does it while it holds a database transaction.
"""

from functools import cache
from typing import Final
from uuid import uuid4

from pwdlib import PasswordHash

from stream.contracts.errors import Misconfigured

MIN_PASSWORD: Final = 12  # characters; attempts to log in are slowed down as well
MAX_PASSWORD: Final = 1024  # characters; longer ones only cost time

_PASSWORD_HASH: Final = PasswordHash.recommended()


def hash_password(password: str) -> str:
    """Return the hash under which a new password is stored.

    Raises:
        Misconfigured: as `check_password` does.
    """
    check_password(password)
    return _PASSWORD_HASH.hash(password)


def check_password(password: str) -> None:
    """Check that a new password may be one, which takes no time.

    Raises:
        Misconfigured: the password is too short or too long, or is not text.
    """
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise Misconfigured(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.")
    if not _is_text(password):
        raise Misconfigured("A password is text in UTF-8.")


def is_correct(password: str, expected: str | None) -> bool:
    """Return whether a typed password has the expected hash. Without one it is not, and that takes as long."""
    if len(password) > MAX_PASSWORD or not _is_text(password):
        return False
    matches = _PASSWORD_HASH.verify(password, expected or dummy_hash())
    return matches and expected is not None


@cache
def dummy_hash() -> str:
    """Return a hash that no password has, which is checked in place of an unknown account's."""
    return _PASSWORD_HASH.hash(uuid4().hex)


def _is_text(password: str) -> bool:
    """Whether the password can be encoded: standard input may hold bytes that are no UTF-8."""
    return password.isascii() or not any("\ud800" <= character <= "\udfff" for character in password)
