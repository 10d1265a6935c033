"""A Faust table that keeps its contents elsewhere, and holds the flow of messages until Faust has found its place.

Upstream fault (Faust 0.15.3): after recovery it lets messages flow before it seeks to the committed offsets, and clears
its queues after that. Under load the first message after a restart was lost, and committed. An exception in
`apply_changelog_batch` is retried for ever without a word. On an upgrade, check both in `faust.tables.recovery`
(docs/decisions/0012-hold-the-flow-after-a-restore.md).
"""

import asyncio
from collections.abc import Callable, Collection, Iterable
from typing import Any, Protocol

import faust
from faust.types import TP, EventT

from stream.contracts.errors import Misconfigured
from stream.contracts.topics import OPEN_SESSIONS_CHANGELOG


class ChangelogContents(Protocol):
    """State that is rebuilt from the records of a changelog."""

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take one record; the last record of a key counts, and None deletes."""
        ...

    def rebuild(self, partitions: Collection[int]) -> None:
        """Rebuild the state of `partitions` from what was taken, and drop the rest.

        Raises:
            ValueError: a record is not one that we wrote; its text names no content.
        """
        ...


class ChangelogTable(faust.Table[bytes, bytes]):
    """Faust reads the changelog to its end before a partition starts; `contents` holds what was read."""

    contents: ChangelogContents
    request_stop: Callable[[Exception], None]
    """Called to stop the worker when the changelog cannot be read."""
    on_progress: Callable[[], None]
    """Called whenever more of the changelog has been read."""

    def apply_changelog_batch(self, batch: Iterable[EventT[Any]]) -> None:
        """Take what recovery has read. Never raises: Faust would retry for ever."""
        for event in batch:
            if event.message.key is not None:
                self.contents.restore(event.message.key, event.message.value)
        self.on_progress()

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Rebuild the state, and stop the flow; Faust starts it itself once it has sought the committed offsets."""
        self.app.consumer.stop_flow()
        self.app.flow_control.suspend()
        try:
            self.contents.rebuild({tp.partition for tp in active_tps})
        except ValueError as error:
            self.request_stop(
                Misconfigured(
                    f"The topic {OPEN_SESSIONS_CHANGELOG} holds what this version cannot read: {error}."
                    " Run the version that wrote it, or see docs/operations.md, 'A changelog that cannot be read'."
                )
            )
            await asyncio.Event().wait()  # never go on without the state
        await super().on_recovery_completed(active_tps, standby_tps)
