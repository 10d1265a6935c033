"""A thread for each stored receiver that has work, so that one that is slow or away makes no other wait."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Self
from uuid import UUID

from plugin.outbound.stored_receivers import ServedReceiver
from plugin.queue.receiver_views import MAX_RECEIVERS

Serve = Callable[[ServedReceiver], None]
"""Sends a receiver what waits for it now."""


class ReceiverPool:
    """The work of all stored receivers, of which each has one thread at most."""

    def __init__(self, find: Callable[[], list[ServedReceiver]], serve: Serve) -> None:
        self._find = find
        self._serve = serve
        self._threads = ThreadPoolExecutor(MAX_RECEIVERS, thread_name_prefix="receiver")
        self._busy: dict[UUID, Future[None]] = {}

    def __enter__(self) -> Self:
        """Return the pool, for use in a `with` block."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Wait until every thread has ended."""
        self._threads.shutdown()

    def look(self) -> None:
        """Begin to serve each receiver that nobody serves yet; what its last service raised is raised here."""
        for receiver_id, work in list(self._busy.items()):
            if work.done():
                del self._busy[receiver_id]
                work.result()
        for receiver in self._find():
            if receiver.receiver_id not in self._busy:
                self._busy[receiver.receiver_id] = self._threads.submit(self._serve, receiver)

    def finish(self) -> None:
        """Wait until what was begun is done; raise what one of them raised."""
        wait(self._busy.values())
        for work in self._busy.values():
            work.result()
