"""The attempt to log in at the provider, which binds what comes back to the browser that began it.

A signed cookie holds a random id, the time and the page that was asked for. State, nonce and the verifier of PKCE are
made from the id with the secret, so that the cookie tells none of them.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cachetools import TTLCache
from itsdangerous import BadData, URLSafeSerializer
from starlette.responses import Response

LIFETIME_S: Final = 600
"""Seconds for the login at the provider, a second factor included."""
_ID_BYTES: Final = 16
_MAX_USED: Final = 10_000
"""Ids of finished attempts in memory; the provider takes a code once in any case."""


@dataclass(frozen=True)
class Attempt:
    """An attempt to log in. Its secrets go to the provider; they are never logged."""

    id: str = field(repr=False)
    next_page: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


class Attempts:
    """Begins attempts and finds them again by the cookie; `secret` signs it."""

    def __init__(self, secret: str, *, secure: bool, now: Callable[[], float]) -> None:
        self._secret = secret.encode()
        self._secure = secure
        self._now = now
        self._signer = URLSafeSerializer(
            secret, salt="login at the provider", signer_kwargs={"digest_method": hashlib.sha256}
        )
        self._used: TTLCache[str, None] = TTLCache(_MAX_USED, LIFETIME_S, timer=now)
        self.cookie_name = "__Host-counterpoint-provider" if secure else "counterpoint-provider"

    def begin(self, next_page: str) -> Attempt:
        """Return a new attempt that leads to this page of ours, or to the start page if it is none."""
        return self._attempt(secrets.token_urlsafe(_ID_BYTES), own_page(next_page))

    def keep(self, response: Response, attempt: Attempt) -> None:
        """Bind the attempt to the browser that gets this response."""
        signed = self._signer.dumps([attempt.id, self._now(), attempt.next_page])
        response.set_cookie(
            self.cookie_name,
            signed if isinstance(signed, str) else signed.decode(),
            max_age=LIFETIME_S,
            secure=self._secure,
            httponly=True,
            samesite="lax",  # the provider's page leads back here, and a browser sends no strict cookie with that
        )

    def forget(self, response: Response) -> None:
        """Remove the cookie."""
        response.delete_cookie(self.cookie_name, secure=self._secure, httponly=True, samesite="lax")

    def recognise(self, cookie: str | None) -> Attempt | None:
        """Return the attempt of this cookie if it is ours and not too old, otherwise None."""
        try:
            found = self._signer.loads(cookie or "")
        except BadData:
            return None
        attempt_id, begun, next_page = found
        if self._now() - begun >= LIFETIME_S:
            return None
        return self._attempt(attempt_id, own_page(next_page))

    def use(self, attempt: Attempt) -> bool:
        """Use an attempt; returns whether it was not used before."""
        is_new = attempt.id not in self._used
        self._used[attempt.id] = None
        return is_new

    def _attempt(self, attempt_id: str, next_page: str) -> Attempt:
        state, nonce, verifier = (self._derived(name, attempt_id) for name in ("state", "nonce", "verifier"))
        return Attempt(attempt_id, next_page, state, nonce, verifier)

    def _derived(self, name: str, attempt_id: str) -> str:
        digest = hmac.digest(self._secret, f"login at the provider, {name}: {attempt_id}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def own_page(path: str) -> str:
    """Return the path if it is one of this host, otherwise the start page."""
    # For browsers two slashes, or a slash and a backslash, begin the name of another host.
    is_own = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_own else "/"
