"""Acknowledged in the order of coming, however the work ends."""

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stream.faust_support.ordered_acks import OrderedAcks


class Events:
    """Events of a partition, and the order in which they were acknowledged."""

    def __init__(self) -> None:
        self.acknowledged: list[tuple[int, int]] = []
        self.acks = OrderedAcks()

    def track(self, offset: int, *, partition: int = 0, generation: int = 1) -> Any:
        """Return a tracked event."""
        message = SimpleNamespace(partition=partition, generation_id=generation)
        event = SimpleNamespace(message=message, ack=lambda: self.acknowledged.append((partition, offset)))
        self.acks.track(event)  # type: ignore[arg-type]
        return event


def test_what_ends_first_waits_for_what_came_first() -> None:
    """A record that ends early waits for earlier ones, because a commit would skip those still in work."""
    events = Events()
    first, second, third = (events.track(offset) for offset in (20, 21, 22))
    events.acks.complete(second)
    events.acks.complete(third)
    assert events.acknowledged == []
    events.acks.complete(first)
    assert events.acknowledged == [(0, 20), (0, 21), (0, 22)]


def test_partitions_do_not_wait_for_each_other() -> None:
    """Partitions do not wait for each other, because each has its own offset."""
    events = Events()
    events.track(5, partition=0)
    events.acks.complete(events.track(7, partition=1))
    assert events.acknowledged == [(1, 7)]


def test_unfinished_records_of_an_older_generation_delay_nothing() -> None:
    """Unfinished records of an older generation delay nothing, because they are delivered again to the new owner."""
    events = Events()
    events.track(5, generation=1)
    events.acks.complete(events.track(5, generation=2))
    assert events.acknowledged == [(0, 5)]


@given(st.permutations(range(8)), st.integers(0, 8))
def test_records_are_acknowledged_up_to_the_first_unfinished_one(order: list[int], ended: int) -> None:
    """The acknowledged offset is always the longest run of finished records, in every order of ending."""
    events = Events()
    tracked = [events.track(offset) for offset in range(8)]
    for offset in order[:ended]:
        events.acks.complete(tracked[offset])
    completed = set(order[:ended])
    first_open = next((offset for offset in range(8) if offset not in completed), 8)
    assert [offset for _, offset in events.acknowledged] == list(range(first_open))
