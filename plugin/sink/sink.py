"""`counterpoint sink`: feedback topic to PostgreSQL. The Kafka offset is committed after the transaction, never before.

While the database is away the sink keeps its place in the group: it pauses its partitions and goes on polling.
"""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from plugin.database.engine import connect, utc_now
from plugin.database.key_encryption_key import key_encryption_key
from plugin.sink.dead_letters import ACKNOWLEDGED_WITHIN_S, STAGE, SetAside
from plugin.sink.writer import Writer
from stream.contracts.errors import Misconfigured, Unavailable
from stream.contracts.topics import FEEDBACK, MAX_RECORD_BYTES
from stream.runtime import metrics, settings
from stream.runtime.codec import RawRecord
from stream.runtime.health import Health, serve
from stream.runtime.kafka_clients import options
from stream.runtime.logging import get_logger
from stream.runtime.progress import Progress

GROUP: Final = "counterpoint-sink"
BROKER, DATABASE = "broker", "database"
POLL_MS: Final = 200
"""Longest wait for records: how soon a stop is noticed when there are none."""
BATCH: Final = 50
"""Records between two commits: what a kill makes come again."""
LOOK_EVERY_S: Final = 5.0
LOOK_AGAIN_S: Final = 1.0
"""While something is wrong."""
REACH_MS: Final = 3_000
"""For one request to the broker; on a local network it takes milliseconds."""
HEARTBEAT_MS: Final = 1_000


def run(given: settings.Settings) -> int:
    """Store records until SIGTERM or SIGINT; returns the exit status.

    Raises:
        Misconfigured: a setting is missing or wrong.
        TooManyDeadLetters: nearly every record is refused.
    """
    url = settings.required(given.database.url, "database.url")
    engine = connect(url)
    writer = Writer(url, engine, key_encryption_key(given), given.kafka.partitions, utc_now)
    health, stop = Health(BROKER, DATABASE), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server = serve(health, given.health.host, given.health.sink_port)
    try:
        Sink(given.kafka, writer, health, stop).run()
    finally:
        server.shutdown()
        server.server_close()
        engine.dispose()
    return 0


