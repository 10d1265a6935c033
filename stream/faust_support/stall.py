"""A watch over a worker that is a member of its group and yet acknowledges nothing.

Upstream faults (Faust 0.15.3): where one rebalance follows another during a recovery, each may leave it to the other to
let the flow go on; and a record that is fetched at that moment may be dropped without being fetched again, so that its
partition's commits stop there. Both look like an idle worker. On an upgrade, check `Recovery.on_rebalance` and
`Recovery._resume_streams` for returns that leave the recovery's event unset, and `Consumer._new_offset`.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, cast

import faust

STALL_S = 60.0
"""Seconds in which a partition's committed offset stood still, although a tick a second arrives there. A restart takes
some ten, and a held batch of records is not lost by it."""


def committed_offsets(app: faust.App, topic: str) -> dict[int, int | None]:
    """Return the committed offset of each of the worker's partitions of a topic; None where it is not known yet."""
    consumer = cast("Any", app.consumer)
    committed = consumer._committed_offset  # noqa: SLF001 - Faust reports it nowhere else
    return {tp.partition: committed.get(tp) for tp in consumer.assignment() if tp.topic == topic}


class StallWatch:
    """The committed offsets of a worker, and since when each has stood still.

    Time in which the worker is not surely a member of its group does not count: then the broker is away, not the flow.
    """

    def __init__(
        self,
        offsets: Callable[[], Mapping[int, int | None]],
        is_member: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`offsets` returns the committed offset of each own partition."""
        self._offsets = offsets
        self._is_member = is_member
        self._clock = clock
        self._seen: dict[int, tuple[int | None, float]] = {}

    def restart(self) -> None:
        """Count from now on: the state of the partitions is being read, before which nothing is acknowledged."""
        self._seen.clear()

    def stalled(self) -> list[int]:
        """Return the partitions whose offset has stood still for `STALL_S`; to be called every second."""
        if not self._is_member():
            self.restart()
            return []
        now = self._clock()
        self._seen = {number: self._since(number, offset, now) for number, offset in self._offsets().items()}
        return sorted(number for number, (_, since) in self._seen.items() if now - since >= STALL_S)

    def _since(self, number: int, offset: int | None, now: float) -> tuple[int | None, float]:
        seen = self._seen.get(number)
        return seen if seen is not None and seen[0] == offset else (offset, now)
