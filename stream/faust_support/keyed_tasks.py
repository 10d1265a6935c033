"""Work side by side, but in order where it belongs together."""

import asyncio
from collections.abc import Awaitable, Callable

Work = Callable[[], Awaitable[None]]


class KeyedTasks:
    """At most `limit` at work at a time; those of one key one after the other, in the order they were given."""

    def __init__(self, limit: int, *, changed: Callable[[int], None] = lambda _count: None) -> None:
        """`changed` hears how many are at work or wait, whenever that number changes."""
        self._slots = asyncio.Semaphore(limit)
        self._changed = changed
        self._last: dict[bytes | None, asyncio.Task[None]] = {}
        self._all: set[asyncio.Task[None]] = set()

    def start(self, key: bytes | None, work: Work) -> None:
        """Begin `work` as soon as its key and a slot are free; waits for neither. `work` must not raise."""
        task = asyncio.create_task(self._run(self._last.get(key), work))
        self._last[key] = task
        self._all.add(task)
        task.add_done_callback(lambda done: self._forget(key, done))
        self._changed(len(self._all))

    async def cancel(self) -> None:
        """Cancel what runs and wait until it has ended."""
        running = list(self._all)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _run(self, before: asyncio.Task[None] | None, work: Work) -> None:
        if before is not None:
            await asyncio.wait((before,))  # unlike awaiting it, this takes over neither its end nor its error
        async with self._slots:
            await work()

    def _forget(self, key: bytes | None, task: asyncio.Task[None]) -> None:
        self._all.discard(task)
        if self._last.get(key) is task:
            del self._last[key]
        self._changed(len(self._all))
