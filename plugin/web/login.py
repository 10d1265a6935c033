"""Reading and writing of the login in the signed cookie, as functions over a mapping with the time passed in.

The cookie holds ids and times alone. Who the person is and what they may see is read from the database on every
request, so a changed team or a closed account counts at once.
"""

import hmac
import secrets
from collections.abc import MutableMapping
from uuid import UUID

LIFETIME_S = 8 * 3600  # one working day; then the password is asked for again, even after constant use
IDLE_S = 30 * 60  # the longest time for which an unattended screen in a shared office stays logged in
TOKEN_BYTES = 32  # of randomness in the CSRF token, which makes guessing it infeasible

Cookie = MutableMapping[str, object]


def start_login(cookie: Cookie, user_id: UUID, now: float) -> None:
    """Start a login at `now` (seconds since 1970) after clearing the cookie, its CSRF token included."""
    cookie.clear()
    cookie["user"] = str(user_id)
    cookie["since"] = cookie["seen"] = now
    cookie["csrf"] = secrets.token_urlsafe(TOKEN_BYTES)


def current_user(cookie: Cookie, now: float) -> UUID | None:
    """Return the user of a login that is still valid and note its use, otherwise None; clear an expired login."""
    user, since, seen = cookie.get("user"), cookie.get("since"), cookie.get("seen")
    if not isinstance(user, str) or not isinstance(since, int | float) or not isinstance(seen, int | float):
        return None
    if now - since >= LIFETIME_S or now - seen >= IDLE_S:
        cookie.clear()
        return None
    cookie["seen"] = now
    return UUID(user)


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
