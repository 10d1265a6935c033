"""Tests of the reader of a group with a consumer in memory: order, holding, committing, dead letters."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaConnectionError, KafkaTimeoutError

from plugin.outbound.group_reader import CHECK_INTERVAL_S, GroupReader
from stream.contracts.errors import Poison, TooManyDeadLetters, Unavailable
from stream.contracts.topics import DEAD_LETTERS, RISK
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime.codec import RawRecord
from stream.runtime.health import Health, ReadinessPart
from stream.runtime.settings import KafkaSettings
from stream.runtime.stages import DELIVER
from tests.stream.runtime.test_dead_letter_writer import Producer

KAFKA = KafkaSettings(partitions=2)
PLACES = [TopicPartition(RISK, number) for number in range(2)]


def record(partition: int, offset: int) -> Any:
    """Return a record of the topic as kafka-python gives it."""
    values: dict[str, Any] = dict.fromkeys(ConsumerRecord._fields)
    key = b"riverside:c_%d" % partition
    values |= {"topic": RISK, "partition": partition, "offset": offset, "timestamp": 0, "key": key, "headers": []}
    return ConsumerRecord(**values | {"value": b"{}"})


class Consumer:
    """A consumer in memory, which gives what is at its positions and not paused."""

    def __init__(self, ends: list[int]) -> None:
        self.ends = dict(zip(PLACES, ends, strict=True))
        self.positions = dict.fromkeys(PLACES, 0)
        self.is_paused: set[TopicPartition] = set()
        self.committed: dict[TopicPartition, int] = {}
        self.subscribed: list[str] = []
        self.commit_fails = False
        self.is_away = False
        self.idle: Callable[[], None] = lambda: None
        """Called when there is nothing to give."""

    def subscribe(self, topics: list[str]) -> None:
        """Remember the topics."""
        self.subscribed = topics

    def poll(self, timeout_ms: int) -> dict[TopicPartition, list[Any]]:
        """Give two records of each partition."""
        assert timeout_ms
        found: dict[TopicPartition, list[Any]] = {}
        for place in sorted(set(PLACES) - self.is_paused):
            start = self.positions[place]
            offsets = range(start, min(start + 2, self.ends[place]))
            if offsets:
                found[place] = [record(place.partition, offset) for offset in offsets]
                self.positions[place] = offsets[-1] + 1
        if not found:
            self.idle()
        return found

    def seek(self, place: TopicPartition, offset: int) -> None:
        """Go back."""
        self.positions[place] = offset

    def pause(self, *places: TopicPartition) -> None:
        """Give no more of these."""
        self.is_paused |= set(places)

    def resume(self, *places: TopicPartition) -> None:
        """Give of these again."""
        self.is_paused -= set(places)

    def assignment(self) -> set[TopicPartition]:
        """Return every partition."""
        return set(PLACES)

    def partitions_for_topic(self, topic: str) -> set[int]:
        """Return the partitions of the topic."""
        return {0, 1} if topic == RISK else set()

    def end_offsets(self, _places: list[TopicPartition], timeout_ms: int) -> None:
        """Ask the broker."""
        if self.is_away:
            raise KafkaTimeoutError(timeout_ms)

    def commit(self, offsets: dict[TopicPartition, Any], timeout_ms: int) -> None:
        """Commit."""
        if self.commit_fails:
            raise KafkaTimeoutError(timeout_ms)
        self.committed |= {place: given.offset for place, given in offsets.items()}


class Bench:
    """A reader on a consumer in memory, with a clock that goes on only while there is nothing to do."""

    def __init__(self, consumer: Consumer, handle: Callable[[RawRecord], None], topic: str = RISK) -> None:
        self.consumer, self.producer, self.health = consumer, Producer(), Health(ReadinessPart.BROKER)
        self.now, self.opened, self.stop = 0.0, 0, threading.Event()
        self.fails_to_open = 0
        self.until = 0.0
        consumer.idle = self.wait
        self.reader = GroupReader(
            KAFKA, DELIVER, topic, "group", handle, self.health, self.stop, self.clients, lambda: self.now
        )

    def wait(self) -> None:
        """Let a second pass, and stop at the end of the test's time."""
        self.now += 1
        if self.now > self.until:
            self.stop.set()

    @contextmanager
    def clients(self) -> Iterator[tuple[Any, Any]]:
        """Yield the clients."""
        self.opened += 1
        if self.fails_to_open:
            self.fails_to_open -= 1
            raise KafkaConnectionError
        yield self.consumer, self.producer

    def run(self, until: float = 0) -> None:
        """Read until nothing is left and so many seconds have passed."""
        self.until = until
        self.reader.run()


def test_records_are_handled_in_order_and_then_committed() -> None:
    """Every record is handled once, each partition's in their order, and committed afterwards."""
    handled: list[tuple[int, int]] = []
    consumer = Consumer([3, 1])
    Bench(consumer, lambda raw: handled.append((raw.partition, raw.offset))).run()
    assert sorted(handled) == [(0, 0), (0, 1), (0, 2), (1, 0)]
    assert [offset for partition, offset in handled if partition == 0] == [0, 1, 2]
    assert consumer.committed == {PLACES[0]: 3, PLACES[1]: 1}
    assert consumer.subscribed == [RISK]


