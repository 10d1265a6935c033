"""The progress of a stage for metrics and alerts: the records it holds, since when, and when it last finished one."""

import time
from collections.abc import Callable, Collection

from stream.runtime import metrics
from stream.runtime.codec import RawRecord

Place = tuple[str, int]
"""A topic and the number of a partition of it."""


class Progress:
    """The progress of one stage in this process, written to its metrics.

    `clock` gives the time in seconds since 1970, like the broker's append times.
    """

    def __init__(self, stage: str, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._held: dict[tuple[Place, int], int] = {}
        self._held_since_ms: int | None = None
        self._records = metrics.RECORDS.labels(stage=stage)
        self._behind = metrics.BEHIND.labels(stage=stage)
        self._finished_at = metrics.LAST_RECORD.labels(stage=stage)
        metrics.OLDEST_HELD.labels(stage=stage).set_function(self.oldest_held_s)  # called at each scrape

    def start(self, raw: RawRecord) -> None:
        """Add a record to those that the stage holds, because it begins to work on it."""
        self._held[(raw.topic, raw.partition), raw.offset] = raw.timestamp_ms

    def finish(self, raw: RawRecord, count: int = 1) -> None:
        """Count a record as finished and update the metrics.

        With `count`, a batch of so many records is finished, of which `raw` is the last.
        """
        self.release(raw)
        now = self._clock()
        self._records.inc(count)
        self._behind.set(max(0.0, now - raw.timestamp_ms / 1000))
        self._finished_at.set(now)

    def release(self, raw: RawRecord) -> None:
        """Remove a record that the stage has not finished and that is delivered again, here or to another process."""
        self._held.pop(((raw.topic, raw.partition), raw.offset), None)

    def hold_since(self, appended_ms: int | None) -> None:
        """Say when the oldest record was appended that a stage holds by a list of its own; None if it holds none."""
        self._held_since_ms = appended_ms

    def keep_only(self, places: Collection[Place]) -> None:
        """Keep only the records of the partitions that are assigned to this process now."""
        for held in [held for held in self._held if held[0] not in places]:
            del self._held[held]

    def oldest_held_s(self) -> float:
        """Return the seconds since the append time of the oldest record held; 0 if none is held."""
        oldest = min(list(self._held.values()), default=self._held_since_ms)
        return 0.0 if oldest is None else max(0.0, self._clock() - oldest / 1000)
