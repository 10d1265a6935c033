"""The queue for checking passwords: one hash at a time in each of two lanes, and few that wait.

Hashing fills a core and 64 MiB. Without a bound, a flood of logins would take the threads, the processor and the
database connections of everybody who is logged in already. Known devices have a lane of their own, so that a flood of
strangers does not stand before them.
"""

from collections import Counter
from collections.abc import Callable
from typing import Final, TypeVar

from anyio import CapacityLimiter, to_thread

MAX_IN_LANE: Final = 16
"""Logins that are checked or wait in one lane: the last one waits two or three seconds on a small machine."""
MAX_OF_ADDRESS: Final = 6
"""The share of one address, so that one client cannot fill the lane."""
RETRY_AFTER_S: Final = 5

T = TypeVar("T")


class Busy(Exception):  # noqa: N818 - named by what the caller does
    """Too many passwords are being checked: answer 503, and ask to try again in a few seconds."""


class LoginQueue:
    """The two lanes of one process. It belongs to one event loop."""

    def __init__(self) -> None:
        self._strangers = _Lane()
        self._known = _Lane()

    async def run(self, work: Callable[[], T], *, address: str, is_known: bool) -> T:
        """Run `work`, which hashes a password, in a thread of its lane.

        Raises:
            Busy: the lane, or the share of this address in it, is full.
        """
        return await (self._known if is_known else self._strangers).run(work, address)


class _Lane:
    def __init__(self) -> None:
        self._one_at_a_time = CapacityLimiter(1)
        self._waiting: Counter[str] = Counter()

    async def run(self, work: Callable[[], T], address: str) -> T:
        if self._waiting.total() >= MAX_IN_LANE or self._waiting[address] >= MAX_OF_ADDRESS:
            raise Busy
        self._waiting[address] += 1
        try:
            return await to_thread.run_sync(work, limiter=self._one_at_a_time)
        finally:
            self._waiting[address] -= 1
            if not self._waiting[address]:
                del self._waiting[address]
