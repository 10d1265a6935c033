"""The limit of requests of one token, counted in the memory of this process."""

import threading
from typing import Final
from uuid import UUID

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

PER_MINUTE: Final = 300
"""Requests of one token in a minute: enough to read a queue of thousands of sessions in the time of a coffee, too few
to keep the pages of others waiting."""


class RequestRate:
    """A thread-safe count of the requests of each token in the last minute."""

    def __init__(self, per_minute: int = PER_MINUTE) -> None:
        self._item = RateLimitItemPerMinute(per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._lock = threading.Lock()

    def take(self, token_id: UUID, now: float) -> float:
        """Count a request and return 0, or return the seconds until one is accepted (`now` is seconds since 1970)."""
        with self._lock:
            if self._limiter.hit(self._item, str(token_id)):
                return 0.0
            return max(1.0, self._limiter.get_window_stats(self._item, str(token_id)).reset_time - now)
