"""Keyed pseudonyms: the same person or conversation of a platform always gets the same, and nobody can read it back.

Each tenant has a key of its own, so one person on two platforms is two strangers to us.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

from plugin.crypto.keys import checked_key


@dataclass(frozen=True)
class Pseudonyms:
    """Makes the pseudonyms of one tenant. The key has at least 32 bytes, otherwise `ValueError`."""

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        checked_key(self.key)

    def conversation(self, reference: str) -> str:
        """The pseudonym of a room, a thread, a ticket."""
        return self._pseudonym("conversation", reference)

    def person(self, reference: str) -> str:
        """The pseudonym of a client, a counsellor, a bot."""
        return self._pseudonym("person", reference)

    def _pseudonym(self, kind: str, reference: str) -> str:
        return hmac.new(self.key, f"{kind}\x1f{reference}".encode(), hashlib.sha256).hexdigest()
