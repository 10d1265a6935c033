"""What a Faust app takes from its topics, stopped and gone on with; polling and heartbeats go on meanwhile.

Without it a held record stops Faust's consumer from polling, and after an hour of that the group takes its partitions
away. Faust's own `pause_partitions` is not used: it forgets what is fetched and not yet handed on, and commits past it.
"""

from typing import Any, cast

import faust


class Intake:
    """Goes on while there is no reason to hold it; its reasons come and go independently."""

    def __init__(self, app: faust.App) -> None:
        self._app = app
        self._reasons: set[str] = set()
        app.on_partitions_assigned.connect(self._assigned, weak=False)

    def hold(self, reason: str, *, held: bool) -> None:
        """Begin or end one reason. What has been fetched already still comes."""
        if held == (reason in self._reasons):
            return
        before = bool(self._reasons)
        self._reasons ^= {reason}
        if before != bool(self._reasons):
            self._apply()

    async def _assigned(self, _app: Any, /, *_assigned: Any, signal: Any, **_: Any) -> None:
        """What a rebalance brings is not paused, whatever was before."""
        del signal
        self._apply()

    def _apply(self) -> None:
        # Faust hides its client, which belongs to a thread and a loop of its own.
        thread = getattr(cast("Any", self._app.consumer), "_thread", None)
        client = getattr(thread, "_consumer", None)
        if thread is None or client is None:  # not started yet: its first assignment comes here again
            return
        held = bool(self._reasons)

        def apply() -> None:
            partitions = client.assignment()
            (client.pause if held else client.resume)(*partitions)

        thread.thread_loop.call_soon_threadsafe(apply)
