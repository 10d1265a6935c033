"""The sink stage (`counterpoint sink`), which writes feedback, risk signals, outcomes and measures to PostgreSQL.

The Kafka offset is committed after the transaction, never before. While the database is away the sink stays a member of
its consumer group: it pauses its partitions and continues to poll.
"""

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from kafka import TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from plugin.database.engine import connect, utc_now
from plugin.database.key_encryption_key import key_encryption_key
from plugin.sink.writer import Writer
from stream.contracts.errors import Misconfigured, Unavailable
from stream.runtime import metrics, settings
from stream.runtime.dead_letter_writer import DeadLetterWriter
from stream.runtime.health import Health, ReadinessPart, serve
from stream.runtime.kafka_clients import READER_TIMEOUTS, broker_away, group_clients, raw_record, reader_trouble
from stream.runtime.logging import get_logger
from stream.runtime.progress import Progress
from stream.runtime.stages import SINK

POLL_MS: Final = 200
"""The longest wait for records, after which a stop is noticed."""
MAX_POLL_RECORDS: Final = 50
"""Records between two commits; at most as many are processed again after a kill."""
CHECK_INTERVAL_S: Final = 5.0
RETRY_INTERVAL_S: Final = 1.0
"""The interval of checks while the database or the broker is away."""


def run(given: settings.Settings) -> int:
    """Store records until SIGTERM or SIGINT; return the exit status.

    Raises:
        Misconfigured: a setting is missing or wrong.
        TooManyDeadLetters: nearly every record is refused.
    """
    engine = connect(settings.required_secret(given.database.url, "database.url"))
    writer = Writer(engine, key_encryption_key(given), given.kafka.partitions, utc_now)
    health, stop = Health(ReadinessPart.BROKER, ReadinessPart.DATABASE), threading.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda *_: stop.set())
    server = serve(health, *SINK.address(given))
    try:
        Sink(given.kafka, writer, health, stop).run()
    finally:
        server.shutdown()
        server.server_close()
        engine.dispose()
    return 0


@dataclass
class Sink:
    """The loop that reads records and writes them to the database. `stop` ends it between two records."""

    kafka: settings.KafkaSettings
    writer: Writer
    health: Health
    stop: threading.Event
    clock: Callable[[], float] = time.monotonic
    """A monotonic clock in seconds."""
    _next_check_at: float = field(default=0.0, init=False)
    _is_healthy: bool = field(default=False, init=False)
    """Whether database and broker were healthy at the last check, and for every record since."""
    _progress: Progress = field(default_factory=lambda: Progress(SINK.name), init=False)

    def run(self) -> None:
        """Consume records until `stop` is set; wait while the broker is away."""
        while not self.stop.is_set():
            try:
                with group_clients(
                    self.kafka, client_id=SINK.kafka_id, group=SINK.kafka_id, max_poll_records=MAX_POLL_RECORDS
                ) as (consumer, producer):
                    limit = self.kafka.dead_letters_in_a_row
                    self._consume(consumer, DeadLetterWriter(producer, SINK.name, limit, self.health))
            except KafkaError as error:
                get_logger().warning("broker_away", error_type=type(error).__name__)
                self.health.set(ReadinessPart.BROKER, broker_away(self.kafka))
                self.stop.wait(RETRY_INTERVAL_S)

    def _consume(self, consumer: Any, dead_letters: DeadLetterWriter) -> None:
        consumer.subscribe(list(SINK.topics))
        while not self.stop.is_set():
            if self.clock() >= self._next_check_at:
                self._check_dependencies(consumer)
            batches = consumer.poll(timeout_ms=POLL_MS)
            done: dict[TopicPartition, int] = {}
            try:
                if self._is_healthy:
                    self._process(batches, dead_letters, done)
            except Unavailable as error:
                get_logger().warning("record_held", retry_after_s=error.retry_after)
                self._is_healthy, self._next_check_at = False, self.clock() + error.retry_after
            finally:
                self._commit(consumer, done)
            if not self._is_healthy:
                _rewind_and_pause(consumer, batches, done)

    def _process(self, batches: dict[Any, list[Any]], dead_letters: DeadLetterWriter, done: dict[Any, int]) -> None:
        """Process records in their order, and note in `done` the next offset of each partition."""
        for partition, records in batches.items():
            for record in records:
                if self.stop.is_set():
                    return
                raw = raw_record(record)
                self._progress.start(raw)
                try:
                    self.writer.write(raw)
                    dead_letters.reset(raw)
                except (Unavailable, Misconfigured):  # a missing right is no fault of the record
                    raise
                except Exception as error:  # noqa: BLE001 - any error makes a dead letter
                    dead_letters.put(raw, error)
                done[partition] = raw.offset + 1
                self._progress.finish(raw)

    def _commit(self, consumer: Any, done: dict[Any, int]) -> None:
        """Commit the offsets of processed records. If this fails they are read again, which changes nothing."""
        if not done:
            return
        offsets = {partition: OffsetAndMetadata(offset, "", -1) for partition, offset in done.items()}
        try:
            consumer.commit(offsets, timeout_ms=READER_TIMEOUTS.answer_ms)
        except KafkaError as error:
            get_logger().warning("commit_failed", error_type=type(error).__name__, count=len(done))

    def _check_dependencies(self, consumer: Any) -> None:
        """Check the database and the broker; records are only processed while both are healthy."""
        database, broker = self.writer.database_trouble(), reader_trouble(consumer, SINK.topics, self.kafka)
        metrics.DATABASE_AWAY.set(database is not None)
        for part, trouble in ((ReadinessPart.DATABASE, database), (ReadinessPart.BROKER, broker)):
            if trouble != self.health.troubles().get(part):
                get_logger().log(
                    20 if trouble is None else 30, "well_again" if trouble is None else "trouble", check=part
                )
            self.health.set(part, trouble)
        self._progress.keep_only(consumer.assignment())
        self._is_healthy = database is None and broker is None
        self._next_check_at = self.clock() + (CHECK_INTERVAL_S if self._is_healthy else RETRY_INTERVAL_S)
        if self._is_healthy:
            consumer.resume(*consumer.paused())


def _rewind_and_pause(consumer: Any, batches: dict[Any, list[Any]], done: dict[Any, int]) -> None:
    """Seek to the first record that is not processed, and pause; further polls keep the membership in the group."""
    for partition, records in batches.items():
        consumer.seek(partition, done.get(partition, records[0].offset))
    consumer.pause(*consumer.assignment())
