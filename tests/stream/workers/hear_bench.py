"""The stage `hear` on a topic in memory, with a reader by rules: what was read, asked, raised and committed."""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaConnectionError, KafkaTimeoutError
from prometheus_client import REGISTRY

from stream.contracts.risk import RiskSignal
from stream.contracts.topics import MESSAGES, RISK
from stream.risk.question import Outcome
from stream.runtime.codec import RawRecord, decode, known_types
from stream.runtime.settings import KafkaSettings, ReaderGrade
from stream.workers.asking import Asking
from stream.workers.hear_worker import HearWorker
from stream.workers.heard_messages import HeardMessages
from tests.stream.risk.scripted import CONTENT, Clock, ScriptedReader, access_to
from tests.stream.sessions.scenario import TENANT, broker_ms, rules
from tests.stream.workers.batch_harness import PARTITIONS, BatchWorker, Log, MemoryBroker

PLACES = [TopicPartition(MESSAGES, number) for number in range(PARTITIONS)]
_KNOWN = known_types(RiskSignal)


class Consumer:
    """A consumer of the log, with all partitions, as kafka-python has it."""

    def __init__(self, log: Log, committed: dict[TopicPartition, int]) -> None:
        self.log = log
        self.committed_offsets = committed
        self.positions = {place: committed.get(place, 0) for place in PLACES}
        self.on_idle: Callable[[], None] = lambda: None
        self.commit_fails = False
        self._listener: Any = None

    def subscribe(self, topics: list[str], listener: Any) -> None:
        """Remember whom to tell of partitions."""
        assert topics == [MESSAGES]
        self._listener = listener

    def poll(self, timeout_ms: int) -> dict[TopicPartition, list[Any]]:
        """Give what comes next; the first poll deals out the partitions."""
        assert timeout_ms
        if self._listener is not None:
            self._listener.on_partitions_assigned(PLACES)
            self._listener = None
        found = {
            place: records
            for place in PLACES
            if (records := [r for r in self._records(place) if r.offset >= self.positions[place]])
        }
        for place, records in found.items():
            self.positions[place] = records[-1].offset + 1
        if not found:
            self.on_idle()
        return found

    def assignment(self) -> set[TopicPartition]:
        """Return every partition."""
        return set(PLACES)

    def seek(self, place: TopicPartition, offset: int) -> None:
        """Go to an offset."""
        self.positions[place] = offset

    def committed(self, place: TopicPartition, timeout_ms: int) -> int | None:
        """Return where the group goes on."""
        assert timeout_ms
        return self.committed_offsets.get(place)

    def end_offsets(self, places: Collection[TopicPartition], timeout_ms: int) -> dict[TopicPartition, int]:
        """Return the offset after the last record."""
        assert timeout_ms
        return {place: self.log.offsets[place.partition] for place in places}

    def offsets_for_times(self, times: Mapping[TopicPartition, int], timeout_ms: int) -> dict[TopicPartition, Any]:
        """Return the first record at a time or later."""
        assert timeout_ms
        return {
            place: next((SimpleNamespace(offset=r.offset) for r in self._records(place) if r.timestamp >= since), None)
            for place, since in times.items()
        }

    def partitions_for_topic(self, topic: str) -> set[int]:
        """Return the partitions of the topic."""
        return set(range(PARTITIONS)) if topic == MESSAGES else set()

    def commit(self, offsets: Mapping[TopicPartition, Any], timeout_ms: int) -> None:
        """Commit, or do not answer."""
        if self.commit_fails:
            raise KafkaTimeoutError(timeout_ms)
        self.committed_offsets |= {place: given.offset for place, given in offsets.items()}

    def _records(self, place: TopicPartition) -> list[Any]:
        return [
            SimpleNamespace(
                topic=raw.topic,
                partition=raw.partition,
                offset=raw.offset,
                timestamp=raw.timestamp_ms,
                key=raw.key,
                value=raw.value,
                headers=list(raw.headers),
            )
            for raw in self.log.records
            if raw.partition == place.partition
        ]


