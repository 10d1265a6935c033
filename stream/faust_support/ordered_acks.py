"""Acknowledge side by side work in the order in which it came.

Faust commits behind a gap: where a later record is acknowledged and an earlier one is not, its next commit may take the
later one's place, and the earlier record never comes again. So a record is acknowledged once all before it are done.
"""

from collections import deque
from typing import Any

from faust.types import EventT

Place = tuple[int, int | None]
"""Partition and generation: what an older generation holds up comes again in the newer one."""


class InOrder:
    """The records under way, partition by partition."""

    def __init__(self) -> None:
        self._under_way: dict[Place, deque[EventT[Any]]] = {}
        self._done: set[int] = set()

    def taken(self, event: EventT[Any]) -> None:
        """A record has come; to be called in the order of their coming."""
        self._under_way.setdefault(_place(event), deque()).append(event)

    def done(self, event: EventT[Any]) -> None:
        """Its effect is kept: acknowledge it, now or as soon as all before it are done."""
        self._done.add(id(event))
        waiting = self._under_way[_place(event)]
        while waiting and id(waiting[0]) in self._done:
            first = waiting.popleft()
            self._done.discard(id(first))
            first.ack()
        if not waiting:
            del self._under_way[_place(event)]


def _place(event: EventT[Any]) -> Place:
    return event.message.partition, event.message.generation_id