def test_a_record_that_must_wait_holds_its_partition_alone() -> None:
    """While a record waits, those behind it wait, others go on, and after its pause it comes again in its order."""
    handled: list[tuple[int, int, float]] = []
    tries = 0

    def handle(raw: RawRecord) -> None:
        nonlocal tries
        if (raw.partition, raw.offset) == (0, 1) and (tries := tries + 1) < 3:
            raise Unavailable("the receiver", 10)
        handled.append((raw.partition, raw.offset, bench.now))

    bench = Bench(Consumer([3, 4]), handle)
    bench.run(until=30)
    assert handled == [(0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 2, 0), (1, 3, 0), (0, 1, 20), (0, 2, 20)]
    assert bench.consumer.committed == {PLACES[0]: 3, PLACES[1]: 4}


def test_what_waits_is_not_committed() -> None:
    """A record that waits when the reader stops is read again by the next one, and so is all behind it."""

    def handle(raw: RawRecord) -> None:
        if raw.offset == 1:
            raise Unavailable("the receiver", 1_000)

    bench = Bench(Consumer([3, 1]), handle)
    bench.run()
    assert bench.consumer.committed == {PLACES[0]: 1, PLACES[1]: 1}
    assert bench.producer.sent == []


def test_a_stop_leaves_what_is_not_begun() -> None:
    """After a stop the record in hand is done and committed, and no further one is begun."""
    handled: list[int] = []

    def handle(raw: RawRecord) -> None:
        handled.append(raw.offset)
        bench.stop.set()

    bench = Bench(Consumer([2, 2]), handle)
    bench.run()
    assert handled == [0]
    assert bench.consumer.committed == {PLACES[0]: 1}


def test_what_cannot_be_used_is_a_dead_letter_and_the_next_is_handled() -> None:
    """Poison and unexpected errors become dead letters of the stage, in their place, before they are committed."""
    errors = {0: Poison(DeadLetterReason.NOT_DELIVERED, "receiver"), 1: KeyError("x")}

    def handle(raw: RawRecord) -> None:
        if raw.partition == 0 and raw.offset in errors:
            raise errors[raw.offset]

    bench = Bench(Consumer([3, 0]), handle)
    bench.run()
    stories = [dict(sent["headers"]) for sent in bench.producer.sent]
    assert [story["cp_reason"] for story in stories] == [b"not_delivered", b"bug"]
    assert {(story["cp_stage"], story["cp_topic"]) for story in stories} == {(b"deliver", RISK.encode())}
    assert {sent["topic"] for sent in bench.producer.sent} == {DEAD_LETTERS}
    assert bench.consumer.committed == {PLACES[0]: 3}


def test_a_dead_letter_that_the_broker_does_not_take_holds_its_record() -> None:
    """A record whose dead letter is not acknowledged comes again, and is not committed meanwhile."""

    def handle(_raw: RawRecord) -> None:
        raise Poison(DeadLetterReason.BAD_JSON, "value")

    bench = Bench(Consumer([1, 0]), handle)
    bench.producer.answers = False
    bench.run(until=3)
    assert bench.consumer.committed == {}
    assert len(bench.producer.sent) >= 3


def test_signals_that_nobody_took_do_not_stop_the_stage_but_poison_does() -> None:
    """A receiver that is away for a day makes any number of dead letters; a topic of poison stops the stage."""
    many = KAFKA.dead_letters_in_a_row + 5

    def bench_of(reason: DeadLetterReason) -> Bench:
        def handle(_raw: RawRecord) -> None:
            raise Poison(reason, "receiver")

        return Bench(Consumer([many, 0]), handle)

    away = bench_of(DeadLetterReason.NOT_DELIVERED)
    away.run()
    assert len(away.producer.sent) == many
    poison = bench_of(DeadLetterReason.BAD_JSON)
    poison.reader.kafka = KAFKA.model_copy(update={"dead_letters_in_a_row": 1})
    with pytest.raises(TooManyDeadLetters):
        poison.run()


def test_a_commit_that_fails_ends_nothing() -> None:
    """A commit that the broker does not take is left: its records would come again, which changes nothing."""
    handled: list[int] = []
    consumer = Consumer([3, 0])
    consumer.commit_fails = True
    Bench(consumer, lambda raw: handled.append(raw.offset)).run()
    assert handled == [0, 1, 2]


def test_a_broker_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """While no client can be opened the reader says so and tries again; then it reads."""
    handled: list[int] = []
    bench = Bench(Consumer([1, 0]), lambda raw: handled.append(raw.offset))
    bench.fails_to_open = 2
    said: list[str | None] = []

    def wait(_seconds: float) -> bool:
        said.append(bench.health.troubles().get(ReadinessPart.BROKER))
        return False

    monkeypatch.setattr(bench.stop, "wait", wait)
    bench.run()
    assert (handled, bench.opened) == ([0], 3)
    assert said == ["The broker at 127.0.0.1:9092 does not answer."] * 2
    assert bench.health.troubles() == {}


def test_the_broker_is_asked_again_and_again() -> None:
    """A broker that goes while nothing comes, and a topic that is missing, are seen by /readyz within seconds."""
    bench = Bench(Consumer([0, 0]), lambda _raw: None)
    bench.consumer.is_away = True
    bench.run(until=CHECK_INTERVAL_S + 1)
    assert "does not answer" in bench.health.troubles()[ReadinessPart.BROKER]
    other = Bench(Consumer([0, 0]), lambda _raw: None, topic="counterpoint.nothing.v1")
    other.run()
    assert "Run `counterpoint topics`" in other.health.troubles()[ReadinessPart.BROKER]
