"""How far a stage is: what it holds, since when, and when it last finished something. For alerts and `status`."""

import time
from collections.abc import Callable, Collection

from stream.runtime import metrics
from stream.runtime.codec import RawRecord

Place = tuple[int, int]


class Progress:
    """Of one stage in this process. `clock` is the time of day in seconds since 1970, as the broker's append times."""

    def __init__(self, stage: str, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._held: dict[Place, int] = {}
        self._records = metrics.RECORDS.labels(stage=stage)
        self._behind = metrics.BEHIND.labels(stage=stage)
        self._finished_at = metrics.LAST_RECORD.labels(stage=stage)
        metrics.OLDEST_HELD.labels(stage=stage).set_function(self.oldest_held_s)  # asked when it is scraped

    def take(self, raw: RawRecord) -> None:
        """The stage has begun with a record."""
        self._held[raw.partition, raw.offset] = raw.timestamp_ms

    def finish(self, raw: RawRecord, count: int = 1) -> None:
        """The stage is done with a record, or with `count` of which this is the last."""
        self.let_go(raw)
        now = self._clock()
        self._records.inc(count)
        self._behind.set(max(0.0, now - raw.timestamp_ms / 1000))
        self._finished_at.set(now)

    def let_go(self, raw: RawRecord) -> None:
        """The stage gave a record back; it comes again, here or elsewhere."""
        self._held.pop((raw.partition, raw.offset), None)

    def keep_only(self, partitions: Collection[int]) -> None:
        """These partitions are ours now; what is held of others is somebody else's."""
        for place in [place for place in self._held if place[0] not in partitions]:
            del self._held[place]

    def oldest_held_s(self) -> float:
        """Seconds since the broker took the oldest record held; 0 when none is."""
        oldest = min(list(self._held.values()), default=None)
        return 0.0 if oldest is None else max(0.0, self._clock() - oldest / 1000)
