"""Reading and writing of the login in the signed cookie, as functions over a mapping with the time passed in.

The cookie holds ids, times and the generation of the account's logins. Who the person is, what they may see and which
generation is valid is read from the database on every request, so a changed team or a disabled account counts at once,
and a copy of the cookie is worth nothing after a logout.
"""

import hmac
import secrets
from collections.abc import MutableMapping
from dataclasses import dataclass
from uuid import UUID

TOKEN_BYTES = 32  # of randomness in the CSRF token, which makes guessing it infeasible

Cookie = MutableMapping[str, object]


@dataclass(frozen=True)
class Login:
    """A login that has not expired: whose it is, and to which generation of the account's logins it belongs."""

    user_id: UUID
    generation: int


@dataclass(frozen=True)
class Expiry:
    """When a login ends: so many seconds after it began, and so many after its last use."""

    lifetime_s: float
    idle_s: float


def start_login(cookie: Cookie, login: Login, now: float) -> None:
    """Start a login at `now` (seconds since 1970) after clearing the cookie, its CSRF token included."""
    cookie.clear()
    cookie["user"] = str(login.user_id)
    cookie["generation"] = login.generation
    cookie["since"] = cookie["seen"] = now
    cookie["csrf"] = secrets.token_urlsafe(TOKEN_BYTES)


def current_login(cookie: Cookie, now: float, expiry: Expiry) -> Login | None:
    """Return the login if it has not expired and note its use, otherwise None; clear an expired login.

    The caller checks its generation against the account's.
    """
    user, generation, since, seen = (cookie.get(name) for name in ("user", "generation", "since", "seen"))
    if not isinstance(user, str) or not isinstance(generation, int):
        return None
    if not isinstance(since, int | float) or not isinstance(seen, int | float):
        return None
    if now - since >= expiry.lifetime_s or now - seen >= expiry.idle_s:
        cookie.clear()
        return None
    cookie["seen"] = now
    return Login(UUID(user), generation)


def csrf_token(cookie: Cookie) -> str:
    """Return the CSRF token that every form of this visitor carries, and create it on first use."""
    token = cookie.get("csrf")
    if not isinstance(token, str):
        token = secrets.token_urlsafe(TOKEN_BYTES)
        cookie["csrf"] = token
    return token


def is_valid_token(cookie: Cookie, token: str) -> bool:
    """Whether a form that carries `token` was served by us to this visitor."""
    expected = cookie.get("csrf")
    return isinstance(expected, str) and hmac.compare_digest(expected.encode(), token.encode())


def remember_page(cookie: Cookie, path: str) -> None:
    """Remember the page that was asked for before the login."""
    cookie["next"] = path


def remembered_page(cookie: Cookie) -> str:
    """Return the page that was asked for before the login, or else the start page."""
    path = cookie.get("next")
    return path if isinstance(path, str) else "/"
