"""Keyed pseudonyms: a person or conversation of a platform always has the same one, and it cannot be reversed.

Each tenant has a key of its own, so a person on two platforms has two unrelated pseudonyms.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

from plugin.crypto.keys import checked_key


@dataclass(frozen=True)
class Pseudonyms:
    """A maker of the pseudonyms of one tenant. The key has at least 32 bytes, otherwise `ValueError`."""

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        checked_key(self.key)

    def conversation(self, reference: str) -> str:
        """Return the pseudonym of a conversation, such as a room, a thread or a ticket."""
        return self._pseudonym("conversation", reference)

    def person(self, reference: str) -> str:
        """Return the pseudonym of a person, such as a client, a counsellor or a bot."""
        return self._pseudonym("person", reference)

    def _pseudonym(self, kind: str, reference: str) -> str:
        return hmac.new(self.key, f"{kind}\x1f{reference}".encode(), hashlib.sha256).hexdigest()
