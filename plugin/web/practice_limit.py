"""The limit on how often one therapist may ask the model about attempts, counted in the memory of this process.

It counts requests, not what is kept: whoever removes attempts asks no more often.
"""

import threading
from typing import Final
from uuid import UUID

from limits import RateLimitItemPerHour
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

ATTEMPTS_AN_HOUR: Final = 20
"""Attempts that one therapist may have rated within an hour: one every three minutes, time to think about each. All
therapists of a service together still leave the model to the sessions that wait for it."""


class PracticeLimit:
    """A thread-safe counter of the attempts of each account."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._item = RateLimitItemPerHour(ATTEMPTS_AN_HOUR, namespace="practice")
        self._lock = threading.Lock()

    def admits(self, account_id: UUID) -> bool:
        """Return whether this account may ask once more now, and count it if so."""
        with self._lock:
            return self._limiter.hit(self._item, str(account_id))