@dataclass
class Sink:
    """The loop. `stop` ends it between two records."""

    kafka: settings.Kafka
    writer: Writer
    health: Health
    stop: threading.Event
    clock: Callable[[], float] = time.monotonic
    """Seconds, only going forward."""
    _look_at: float = field(default=0.0, init=False)
    _well: bool = field(default=False, init=False)
    """Whether the last look, and every record since, found database and broker well."""
    _progress: Progress = field(default_factory=lambda: Progress(STAGE), init=False)

    def run(self) -> None:
        """Consume until `stop` is set; a broker that is away is waited for."""
        while not self.stop.is_set():
            try:
                with self._clients() as (consumer, aside):
                    self._consume(consumer, aside)
            except KafkaError as error:
                get_logger().warning("broker_away", error_type=type(error).__name__)
                self.health.set(BROKER, f"The broker at {self.kafka.bootstrap_servers} does not answer.")
                self.stop.wait(LOOK_AGAIN_S)

    def _consume(self, consumer: Any, aside: SetAside) -> None:
        consumer.subscribe([FEEDBACK])
        while not self.stop.is_set():
            if self.clock() >= self._look_at:
                self._look(consumer)
            batches = consumer.poll(timeout_ms=POLL_MS)
            done: dict[TopicPartition, int] = {}
            try:
                if self._well:
                    self._work(batches, aside, done)
            except Unavailable as error:
                get_logger().warning("record_held", retry_after_s=error.retry_after)
                self._well, self._look_at = False, self.clock() + error.retry_after
            finally:
                self._commit(consumer, done)
            if not self._well:
                _put_back(consumer, batches, done)

    def _work(self, batches: dict[Any, list[Any]], aside: SetAside, done: dict[Any, int]) -> None:
        """Take the records in their order; `done` says how far each partition is finished with."""
        for partition, records in batches.items():
            for record in records:
                if self.stop.is_set():
                    return
                raw = _raw(record)
                self._progress.take(raw)
                try:
                    self.writer.write(raw)
                    aside.good(raw.partition)
                except (Unavailable, Misconfigured):  # a missing right is no fault of the record
                    raise
                except Exception as error:  # noqa: BLE001 - whatever it is, it is set aside by name and place
                    aside.put(raw, error)
                done[partition] = raw.offset + 1
                self._progress.finish(raw)

    def _commit(self, consumer: Any, done: dict[Any, int]) -> None:
        """Tell the broker what is finished with. If it does not hear, the same records come again: no harm."""
        if not done:
            return
        offsets = {partition: OffsetAndMetadata(offset, "", -1) for partition, offset in done.items()}
        try:
            consumer.commit(offsets, timeout_ms=REACH_MS)
        except KafkaError as error:
            get_logger().warning("commit_failed", error_type=type(error).__name__, count=len(done))

    def _look(self, consumer: Any) -> None:
        """See whether database and broker are well; take records only while they are."""
        database, broker = self.writer.trouble(), self._trouble_with_broker(consumer)
        metrics.DATABASE_AWAY.set(database is not None)
        for part, trouble in ((DATABASE, database), (BROKER, broker)):
            if trouble != self.health.troubles().get(part):
                get_logger().log(
                    20 if trouble is None else 30, "well_again" if trouble is None else "trouble", check=part
                )
            self.health.set(part, trouble)
        self._progress.keep_only({part.partition for part in consumer.assignment()})
        self._well = database is None and broker is None
        self._look_at = self.clock() + (LOOK_EVERY_S if self._well else LOOK_AGAIN_S)
        if self._well:
            consumer.resume(*consumer.paused())

    def _trouble_with_broker(self, consumer: Any) -> str | None:
        there = consumer.partitions_for_topic(FEEDBACK)
        if not there:
            return f"The topic {FEEDBACK} does not exist. Run `counterpoint topics`."
        if len(there) != self.kafka.partitions:
            return f"The topic {FEEDBACK} has {len(there)} partitions, kafka.partitions says {self.kafka.partitions}."
        try:
            consumer.end_offsets([TopicPartition(FEEDBACK, 0)], timeout_ms=REACH_MS)
        except KafkaError:
            return f"The broker at {self.kafka.bootstrap_servers} does not answer."
        return None

    @contextlib.contextmanager
    def _clients(self) -> Iterator[tuple[Any, SetAside]]:
        common = {
            **options(self.kafka),
            "client_id": GROUP,
            "bootstrap_timeout_ms": REACH_MS,
            "reconnect_backoff_max_ms": 1_000,
            "allow_auto_create_topics": False,
        }
        session_ms = self.kafka.session_timeout_s * 1000
        consumer = KafkaConsumer(
            **common,
            group_id=GROUP,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            max_poll_records=BATCH,
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=HEARTBEAT_MS,
            request_timeout_ms=session_ms + 5_000,
        )
        try:
            producer = KafkaProducer(
                **common,
                acks="all",
                enable_idempotence=False,  # kafka-python 3.0.12: see plugin/gateway/publisher.py
                max_request_size=MAX_RECORD_BYTES + 200_000,  # what the broker took with its headers, and the story
                request_timeout_ms=int(ACKNOWLEDGED_WITHIN_S * 1000) - 1_000,
                delivery_timeout_ms=int(ACKNOWLEDGED_WITHIN_S * 1000),
                max_block_ms=REACH_MS,
            )
            try:
                yield consumer, SetAside(producer, self.kafka.dead_letters_in_a_row, self.health)
            finally:
                producer.close(timeout=REACH_MS / 1000)
        finally:
            consumer.close(autocommit=False, timeout_ms=REACH_MS)


def _put_back(consumer: Any, batches: dict[Any, list[Any]], done: dict[Any, int]) -> None:
    """Go back to the first record that is not finished with, and get no more for now; polling keeps the membership."""
    for partition, records in batches.items():
        consumer.seek(partition, done.get(partition, records[0].offset))
    consumer.pause(*consumer.assignment())


def _raw(record: Any) -> RawRecord:
    return RawRecord(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp_ms=record.timestamp,
        key=record.key,
        value=record.value,
        headers=tuple(record.headers),
    )
