"""Limiting of failed logins per user name and address, counted in the memory of this process."""

import hashlib
import threading

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

MAX_FAILURES = 5
"""Failures per window; people rarely mistype more often in a row, and a guesser is limited to 720 tries a day."""
WINDOW_S = 600
MAX_KEYS = 10_000
"""How many pairs of name and address are counted (about 2 MB); beyond that the oldest count is dropped."""

_LIMIT = RateLimitItemPerSecond(MAX_FAILURES, WINDOW_S)


class LoginAttempts:
    """A thread-safe counter of failed logins per user name and address."""

    def __init__(self) -> None:
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._lock = threading.Lock()  # the storage does not expect a count to be dropped while another is added

    def wait_s(self, username: str, address: str, now: float) -> float:
        """Return the seconds until the next attempt is accepted, 0 if one is at `now` (seconds since 1970)."""
        key = _key(username, address)
        with self._lock:
            if self._limiter.test(_LIMIT, key):
                return 0.0
            return max(0.0, self._limiter.get_window_stats(_LIMIT, key).reset_time - now)

    def failed(self, username: str, address: str) -> None:
        """Count one failed login of this user name from this address."""
        with self._lock:
            self._limiter.hit(_LIMIT, _key(username, address))
            while len(self._storage.events) > MAX_KEYS:
                self._drop(next(iter(self._storage.events)))

    def succeeded(self, username: str, address: str) -> None:
        """Drop the count of failures of a person who has logged in."""
        with self._lock:
            self._drop(_LIMIT.key_for(_key(username, address)))

    def _drop(self, key: str) -> None:
        with self._storage.locks[key]:  # the storage's own timer reads a count in two steps
            self._storage.clear(key)


def _key(username: str, address: str) -> str:
    """Return the hash under which a name is counted.

    What was typed as a name may be a password, and exceptions of the storage may quote its keys.
    """
    return hashlib.sha256(f"{username.casefold()}\n{address}".encode("utf-8", "surrogatepass")).hexdigest()
