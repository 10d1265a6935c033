"""Tests of the progress of a stage: the records it holds, since when, and what its metrics say."""

from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from stream.runtime.codec import RawRecord
from stream.runtime.progress import Progress


class Clock:
    """A clock that a test sets, in seconds."""

    now = 1_000.0

    def __call__(self) -> float:
        """Return the time that is set."""
        return self.now


class Bench:
    """The progress of a stage with a name of its own, a clock, and its metrics."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.stage = f"stage-{uuid4()}"
        self.progress = Progress(self.stage, self.clock)

    def metric(self, name: str) -> float | None:
        """Return the value of a metric of this stage, as a scrape finds it."""
        return REGISTRY.get_sample_value(f"counterpoint_{name}", {"stage": self.stage})


@pytest.fixture
def bench() -> Bench:
    """Return the progress of a new stage."""
    return Bench()


def record(offset: int, *, partition: int = 0, appended_s: float = 990.0, topic: str = "t") -> RawRecord:
    """Return a record with the append time `appended_s`."""
    return RawRecord(topic, partition, offset, int(appended_s * 1000), None, b"")


def test_a_stage_that_holds_nothing_reports_zero(bench: Bench) -> None:
    """A stage that has not begun a record reports zero."""
    assert bench.metric("oldest_held_seconds") == 0
    assert bench.metric("records_total") == 0


def test_the_oldest_held_record_grows_older_while_nothing_happens(bench: Bench) -> None:
    """The age of the oldest held record grows while nothing happens, which is what the alert checks."""
    bench.progress.start(record(1, appended_s=990))
    bench.progress.start(record(2, appended_s=995))
    assert bench.metric("oldest_held_seconds") == 10
    bench.clock.now += 60
    assert bench.metric("oldest_held_seconds") == 70


def test_a_stage_may_know_itself_since_when_it_holds_something(bench: Bench) -> None:
    """A stage with a list of its own says when the oldest of it was appended, and that nothing is left."""
    bench.progress.hold_since(990_000)
    bench.clock.now += 60
    assert bench.metric("oldest_held_seconds") == 70
    bench.progress.hold_since(None)
    assert bench.metric("oldest_held_seconds") == 0


def test_finishing_a_record_counts_it_and_reports_the_delay(bench: Bench) -> None:
    """Finishing a record counts it and reports the time since its append time."""
    bench.progress.start(record(1))
    bench.progress.finish(record(1))
    assert bench.metric("records_total") == 1
    assert bench.metric("behind_seconds") == 10
    assert bench.metric("last_record_timestamp_seconds") == 1_000
    assert bench.metric("oldest_held_seconds") == 0


def test_a_batch_is_finished_with_one_call(bench: Bench) -> None:
    """A batch is finished with one call, so that it does not cost time for each message."""
    bench.progress.finish(record(500), 500)
    assert bench.metric("records_total") == 500


def test_a_released_record_is_not_held(bench: Bench) -> None:
    """A released record is not held and not counted, and releasing it twice is harmless."""
    bench.progress.start(record(1))
    bench.progress.release(record(1))
    bench.progress.release(record(1))
    assert bench.metric("oldest_held_seconds") == 0
    assert bench.metric("records_total") == 0


def test_records_of_two_topics_are_two(bench: Bench) -> None:
    """Records of two topics with the same partition and offset are both held, and are finished one by one."""
    bench.progress.start(record(1, appended_s=900))
    bench.progress.start(record(1, appended_s=990, topic="another"))
    bench.progress.finish(record(1, appended_s=990, topic="another"))
    assert bench.metric("oldest_held_seconds") == 100
    bench.progress.keep_only({("another", 0)})
    assert bench.metric("oldest_held_seconds") == 0


def test_records_of_partitions_that_are_assigned_elsewhere_are_not_held(bench: Bench) -> None:
    """Records of partitions that are assigned elsewhere are not held.

    Otherwise a rebalance would look like an outage for ever.
    """
    bench.progress.start(record(1, partition=0, appended_s=900))
    bench.progress.start(record(1, partition=1, appended_s=990))
    bench.progress.keep_only({("t", 1)})
    assert bench.metric("oldest_held_seconds") == 10


def test_no_duration_is_negative_if_the_brokers_clock_is_ahead(bench: Bench) -> None:
    """A broker whose clock is ahead of ours does not make durations negative."""
    bench.progress.start(record(1, appended_s=2_000))
    assert bench.metric("oldest_held_seconds") == 0
    bench.progress.finish(record(1, appended_s=2_000))
    assert bench.metric("behind_seconds") == 0
