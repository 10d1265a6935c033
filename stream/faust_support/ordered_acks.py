"""Acknowledging records in the order of their arrival, although they are processed side by side.

Upstream fault (Faust 0.15.3): where a later record is acknowledged before an earlier one, its next commit may take the
later one's offset, and the earlier record never comes again. On an upgrade, check `Consumer._new_offset`.
"""

from collections import deque
from typing import Any

from faust.types import EventT

PartitionGeneration = tuple[int, int | None]
"""Partition and group generation: records of an older generation come again in the newer one."""


class OrderedAcks:
    """The records in flight; each is acknowledged once it and all before it on its partition are complete."""

    def __init__(self) -> None:
        self._in_flight: dict[PartitionGeneration, deque[EventT[Any]]] = {}
        self._completed: set[int] = set()

    def track(self, event: EventT[Any]) -> None:
        """Add a record that has arrived; to be called in the order of arrival."""
        self._in_flight.setdefault(_partition_generation(event), deque()).append(event)

    def complete(self, event: EventT[Any]) -> None:
        """Mark a record's effect as kept, and acknowledge every record that nothing before it holds up."""
        self._completed.add(id(event))
        waiting = self._in_flight[_partition_generation(event)]
        while waiting and id(waiting[0]) in self._completed:
            first = waiting.popleft()
            self._completed.discard(id(first))
            first.ack()
        if not waiting:
            del self._in_flight[_partition_generation(event)]


def _partition_generation(event: EventT[Any]) -> PartitionGeneration:
    return event.message.partition, event.message.generation_id
