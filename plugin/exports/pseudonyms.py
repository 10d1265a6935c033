"""The pseudonyms of an export: the same in every export of a platform, and unrelated to those in the database.

They are keyed by the platform's own pseudonym key, so that nobody without it can compute one from a name or an id.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from plugin.crypto.pseudonyms import Pseudonyms
from plugin.tenants import pseudonyms_of
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import TenantSettings

_SHOWN: Final = 20
"""Hexadecimal characters of a pseudonym: 80 bits, so that no two of a million are alike."""
_SHOWN_ONCE: Final = 12
"""Hexadecimal characters of a pseudonym of one export: 48 bits, enough for the people of a service."""

Pseudonym = Callable[[str, object], str]
"""Returns the pseudonym of something of a kind."""


@dataclass(frozen=True)
class ExportPseudonyms:
    """The pseudonyms of one platform's exports."""

    pseudonyms: Pseudonyms

    def of(self, kind: str, value: object) -> str:
        """Return the pseudonym of a therapist, a supervisor, a conversation, a session or a moment."""
        made = hmac.digest(self.pseudonyms.key, f"export\x1f{kind}\x1f{value}".encode(), hashlib.sha256)
        return f"{kind}-{made.hex()[:_SHOWN]}"


class PlatformPseudonyms:
    """The pseudonyms of every platform of the settings."""

    def __init__(self, tenants: Mapping[str, TenantSettings]) -> None:
        self._tenants = tenants
        self._made: dict[str, ExportPseudonyms] = {}

    def of(self, tenant: str) -> ExportPseudonyms:
        """Return the pseudonyms of a platform.

        Raises:
            Misconfigured: the settings do not name the platform, or its key is missing.
        """
        if tenant not in self._tenants:
            raise Misconfigured(f"The settings name no tenant {tenant}, whose key the pseudonyms need.")
        if tenant not in self._made:
            self._made[tenant] = ExportPseudonyms(pseudonyms_of(self._tenants, tenant))
        return self._made[tenant]


def pseudonyms_of_one_export() -> Pseudonym:
    """Return pseudonyms that hold for one export alone, whose key is thrown away with it."""
    key = secrets.token_bytes()

    def of(kind: str, value: object) -> str:
        made = hmac.digest(key, f"{kind}\x1f{value}".encode(), hashlib.sha256)
        return f"{kind}-{made.hex()[:_SHOWN_ONCE]}"

    return of
