"""The provider's public keys, kept for an hour and read again for a key that is not among them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import anyio
from joserfc import jwk
from joserfc.errors import JoseError
from pydantic import JsonValue

from plugin.queue.provider_refusals import LoginRefusedError, Refusal
from plugin.web.provider.connection import Connection

KEPT_S: Final = 3600
"""Seconds after which the keys are read again, so that one that was withdrawn is not believed for longer."""
REFRESH_AFTER_S: Final = 30
"""Seconds between two readings because of unknown keys: a forged token makes no request of its own."""
MAX_KEYS: Final = 50
KEY_TYPES: Final = frozenset({"RSA", "EC", "OKP"})
"""The types of public keys; a shared secret (`oct`) is none."""

_PUBLIC_PARTS: Final = frozenset({"kty", "kid", "alg", "use", "n", "e", "crv", "x", "y"})
_LONG: Final = "x" * 342
"""As long as the modulus of an RSA key of 2048 bits in base64; a shorter key can be broken."""

Key = jwk.RSAKey | jwk.ECKey | jwk.OKPKey


class KeyCache:
    """The keys of one provider."""

    def __init__(self, connection: Connection, *, now: Callable[[], float]) -> None:
        self._connection = connection
        self._now = now
        self._lock = anyio.Lock()
        self._keys: tuple[Key, ...] = ()
        self._read_at: float | None = None
        self._asked_at: float | None = None

    async def find(self, address: str, kid: str | None, key_type: str) -> Key:
        """Return the key with this id; without an id, the only one of its type.

        Raises:
            LoginRefusedError: there is none, or several without an id.
            ProviderAwayError: the keys cannot be read.
        """
        async with self._lock:
            if self._is_over(self._read_at, KEPT_S):
                await self._read(address)
            found = self._matching(kid, key_type)
            if not found and self._is_over(self._asked_at, REFRESH_AFTER_S):
                await self._read(address)
                found = self._matching(kid, key_type)
        if len(found) != 1:
            raise LoginRefusedError(Refusal.KEY)
        return found[0]

    def _matching(self, kid: str | None, key_type: str) -> list[Key]:
        return [key for key in self._keys if key.key_type == key_type and kid in {None, key.kid}]

    def _is_over(self, since: float | None, seconds: float) -> bool:
        return since is None or self._now() - since >= seconds

    async def _read(self, address: str) -> None:
        self._asked_at = self._now()
        document = await self._connection.read(address)
        listed = document.get("keys")
        self._keys = tuple(_usable(listed if isinstance(listed, list) else []))
        self._read_at = self._asked_at


def _usable(listed: list[JsonValue]) -> Iterator[Key]:
    """Yield the keys for signatures of a key set, and leave out what is none."""
    for each in listed[:MAX_KEYS]:
        if not isinstance(each, Mapping) or each.get("kty") not in KEY_TYPES or each.get("use", "sig") != "sig":
            continue
        # Of a private key, which has no place here, the public part alone.
        public: dict[str, str | list[str]] = {
            name: value for name, value in each.items() if name in _PUBLIC_PARTS and isinstance(value, str)
        }
        if len(public.get("n", _LONG)) < len(_LONG):
            continue
        try:
            key = jwk.import_key(public)
        except (JoseError, ValueError, TypeError, LookupError):
            continue
        if isinstance(key, jwk.RSAKey | jwk.ECKey | jwk.OKPKey):
            yield key
