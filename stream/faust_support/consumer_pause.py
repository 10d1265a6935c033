"""Pausing what a Faust app reads from its topics, while polling and heartbeats go on.

Upstream fault (Faust 0.15.3): `pause_partitions` drops what is fetched and not yet delivered, and commits past it.
Without a pause a held record stops Faust's consumer from polling, and after an hour of that the group takes its
partitions away. On an upgrade, check `pause_partitions` and whether the aiokafka client is reachable without private
names (docs/decisions/0023-intake-is-paused-below-faust.md).
"""

from typing import Any, cast

import faust


class ConsumerPause:
    """A pause of an app's consumer that lasts while any of its reasons is active."""

    def __init__(self, app: faust.App) -> None:
        self._app = app
        self._reasons: set[str] = set()
        app.on_partitions_assigned.connect(self._assigned, weak=False)

    def set(self, reason: str, *, active: bool) -> None:
        """Begin or end one reason. What has been fetched already is still delivered."""
        if active == (reason in self._reasons):
            return
        before = bool(self._reasons)
        self._reasons ^= {reason}
        if before != bool(self._reasons):
            self._apply()

    async def _assigned(self, _app: Any, /, *_assigned: Any, signal: Any, **_: Any) -> None:
        """Apply the pause again: newly assigned partitions are not paused."""
        del signal
        self._apply()

    def _apply(self) -> None:
        # Faust's aiokafka client is private and belongs to a thread and a loop of its own.
        thread = getattr(cast("Any", self._app.consumer), "_thread", None)
        client = getattr(thread, "_consumer", None)
        if thread is None or client is None:  # not started yet: the first assignment calls this again
            return
        paused = bool(self._reasons)

        def apply() -> None:
            partitions = client.assignment()
            (client.pause if paused else client.resume)(*partitions)

        thread.thread_loop.call_soon_threadsafe(apply)
