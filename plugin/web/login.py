"""What the signed cookie says of a login, and when it has ended. Functions over a mapping; the time is passed in.

The cookie holds ids and times alone. Who the person is and what they may see is read from the database on every
request, so a changed team or a closed account counts at once.
"""

import hmac
import secrets
from collections.abc import MutableMapping
from uuid import UUID

LIFETIME_S = 8 * 3600  # one working day; then the password is asked for again, however busy the day was
IDLE_S = 30 * 60  # a screen left alone in a shared office shows nobody's session for longer than this
TOKEN_BYTES = 32  # of randomness in the CSRF token: beyond guessing

Cookie = MutableMapping[str, object]


def begin(cookie: Cookie, user_id: UUID, now: float) -> None:
    """Start a login. Whatever the cookie said before is gone, its CSRF token too. `now` is in seconds since 1970."""
    cookie.clear()
    cookie["user"] = str(user_id)
    cookie["since"] = cookie["seen"] = now
    cookie["csrf"] = secrets.token_urlsafe(TOKEN_BYTES)


def current_user(cookie: Cookie, now: float) -> UUID | None:
    """The user of a login that still holds, and note that it was used; None, and an empty cookie, otherwise."""
    user, since, seen = cookie.get("user"), cookie.get("since"), cookie.get("seen")
    if not isinstance(user, str) or not isinstance(since, int | float) or not isinstance(seen, int | float):
        return None
    if now - since >= LIFETIME_S or now - seen >= IDLE_S:
        cookie.clear()
        return None
    cookie["seen"] = now
    return UUID(user)


def csrf_token(cookie: Cookie) -> str:
    """The secret that every form of this visitor carries; made when first asked for."""
    token = cookie.get("csrf")
    if not isinstance(token, str):
        token = secrets.token_urlsafe(TOKEN_BYTES)
        cookie["csrf"] = token
    return token


def is_own_form(cookie: Cookie, token: str) -> bool:
    """Whether a form that carries `token` was served to this visitor by us."""
    expected = cookie.get("csrf")
    return isinstance(expected, str) and hmac.compare_digest(expected.encode(), token.encode())


def remember_page(cookie: Cookie, path: str) -> None:
    """Note the page that somebody wanted before the login."""
    cookie["next"] = path


def page_wanted(cookie: Cookie) -> str:
    """The page noted before the login, otherwise the start page."""
    path = cookie.get("next")
    return path if isinstance(path, str) else "/"
