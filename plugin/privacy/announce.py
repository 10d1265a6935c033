"""Telling the stages what is to be forgotten: on the messages topic, from where it travels down every other."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from kafka import KafkaProducer
from kafka.errors import KafkaError

from plugin.database.tables import ForgottenKind
from plugin.database.tombstones import Subject
from stream.contracts.errors import Unavailable
from stream.contracts.ids import conversation_event_id, record_key
from stream.contracts.messages import Erasure, PersonErasure
from stream.contracts.topics import MESSAGES
from stream.contracts.vocabulary import Role
from stream.runtime.codec import Encoded, encode, partition_of
from stream.runtime.kafka_clients import options, refusal
from stream.runtime.settings import Kafka

ACKNOWLEDGED_WITHIN_S: Final = 10.0


class Announce(Protocol):
    """Each call returns once every in-sync replica has it; telling the same twice tells it once."""

    def conversation(self, tenant: str, conversation_id: str, erasure_id: UUID, requested_at: datetime) -> None:
        """Everything of a conversation is to be forgotten."""
        ...

    def person(self, subject: Subject, erasure_id: UUID, requested_at: datetime) -> None:
        """Everything of a person is to be forgotten: told on every partition, for sessions that are still open."""
        ...


class OnTopic:
    """The real one."""

    def __init__(self, producer: Any, kafka: Kafka) -> None:
        self._producer = producer
        self._kafka = kafka

    def conversation(self, tenant: str, conversation_id: str, erasure_id: UUID, requested_at: datetime) -> None:
        """See `Announce`.

        Raises:
            Unavailable: it was not acknowledged in time.
        """
        key = record_key(tenant, conversation_id)
        event = Erasure(
            tenant=tenant, conversation_id=conversation_id, erasure_id=str(erasure_id), requested_at=requested_at
        )
        event_id = conversation_event_id(tenant, conversation_id, event.event_type, event.erasure_id)
        record = encode(event, event_type=event.event_type, event_id=event_id, key=key)
        self._send(record, partition_of(key, self._kafka.partitions))

    def person(self, subject: Subject, erasure_id: UUID, requested_at: datetime) -> None:
        """See `Announce`.

        Raises:
            Unavailable: it was not acknowledged in time.
        """
        for partition in range(self._kafka.partitions):
            event = PersonErasure(
                tenant=subject.tenant,
                person=subject.pseudonym,
                role=Role.CLIENT if subject.kind is ForgottenKind.CLIENT else Role.COUNSELLOR,
                erasure_id=str(erasure_id),
                requested_at=requested_at,
                partition=partition,
            )
            event_id = f"{erasure_id}-{partition}"
            self._send(encode(event, event_type=event.event_type, event_id=event_id, key=None), partition)

    def _send(self, record: Encoded, partition: int) -> None:
        sent = self._producer.send(
            MESSAGES, value=record.value, key=record.key, headers=record.headers, partition=partition
        )
        sent.get(timeout=ACKNOWLEDGED_WITHIN_S)


@contextmanager
def on_topic(kafka: Kafka) -> Iterator[OnTopic]:
    """Announce on this broker.

    Raises:
        Unavailable: the broker does not answer, or not in time.
        Misconfigured: it does not let us in.
    """
    wait_ms = int(ACKNOWLEDGED_WITHIN_S * 1000)
    try:
        producer = KafkaProducer(
            **options(kafka),
            acks="all",
            allow_auto_create_topics=False,
            request_timeout_ms=wait_ms - 1_000,
            delivery_timeout_ms=wait_ms,
            max_block_ms=wait_ms,
            bootstrap_timeout_ms=wait_ms,
        )
        try:
            yield OnTopic(producer, kafka)
        finally:
            producer.close(timeout=ACKNOWLEDGED_WITHIN_S)
    except KafkaError as error:
        raise refusal(error, kafka) from None
    except (TimeoutError, AssertionError):  # kafka-python asserts that the partition is there
        raise Unavailable(f"Kafka at {kafka.bootstrap_servers}") from None
