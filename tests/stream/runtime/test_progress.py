"""How far a stage is: what it holds and since when, told when somebody asks."""

from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from stream.runtime.codec import RawRecord
from stream.runtime.progress import Progress


class Clock:
    """The time of day, in seconds."""

    now = 1_000.0

    def __call__(self) -> float:
        """Say it."""
        return self.now


class Bench:
    """A stage with a name of its own, and its metrics."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.stage = f"stage-{uuid4()}"
        self.progress = Progress(self.stage, self.clock)

    def metric(self, name: str) -> float | None:
        """Its value now, as a scrape finds it."""
        return REGISTRY.get_sample_value(f"counterpoint_{name}", {"stage": self.stage})


@pytest.fixture
def bench() -> Bench:
    """A fresh one."""
    return Bench()


def record(offset: int, *, partition: int = 0, appended_s: float = 990.0) -> RawRecord:
    """A record that the broker took at `appended_s`."""
    return RawRecord("t", partition, offset, int(appended_s * 1000), None, b"")


def test_a_stage_that_holds_nothing_says_zero(bench: Bench) -> None:
    """Before the first record."""
    assert bench.metric("oldest_held_seconds") == 0
    assert bench.metric("records_total") == 0


def test_the_oldest_held_record_grows_older_while_nothing_happens(bench: Bench) -> None:
    """That is what an alert waits for."""
    bench.progress.take(record(1, appended_s=990))
    bench.progress.take(record(2, appended_s=995))
    assert bench.metric("oldest_held_seconds") == 10
    bench.clock.now += 60
    assert bench.metric("oldest_held_seconds") == 70


def test_finishing_counts_and_says_how_far_behind(bench: Bench) -> None:
    """From the broker's append to the end of the work."""
    bench.progress.take(record(1))
    bench.progress.finish(record(1))
    assert bench.metric("records_total") == 1
    assert bench.metric("behind_seconds") == 10
    assert bench.metric("last_record_timestamp_seconds") == 1_000
    assert bench.metric("oldest_held_seconds") == 0


def test_a_batch_is_finished_at_once(bench: Bench) -> None:
    """One call for all of it: it must cost nothing per message."""
    bench.progress.finish(record(500), 500)
    assert bench.metric("records_total") == 500


def test_what_was_given_back_is_held_no_more(bench: Bench) -> None:
    """It comes again, here or elsewhere; letting go twice is no harm."""
    bench.progress.take(record(1))
    bench.progress.let_go(record(1))
    bench.progress.let_go(record(1))
    assert bench.metric("oldest_held_seconds") == 0
    assert bench.metric("records_total") == 0


def test_what_is_held_of_partitions_that_went_elsewhere_does_not_count(bench: Bench) -> None:
    """Or a rebalance would look like an outage for ever."""
    bench.progress.take(record(1, partition=0, appended_s=900))
    bench.progress.take(record(1, partition=1, appended_s=990))
    bench.progress.keep_only({1})
    assert bench.metric("oldest_held_seconds") == 10


def test_a_broker_whose_clock_is_ahead_makes_nothing_negative(bench: Bench) -> None:
    """Two machines, two clocks."""
    bench.progress.take(record(1, appended_s=2_000))
    assert bench.metric("oldest_held_seconds") == 0
    bench.progress.finish(record(1, appended_s=2_000))
    assert bench.metric("behind_seconds") == 0
