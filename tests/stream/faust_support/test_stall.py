"""A worker that is a member of its group and acknowledges nothing of a partition is noticed; one that waits is not."""

from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from stream.faust_support.stall import STALL_S, StallWatch, committed_offsets


class Worker:
    """The committed offsets of a worker, its membership, and a clock that moves by hand."""

    def __init__(self) -> None:
        self.offsets: dict[int, int | None] = {0: 10, 1: 20}
        self.is_member = True
        self.now = 1_000.0
        self.watch = StallWatch(lambda: self.offsets, lambda: self.is_member, lambda: self.now)

    def after(self, seconds: float) -> list[int]:
        """Return the stalled partitions after some time."""
        self.now += seconds
        return self.watch.stalled()


@pytest.fixture
def worker() -> Worker:
    """Return a worker that was looked at once."""
    made = Worker()
    assert made.watch.stalled() == []
    return made


def test_a_partition_that_stands_still_is_stalled(worker: Worker) -> None:
    """A partition whose offset stands still is stalled, while another moves on."""
    worker.offsets[1] = 21
    assert worker.after(STALL_S - 1) == []
    assert worker.after(1) == [0]
    worker.offsets[0] = 11
    assert worker.after(1) == []


def test_an_offset_that_is_not_known_yet_counts_as_standing_still(worker: Worker) -> None:
    """A partition of which nothing was ever committed stalls like any other."""
    worker.offsets = {2: None}
    assert worker.after(0) == []
    assert worker.after(STALL_S) == [2]


def test_partitions_that_were_given_away_are_forgotten(worker: Worker) -> None:
    """A partition that comes back counts from its return."""
    worker.offsets = {1: 20}
    worker.after(0)
    worker.offsets = {0: 10, 1: 21}
    assert worker.after(STALL_S) == []
    assert worker.after(STALL_S) == [0, 1]


def test_time_without_the_broker_does_not_count(worker: Worker) -> None:
    """While the worker is not surely a member, the broker is away; afterwards it counts from the beginning."""
    worker.is_member = False
    assert worker.after(10 * STALL_S) == []
    worker.is_member = True
    assert worker.after(1) == []
    assert worker.after(STALL_S - 1) == []
    assert worker.after(1) == [0, 1]


def test_reading_the_state_is_no_stall(worker: Worker) -> None:
    """While the changelog is read, nothing is acknowledged and nothing stalls."""
    assert worker.after(STALL_S - 1) == []
    worker.watch.restart()
    assert worker.after(1) == []


def test_committed_offsets_are_those_of_the_topics_own_partitions() -> None:
    """The offsets are those of assigned partitions of the topic, and None where nothing was committed."""
    assigned = {TP("messages", 0), TP("messages", 2), TP("changelog", 0)}
    committed = {TP("messages", 0): 5, TP("messages", 1): 6, TP("changelog", 0): 7}
    consumer = SimpleNamespace(_committed_offset=committed, assignment=lambda: assigned)
    app: Any = SimpleNamespace(consumer=consumer)
    assert committed_offsets(app, "messages") == {0: 5, 2: None}
