"""A delivery that comes again is answered like the first, without doing it twice.

This only saves work: what a repeat that slips through publishes is recognised further down by its message ids.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from cachetools import TTLCache

MAX_REMEMBERED = 100_000
"""Some 25 MB. At 150 events a second that is the ten minutes for which a signature can come again."""

Answer = TypeVar("Answer")


class Repeats(Generic[Answer]):
    """Remembers answers for `ttl_s` seconds of `timer`; failures are forgotten at once."""

    def __init__(self, ttl_s: float, timer: Callable[[], float]) -> None:
        self._answered: TTLCache[bytes, Answer] = TTLCache(MAX_REMEMBERED, ttl_s, timer)
        self._running: dict[bytes, asyncio.Future[Answer]] = {}

    async def once(self, delivery: bytes, act: Callable[[], Awaitable[Answer]]) -> tuple[Answer, bool]:
        """The answer to `delivery`, and whether it is a repeat. A repeat during the first waits for it.

        Raises:
            Exception: whatever `act` raised, to the first and to those who waited with it.
        """
        if delivery in self._answered:
            return self._answered[delivery], True
        if (running := self._running.get(delivery)) is not None:
            return await asyncio.shield(running), True
        first = self._running[delivery] = asyncio.ensure_future(act())
        first.add_done_callback(lambda done: self._settle(delivery, done))
        return await asyncio.shield(first), False  # a sender that hangs up does not undo it for those who wait

    def _settle(self, delivery: bytes, done: asyncio.Future[Answer]) -> None:
        del self._running[delivery]
        if not done.cancelled() and done.exception() is None:
            self._answered[delivery] = done.result()
