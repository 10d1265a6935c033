"""A reader of a topic in a consumer group of its own, which gives one record after the other to a function.

Each partition's records are done in their order. One that must wait holds its own partition alone: the reader seeks
back to it, and polls on, so that it stays a member of its group. Offsets are committed after the effect.
"""

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from kafka import TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from stream.contracts.errors import Unavailable
from stream.runtime.codec import RawRecord
from stream.runtime.dead_letter_writer import DeadLetterWriter
from stream.runtime.health import Health, ReadinessPart
from stream.runtime.kafka_clients import READER_TIMEOUTS, broker_away, group_clients, raw_record, reader_trouble
from stream.runtime.logging import get_logger
from stream.runtime.settings import KafkaSettings
from stream.runtime.stages import Stage

POLL_MS: Final = 200
"""The longest wait for records, after which a stop and a pause that is over are noticed."""
MAX_POLL_RECORDS: Final = 20
"""Records between two commits; at most as many are handled again after a kill."""
CHECK_INTERVAL_S: Final = 5.0
RETRY_INTERVAL_S: Final = 1.0

Clients = Callable[[], AbstractContextManager[tuple[Any, Any]]]
"""Opens a consumer of the group and a producer of dead letters."""


@dataclass
class GroupReader:
    """The loop of one group. `stop` ends it between two records."""

    kafka: KafkaSettings
    stage: Stage
    topic: str
    group: str
    handle: Callable[[RawRecord], None]
    """Returns once a record is done. What raises `Unavailable` comes again; any other error makes a dead letter."""
    health: Health
    stop: threading.Event
    clients: Clients | None = None
    """In tests, clients of another kind."""
    clock: Callable[[], float] = time.monotonic
    """A monotonic clock in seconds."""
    _resume_at: dict[TopicPartition, float] = field(default_factory=dict, init=False)
    _next_check_at: float = field(default=0.0, init=False)

    def run(self) -> None:
        """Read until `stop` is set; wait while the broker is away.

        Raises:
            TooManyDeadLetters: nearly every record is refused.
        """
        opened = self.clients or partial(
            group_clients,
            self.kafka,
            client_id=self.stage.kafka_id,
            group=self.group,
            max_poll_records=MAX_POLL_RECORDS,
        )
        while not self.stop.is_set():
            try:
                with opened() as (consumer, producer):
                    limit = self.kafka.dead_letters_in_a_row
                    self._read(consumer, DeadLetterWriter(producer, self.stage.name, limit, self.health))
            except KafkaError as error:
                get_logger().warning("broker_away", error_type=type(error).__name__)
                self.health.set(ReadinessPart.BROKER, broker_away(self.kafka))
                self.stop.wait(RETRY_INTERVAL_S)

    def _read(self, consumer: Any, dead_letters: DeadLetterWriter) -> None:
        consumer.subscribe([self.topic])
        self._resume_at.clear()
        while not self.stop.is_set():
            if self.clock() >= self._next_check_at:
                self._check_broker(consumer)
            self._resume(consumer)
            done: dict[TopicPartition, int] = {}
            try:
                for partition, records in consumer.poll(timeout_ms=POLL_MS).items():
                    self._read_partition(consumer, partition, records, dead_letters, done)
            finally:
                _commit(consumer, done)

    def _read_partition(
        self,
        consumer: Any,
        partition: TopicPartition,
        records: list[Any],
        dead_letters: DeadLetterWriter,
        done: dict[TopicPartition, int],
    ) -> None:
        """Handle records in their order up to the first that must wait, and note in `done` the next offset."""
        for raw in map(raw_record, records):
            try:
                if self.stop.is_set():
                    return
                self._do(raw, dead_letters)
            except Unavailable as error:
                consumer.seek(partition, raw.offset)
                consumer.pause(partition)
                self._resume_at[partition] = self.clock() + error.retry_after
                return
            done[partition] = raw.offset + 1

    def _do(self, raw: RawRecord, dead_letters: DeadLetterWriter) -> None:
        try:
            self.handle(raw)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - any other error makes a dead letter
            dead_letters.put(raw, error)
        else:
            dead_letters.reset(raw)

    def _resume(self, consumer: Any) -> None:
        over = [partition for partition, at in self._resume_at.items() if at <= self.clock()]
        for partition in over:
            del self._resume_at[partition]
        if over:  # those that have gone to another reader since are not ours to resume
            consumer.resume(*(consumer.assignment() & set(over)))

    def _check_broker(self, consumer: Any) -> None:
        self._next_check_at = self.clock() + CHECK_INTERVAL_S
        self.health.set(ReadinessPart.BROKER, reader_trouble(consumer, [self.topic], self.kafka))


def _commit(consumer: Any, done: dict[TopicPartition, int]) -> None:
    """Commit the offsets of handled records. If this fails they are read again."""
    if not done:
        return
    offsets = {partition: OffsetAndMetadata(offset, "", -1) for partition, offset in done.items()}
    try:
        consumer.commit(offsets, timeout_ms=READER_TIMEOUTS.answer_ms)
    except KafkaError as error:
        get_logger().warning("commit_failed", error_type=type(error).__name__, count=len(done))
