"""Running tasks side by side, and one after the other where they share a key.

Upstream limit (Faust 0.15.3): an agent processes one event at a time, or many without any order (`concurrency`). On an
upgrade, check whether agents can keep the order per key.
"""

import asyncio
from collections.abc import Awaitable, Callable

Work = Callable[[], Awaitable[None]]


class KeyedTasks:
    """Tasks of which at most `limit` run at a time, and those of one key in the order in which they were started."""

    def __init__(self, limit: int, *, changed: Callable[[int], None] = lambda _count: None) -> None:
        """`changed` is called with the number of running and waiting tasks whenever it changes."""
        self._slots = asyncio.Semaphore(limit)
        self._changed = changed
        self._last: dict[bytes | None, asyncio.Task[None]] = {}
        self._all: set[asyncio.Task[None]] = set()

    def start(self, key: bytes | None, work: Work) -> None:
        """Schedule `work` for when its key and a slot are free, and return at once. `work` must not raise."""
        task = asyncio.create_task(self._run(self._last.get(key), work))
        self._last[key] = task
        self._all.add(task)
        task.add_done_callback(lambda done: self._remove(key, done))
        self._changed(len(self._all))

    async def cancel(self) -> None:
        """Cancel all tasks and wait until they have ended."""
        running = list(self._all)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _run(self, before: asyncio.Task[None] | None, work: Work) -> None:
        if before is not None:
            await asyncio.wait((before,))  # unlike awaiting it, this does not raise its error
        async with self._slots:
            await work()

    def _remove(self, key: bytes | None, task: asyncio.Task[None]) -> None:
        self._all.discard(task)
        if self._last.get(key) is task:
            del self._last[key]
        self._changed(len(self._all))
