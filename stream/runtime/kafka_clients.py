"""Factories for kafka-python's producer, consumer and admin client, their timeouts, and functions to send a record."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError, UnknownTopicOrPartitionError

from stream.contracts.topics import MAX_RECORD_BYTES
from stream.runtime.codec import EncodedRecord, RawRecord
from stream.runtime.kafka_connection import connection_options
from stream.runtime.settings import KafkaSettings

_HEADERS_BYTES: Final = 200_000  # headers and framing, with the headers of a dead letter's story
_HEARTBEAT_MS: Final = 1_000
_RECONNECT_MAX_MS: Final = 1_000  # so that a client finds a restarted broker within a second


@dataclass(frozen=True)
class Timeouts:
    """The timeouts of the clients of one process, in ms; on a local network each of these steps takes milliseconds."""

    connect_ms: int
    """The time to find a broker when the client is created."""
    answer_ms: int
    """The time for one answer of a broker."""
    metadata_ms: int
    """The time that `send` may wait for the partitions of a topic."""
    acknowledge_ms: int
    """The time until every in-sync replica has a record."""

    @property
    def connect_s(self) -> float:
        """The connect timeout in seconds."""
        return self.connect_ms / 1000

    @property
    def answer_s(self) -> float:
        """The answer timeout in seconds."""
        return self.answer_ms / 1000

    @property
    def acknowledge_s(self) -> float:
        """The acknowledgement timeout in seconds."""
        return self.acknowledge_ms / 1000


GATEWAY_TIMEOUTS: Final = Timeouts(
    connect_ms=2_000,
    answer_ms=2_000,
    metadata_ms=500,  # `send` is called from the event loop and must not block it for long
    acknowledge_ms=4_000,  # less than the 5 s after which a platform counts a webhook as failed (Chatwoot's default)
)
READER_TIMEOUTS: Final = Timeouts(connect_ms=3_000, answer_ms=3_000, metadata_ms=3_000, acknowledge_ms=5_000)
"""Those of a stage that reads a topic without Faust."""
COMMAND_TIMEOUTS: Final = Timeouts(
    connect_ms=10_000,  # an operator learns within ten seconds that there is no broker at an address
    answer_ms=10_000,  # a broker may be busy
    metadata_ms=3_000,
    acknowledge_ms=10_000,
)


def producer(
    kafka: KafkaSettings, timeouts: Timeouts, *, client_id: str, enable_idempotence: bool, **settings: object
) -> KafkaProducer:
    """Return a producer whose records count as sent once every in-sync replica has them.

    A stage that must survive an outage of the broker sets `enable_idempotence` to false: an idempotent producer of
    kafka-python 3.0.12 sends nothing any more after an outage in which it lost its producer id.

    Raises:
        KafkaError: no broker is found in time, or the broker refuses us.
        Misconfigured: a certificate or key file of the settings cannot be used.
    """
    return KafkaProducer(
        **_common(kafka, timeouts, client_id),
        acks="all",
        allow_auto_create_topics=False,
        enable_idempotence=enable_idempotence,
        max_request_size=MAX_RECORD_BYTES + _HEADERS_BYTES,
        request_timeout_ms=timeouts.acknowledge_ms - 1_000,
        delivery_timeout_ms=timeouts.acknowledge_ms,
        max_block_ms=timeouts.metadata_ms,
        **settings,
    )


def consumer(kafka: KafkaSettings, timeouts: Timeouts, *, client_id: str, **settings: object) -> KafkaConsumer:
    """Return a consumer that starts at the first record and commits only on an explicit call.

    Raises:
        KafkaError: no broker is found in time, or the broker refuses us.
        Misconfigured: a certificate or key file of the settings cannot be used.
    """
    return KafkaConsumer(
        **_common(kafka, timeouts, client_id),
        allow_auto_create_topics=False,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        **settings,
    )


def admin(kafka: KafkaSettings, timeouts: Timeouts, *, client_id: str, **settings: object) -> KafkaAdminClient:
    """Return an admin client for topics, ACLs and the offsets of consumer groups.

    Raises:
        KafkaError: no broker is found in time, or the broker refuses us.
        Misconfigured: a certificate or key file of the settings cannot be used.
    """
    return KafkaAdminClient(**_common(kafka, timeouts, client_id), **settings)


@contextmanager
def group_clients(
    kafka: KafkaSettings, *, client_id: str, group: str, max_poll_records: int
) -> Iterator[tuple[KafkaConsumer, KafkaProducer]]:
    """Yield a consumer that is a member of a group, and a producer for dead letters; both are closed with the block.

    Raises:
        KafkaError: no broker is found in time, or the broker refuses us.
        Misconfigured: a certificate or key file of the settings cannot be used.
    """
    session_ms = kafka.session_timeout_s * 1000
    reader = consumer(
        kafka,
        READER_TIMEOUTS,
        client_id=client_id,
        group_id=group,
        max_poll_records=max_poll_records,
        session_timeout_ms=session_ms,
        heartbeat_interval_ms=_HEARTBEAT_MS,
        request_timeout_ms=session_ms + 5_000,
    )
    try:
        writer = producer(kafka, READER_TIMEOUTS, client_id=client_id, enable_idempotence=False)
        try:
            yield reader, writer
        finally:
            writer.close(timeout=READER_TIMEOUTS.answer_s)
    finally:
        reader.close(autocommit=False, timeout_ms=READER_TIMEOUTS.answer_ms)


def raw_record(record: Any) -> RawRecord:
    """Return a record of a kafka-python consumer as the codec reads it."""
    return RawRecord(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp_ms=record.timestamp,
        key=record.key,
        value=record.value,
        headers=tuple(record.headers),
    )


def send(producer: Any, topic: str, record: EncodedRecord | RawRecord, partition: int) -> Any:
    """Pass a record to a producer and return the future of its acknowledgement.

    Raises:
        KafkaError: the topic is not known in time, or has no such partition.
    """
    try:
        return producer.send(
            topic, value=record.value, key=record.key, headers=list(record.headers), partition=partition
        )
    except ValueError:  # what kafka-python raises for a partition that is not in the metadata
        raise UnknownTopicOrPartitionError(f"{topic}, partition {partition}") from None


def send_and_wait(
    producer: Any, topic: str, record: EncodedRecord | RawRecord, partition: int, *, timeouts: Timeouts
) -> int:
    """Send a record and return its append time in ms since 1970, once every in-sync replica has it.

    Raises:
        KafkaError: the record was not acknowledged in time and may still arrive, or there is no such partition.
    """
    return cast("int", send(producer, topic, record, partition).get(timeout=timeouts.acknowledge_s).timestamp)


def reader_trouble(reader: Any, topics: Iterable[str], kafka: KafkaSettings) -> str | None:
    """Return why a consumer cannot read its topics now, as a sentence for operators; None if it can."""
    firsts = []
    for topic in topics:
        partitions = reader.partitions_for_topic(topic)
        if not partitions:
            return f"The topic {topic} does not exist. Run `counterpoint topics`."
        if len(partitions) != kafka.partitions:
            return f"The topic {topic} has {len(partitions)} partitions, kafka.partitions says {kafka.partitions}."
        firsts.append(TopicPartition(topic, 0))
    try:
        reader.end_offsets(firsts, timeout_ms=READER_TIMEOUTS.answer_ms)
    except KafkaError:
        return broker_away(kafka)
    return None


def broker_away(kafka: KafkaSettings) -> str:
    """Return the sentence that says that the broker is away."""
    return f"The broker at {kafka.bootstrap_servers} does not answer."


def _common(kafka: KafkaSettings, timeouts: Timeouts, client_id: str) -> dict[str, Any]:
    return {
        **connection_options(kafka),
        "client_id": client_id,
        "bootstrap_timeout_ms": timeouts.connect_ms,
        "reconnect_backoff_max_ms": _RECONNECT_MAX_MS,
    }