class Producer:
    """A producer into memory; it fails once at the record of the number that `fails_at` says."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.fails_at: int | None = None
        self.on_sent: Callable[[], None] = lambda: None

    def send(self, topic: str, **record: Any) -> "Producer":
        """Keep a record, or do not answer."""
        if self.fails_at == len(self.sent):
            self.fails_at = None
            raise KafkaTimeoutError
        self.sent.append({"topic": topic, **record})
        return self

    def get(self, timeout: float) -> None:
        """Wait for the broker."""
        assert timeout
        self.on_sent()


class _Stop(threading.Event):
    """The stop of a stage whose pauses take no time."""

    def wait(self, timeout: float | None = None) -> bool:
        """Return at once."""
        del timeout
        return self.is_set()


class Crash(BaseException):
    """The end of a process in the middle of its work, which no code of it sees."""


@dataclass(frozen=True)
class Raised:
    """A signal that was raised, with its place and its event id."""

    signal: RiskSignal
    partition: int
    event_id: str


class HearBench:
    """The stage over a log. What outlives a process is here: the log, the committed offsets and the signals."""

    def __init__(
        self, *, tenants: Mapping[str, ReaderGrade] | None = None, needs_told_names: bool = False, second: float = 0
    ) -> None:
        """`second` is the broker second that the clock shows."""
        self.log, self.reader, self.producer = Log(), ScriptedReader(), Producer()
        self.now = Clock(broker_ms(second) / 1000)
        self.committed: dict[TopicPartition, int] = {}
        self.changelog: dict[bytes, bytes] = {}
        self.commit_fails = False
        self.fails_to_open = 0
        self._tenants: Mapping[str, ReaderGrade] = tenants or {TENANT: "sure"}
        self._needs_told_names = needs_told_names

    def run(self, *, seconds: float = 0) -> None:
        """Run a new process until nothing is left to read and to ask, and for so many seconds more."""
        self.clock = Clock()
        self.stop = _Stop()
        self.messages = HeardMessages(
            rules(), self._tenants, partitions=PARTITIONS, needs_told_names=self._needs_told_names
        )
        until = self.now.now + seconds
        self._idle = 0
        asked = 0

        def idle() -> None:
            nonlocal asked
            if len(self.reader.asked) > asked and not self.reader.is_slow:  # there may be more to ask
                asked = len(self.reader.asked)
                return
            self._idle += 1
            if self._idle > 1:  # in the first idle round there may be something to ask
                self.clock.now += 1
                self.now.now += 1
            if self.now.now > until + 1:
                self.stop.set()

        @contextmanager
        def clients() -> Iterator[tuple[Any, Any]]:
            if self.fails_to_open:
                self.fails_to_open -= 1
                raise KafkaConnectionError
            consumer = Consumer(self.log, self.committed)
            consumer.on_idle, consumer.commit_fails = idle, self.commit_fails
            yield consumer, self.producer

        before = {outcome: self._count(outcome) for outcome in Outcome}
        try:
            with access_to(self.reader, self.clock) as (access, self.health):
                HearWorker(
                    KafkaSettings(partitions=PARTITIONS),
                    self.messages,
                    Asking(self.messages, access, CONTENT, self._tenants),
                    self.health,
                    self.stop,
                    clients=clients,
                    read_sessions=self._read_sessions,
                    now=self.now,
                    clock=self.clock,
                ).run()
        finally:
            self.counted = {
                outcome: int(count) for outcome in Outcome if (count := self._count(outcome) - before[outcome])
            }

    def keep_sessions(self, records: Iterable[RawRecord] | None = None) -> None:
        """Let the session stage process records, by default all, so that its changelog has the sessions."""
        broker = MemoryBroker()
        broker.changelog = self.changelog
        BatchWorker(broker).process(list(self.log.records if records is None else records))

    @property
    def raised(self) -> list[Raised]:
        """The signals so far, in order; repetitions too."""
        return [self._read(sent) for sent in self.producer.sent]

    @property
    def told(self) -> list[tuple[str, int]]:
        """Message and revision of each signal so far."""
        return [(raised.signal.message_id, raised.signal.revision) for raised in self.raised]

    def _read(self, sent: Mapping[str, Any]) -> Raised:
        assert sent["topic"] == RISK
        record = RawRecord(RISK, sent["partition"], 0, 0, sent["key"], sent["value"], tuple(sent["headers"]))
        event = decode(record, _KNOWN)
        assert isinstance(event.data, RiskSignal)
        return Raised(event.data, sent["partition"], event.id)

    def _read_sessions(
        self, _kafka: KafkaSettings, partitions: Collection[int]
    ) -> Iterator[tuple[bytes, bytes | None]]:
        for key, value in self.changelog.items():
            if int(key.split(b"|")[0]) in partitions:
                yield key, value

    def _count(self, outcome: Outcome) -> float:
        return sum(
            REGISTRY.get_sample_value("counterpoint_risk_heard_total", {"tenant": tenant, "outcome": outcome.value})
            or 0
            for tenant in self._tenants
        )
