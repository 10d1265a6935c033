"""Recognition of repeated deliveries, so that a repeat gets the first answer without the work being done again.

This only saves work: records of a repeat that was not recognised here are recognised later by their message ids.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from cachetools import TTLCache

MAX_REMEMBERED = 100_000
"""How many answers are kept, about 25 MB: at 150 events a second, the ten minutes in which a signature is valid."""

Result = TypeVar("Result")


class _NoAnswer:
    """The type of the value that stands for a delivery without an answer, since any other may be an answer."""


_NO_ANSWER = _NoAnswer()


class Repeats(Generic[Result]):
    """A cache that remembers answers for `ttl_s` seconds of `timer` and does not remember failures."""

    def __init__(self, ttl_s: float, timer: Callable[[], float]) -> None:
        self._answered: TTLCache[bytes, Result] = TTLCache(MAX_REMEMBERED, ttl_s, timer)
        self._running: dict[bytes, asyncio.Future[Result]] = {}

    async def once(self, delivery: bytes, act: Callable[[], Awaitable[Result]]) -> tuple[Result, bool]:
        """Return the answer to `delivery` and whether it is a repeat; a repeat during the first waits for the first.

        Raises:
            Exception: The exception that `act` raised, for the first caller and for all that waited with it.
        """
        answer = self._answered.get(delivery, _NO_ANSWER)  # one look: it may expire between two
        if not isinstance(answer, _NoAnswer):
            return answer, True
        if (running := self._running.get(delivery)) is not None:
            return await asyncio.shield(running), True
        first = self._running[delivery] = asyncio.ensure_future(act())
        first.add_done_callback(lambda done: self._finish(delivery, done))
        return await asyncio.shield(first), False  # a sender that disconnects does not cancel it for the others

    def _finish(self, delivery: bytes, done: asyncio.Future[Result]) -> None:
        del self._running[delivery]
        if not done.cancelled() and done.exception() is None:
            self._answered[delivery] = done.result()
