"""The worker of the stage `hear`: it asks the reader about clients' messages, and raises a signal of what it hears.

It runs only for platforms that ask for it (decision 90), and nothing waits for it. What the reader does not answer in
time is passed over: the session stage's lexicon has heard it already.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from kafka import ConsumerRebalanceListener, TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from stream.contracts.errors import Misconfigured, Unavailable
from stream.contracts.sessions import DetectorVersion
from stream.contracts.topics import MESSAGES
from stream.contracts.vocabulary import OperatingPoint
from stream.detection.language import load_language_model
from stream.feedback.models.reader import open_reader
from stream.risk.access import ReaderAccess
from stream.risk.opinion import CriticalContent
from stream.risk.question import Question
from stream.risk.waiting import PATIENCE_S
from stream.runtime import topics
from stream.runtime.codec import RawRecord
from stream.runtime.health import Health, ReadinessPart, serving
from stream.runtime.kafka_clients import READER_TIMEOUTS, broker_away, group_clients, raw_record, reader_trouble
from stream.runtime.logging import get_logger
from stream.runtime.metrics import RISK_HEARD
from stream.runtime.process import stopped_by_signals
from stream.runtime.progress import Progress
from stream.runtime.settings import KafkaSettings, Settings
from stream.runtime.stages import HEAR
from stream.workers.asking import Asking
from stream.workers.changelog_reading import read_open_sessions
from stream.workers.heard_messages import HeardMessages
from stream.workers.session_rules import rules_of

POLL_MS: Final = 100
"""The longest wait for records; a stop and a canary wait no longer."""
BUSY_POLL_MS: Final = 10
"""The longest wait for records while others wait for the reader."""
MAX_POLL_RECORDS: Final = 500
"""Many times what is asked about between two polls: in a backlog, too, the messages of this moment are soon read."""
LATE_S: Final = 30.0
"""Seconds that a message waits for the reader before /readyz says so: a tenth of what it waits at most."""
REREAD_S: Final = 600.0
"""Seconds of messages that are applied after the changelog was read: the session stage may be behind this one."""
CHECK_INTERVAL_S: Final = 5.0
RETRY_INTERVAL_S: Final = 1.0

Parts = Iterable[tuple[bytes, bytes | None]]
Clients = Callable[[], AbstractContextManager[tuple[Any, Any]]]
"""Opens a consumer of the group and a producer."""


def run(settings: Settings) -> int:
    """Hear until SIGTERM or SIGINT; return the exit status.

    Raises:
        Misconfigured: no platform wants it, or a setting, a file or a topic that it needs is missing or wrong.
        Unavailable: the broker does not answer at the start.
    """
    if not settings.heard_tenants:
        raise Misconfigured("No platform wants the reader to hear: set tenants.NAME.risk.reader, or do not run this.")
    topics.require_topics(settings.kafka)  # with another number of partitions every record would be on a wrong one
    load_language_model()  # takes a second, for which no message should wait
    no_detector = DetectorVersion(name="none", version="0", operating_point=OperatingPoint.GATE)
    messages = HeardMessages(
        rules_of(settings.sessions, no_detector, None, frozenset()),
        settings.heard_tenants,
        partitions=settings.kafka.partitions,
        needs_told_names=settings.feedback.without_names == "abstain",
    )
    health, stop = Health(ReadinessPart.BROKER, ReadinessPart.MODEL), threading.Event()
    reader = open_reader(settings)
    with closing(ReaderAccess(reader, health)) as access:
        asking = Asking(messages, access, CriticalContent.from_answers(reader.answers), settings.heard_tenants)
        with stopped_by_signals(stop), serving(health, *HEAR.address(settings)):
            HearWorker(settings.kafka, messages, asking, health, stop).run()
    return 0


class _Rebalanced(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python has no types
    """Notes that the group's partitions were dealt out anew; it is called on the client's own thread."""

    def __init__(self) -> None:
        self.is_set = threading.Event()

    def on_partitions_revoked(self, _revoked: object) -> None:
        """Note it."""
        self.is_set.set()

    def on_partitions_assigned(self, _assigned: object) -> None:
        """Note it."""
        self.is_set.set()


@dataclass
class HearWorker:
    """The loop of the stage. `stop` ends it between two requests."""

    kafka: KafkaSettings
    messages: HeardMessages
    asking: Asking
    health: Health
    stop: threading.Event
    clients: Clients | None = None
    """In tests, clients of another kind."""
    read_sessions: Callable[[KafkaSettings, Collection[int]], Parts] = read_open_sessions
    now: Callable[[], float] = time.time
    """Seconds since 1970, like the broker's append times."""
    clock: Callable[[], float] = time.monotonic
    _asks_from: dict[int, int] = field(default_factory=dict, init=False)
    """By partition the first offset about which the reader is asked; what is before it was heard, or is too old."""
    _reached: dict[int, int] = field(default_factory=dict, init=False)
    _committed: dict[int, int] = field(default_factory=dict, init=False)
    _next_check_at: float = field(default=0.0, init=False)
    _progress: Progress = field(default_factory=lambda: Progress(HEAR.name), init=False)

    def run(self) -> None:
        """Hear until `stop` is set; wait while the broker is away.

        Raises:
            Misconfigured: the broker refuses our user, or the session stage has another version.
        """
        opened = self.clients or partial(
            group_clients,
            self.kafka,
            client_id=HEAR.kafka_id,
            group=HEAR.kafka_id,
            max_poll_records=MAX_POLL_RECORDS,
        )
        while not self.stop.is_set():
            try:
                with opened() as (consumer, producer):
                    self._hear(consumer, producer)
            except (KafkaError, Unavailable) as error:
                get_logger().warning("broker_away", error_type=type(error).__name__)
                self.health.set(ReadinessPart.BROKER, broker_away(self.kafka))
                self.stop.wait(RETRY_INTERVAL_S)

    def _hear(self, consumer: Any, producer: Any) -> None:
        rebalanced = _Rebalanced()
        consumer.subscribe([MESSAGES], listener=rebalanced)
        more_waits = False
        while not self.stop.is_set():
            if self.clock() >= self._next_check_at:
                self._check(consumer)
            batches = consumer.poll(timeout_ms=BUSY_POLL_MS if more_waits else POLL_MS)
            if rebalanced.is_set.is_set():  # what came may be of partitions that have gone, or is read again
                rebalanced.is_set.clear()
                self._begin(consumer)
                continue
            for records in batches.values():
                self._apply(records)
            self.asking.pass_over(self.now() * 1000)
            more_waits = not self.stop.is_set() and self.asking.ask(producer)
            self._say_how_late()
            self._commit(consumer)

    def _begin(self, consumer: Any) -> None:
        """Take over the partitions that are ours now: their open sessions first, then their messages."""
        places = sorted(consumer.assignment())
        self.asking.forget()
        self._asks_from, self._reached, self._committed = {}, {}, {}
        numbers = [place.partition for place in places]
        self.messages.restore(self.read_sessions(self.kafka, numbers), numbers)
        ends = consumer.end_offsets(places, timeout_ms=READER_TIMEOUTS.answer_ms) if places else {}
        recent = self._offsets_since(consumer, ends, PATIENCE_S)
        reread = self._offsets_since(consumer, ends, REREAD_S)
        for place in places:
            committed = consumer.committed(place, timeout_ms=READER_TIMEOUTS.answer_ms)
            begin = recent[place] if committed is None else committed  # a new group begins with what is not too old
            self._asks_from[place.partition] = self._committed[place.partition] = begin
            consumer.seek(place, min(begin, reread[place]))
        self._progress.keep_only(())

    def _offsets_since(self, consumer: Any, ends: Mapping[TopicPartition, int], seconds: float) -> dict[Any, int]:
        """Return the first offset of each partition that was appended so many seconds ago or later."""
        since_ms = int((self.now() - seconds) * 1000)
        times = dict.fromkeys(ends, since_ms)
        found = consumer.offsets_for_times(times, timeout_ms=READER_TIMEOUTS.answer_ms) if times else {}
        return {place: ends[place] if found.get(place) is None else found[place].offset for place in ends}

    def _apply(self, records: Iterable[Any]) -> None:
        last: RawRecord | None = None
        count = 0
        for raw in map(raw_record, records):
            last, count = raw, count + 1
            found = self.messages.apply(raw)
            self._reached[raw.partition] = raw.offset + 1
            if found is None or raw.offset < self._asks_from[raw.partition]:
                continue
            if isinstance(found, Question):
                self.asking.add(found)
            else:
                RISK_HEARD.labels(tenant=_tenant_of(raw.key), outcome=found.value).inc()
        if last is not None:
            self._progress.finish(last, count)

    def _check(self, consumer: Any) -> None:
        """Look at the broker, and say of how many messages the reader said nothing since the last look."""
        self._next_check_at = self.clock() + CHECK_INTERVAL_S
        self.health.set(ReadinessPart.BROKER, reader_trouble(consumer, HEAR.topics, self.kafka))
        if count := self.asking.take_by_lexicon_alone():
            get_logger().warning("by_lexicon_alone", count=count)

    def _say_how_late(self) -> None:
        """Say for how long the oldest message waits for the reader, to metrics and, where that is long, to /readyz."""
        oldest_ms = self.asking.oldest_ms()
        self._progress.hold_since(oldest_ms)
        late_s = 0.0 if oldest_ms is None else self.now() - oldest_ms / 1000
        trouble = (
            f"A client's message waits for the reader since {late_s:.0f} s; after {PATIENCE_S:.0f} s it is heard by"
            " lexicon alone. If the reader is there, it is too slow: give Triton more cores, and run another `hear`."
        )
        self.health.set(ReadinessPart.BACKLOG, trouble if late_s >= LATE_S else None)

    def _commit(self, consumer: Any) -> None:
        """Commit up to the first message that waits. If this fails they are read and asked about again."""
        offsets, first = {}, self.asking.first_offsets()
        for partition, reached in self._reached.items():
            offset = first.get(partition, reached)
            if offset > self._committed[partition]:
                offsets[TopicPartition(MESSAGES, partition)] = OffsetAndMetadata(offset, "", -1)
        if not offsets:
            return
        try:
            consumer.commit(offsets, timeout_ms=READER_TIMEOUTS.answer_ms)
        except KafkaError as error:
            get_logger().warning("commit_failed", error_type=type(error).__name__, count=len(offsets))
        else:
            self._committed |= {place.partition: given.offset for place, given in offsets.items()}


def _tenant_of(key: bytes | None) -> str:
    return (key or b"").partition(b":")[0].decode(errors="replace")
