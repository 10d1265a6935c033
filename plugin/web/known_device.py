"""The cookie of a browser in which a person has logged in before, so that nobody else's failures lock them out there.

It follows OWASP's "Slow Down Online Guessing Attacks with Device Cookies". It opens nothing: a known device has a
budget of failed logins of its own, and nothing more. It holds a random id, the time and a signature; the signature is
bound to the user name, which is not in the cookie.
"""

import hashlib
import secrets
from typing import Final

from itsdangerous import BadSignature, TimestampSigner
from starlette.responses import Response

from plugin.queue.accounts import normalise_username

LIFETIME_S: Final = 90 * 24 * 3600  # a quarter: renewed at each login, and long enough for holidays
_ID_BYTES: Final = 16  # of randomness, so that two devices never share a budget


class KnownDevices:
    """Issues and recognises the cookies of known devices; `secret` signs them."""

    def __init__(self, secret: str, *, secure: bool) -> None:
        self._secret = secret
        self._secure = secure
        self.cookie_name = "__Host-counterpoint-device" if secure else "counterpoint-device"

    def recognise(self, cookie: str | None, username: str) -> str | None:
        """Return the device's id if this person has logged in on it within its lifetime, otherwise None."""
        if cookie is None:
            return None
        try:
            return self._signer(username).unsign(cookie, max_age=LIFETIME_S).decode()
        except (BadSignature, UnicodeError):
            return None

    def remember(self, response: Response, username: str, device: str | None) -> None:
        """Make the browser known for this person; `device` is the id that it has already, if any."""
        signed = self._signer(username).sign(device or secrets.token_urlsafe(_ID_BYTES)).decode()
        response.set_cookie(
            self.cookie_name, signed, max_age=LIFETIME_S, secure=self._secure, httponly=True, samesite="strict"
        )

    def _signer(self, username: str) -> TimestampSigner:
        name = hashlib.sha256(normalise_username(username).encode("utf-8", "surrogatepass")).hexdigest()
        return TimestampSigner(self._secret, salt=f"known device of {name}", digest_method=hashlib.sha256)
