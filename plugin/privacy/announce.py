"""Announcements of erasures on the messages topic, from which every stage passes them on."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from plugin.database.tables import TombstoneKind
from plugin.database.tombstones import Subject
from stream.contracts.messages import Erasure, PersonErasure
from stream.contracts.topics import MESSAGES
from stream.contracts.vocabulary import Role
from stream.runtime import command_clients
from stream.runtime.codec import EncodedRecord, encode, partition_of
from stream.runtime.kafka_clients import COMMAND_TIMEOUTS, send_and_wait
from stream.runtime.settings import KafkaSettings


class ErasureAnnouncer(Protocol):
    """A publisher of erasures to the stages.

    Each method returns the broker's append time of what it announced: what began up to then is erased. An erasure that
    is announced again reaches up to the later time.
    """

    def announce_conversation(
        self, tenant: str, conversation_id: str, erasure_id: UUID, requested_at: datetime
    ) -> datetime:
        """Announce the erasure of a conversation; return its append time once every in-sync replica has the record."""
        ...

    def announce_person(self, subject: Subject, erasure_id: UUID, requested_at: datetime) -> datetime:
        """Announce the erasure of a person on every partition, to reach sessions that are still open."""
        ...


class KafkaErasureAnnouncer:
    """An announcer that publishes on the messages topic."""

    def __init__(self, producer: Any, kafka: KafkaSettings) -> None:
        self._producer = producer
        self._kafka = kafka

    def announce_conversation(
        self, tenant: str, conversation_id: str, erasure_id: UUID, requested_at: datetime
    ) -> datetime:
        """Announce the erasure of a conversation, as `ErasureAnnouncer` says.

        Raises:
            Unavailable: the record was not acknowledged in time.
        """
        event = Erasure(
            tenant=tenant, conversation_id=conversation_id, erasure_id=str(erasure_id), requested_at=requested_at
        )
        return self._send(encode(event), partition_of(event.key, self._kafka.partitions))

    def announce_person(self, subject: Subject, erasure_id: UUID, requested_at: datetime) -> datetime:
        """Announce the erasure of a person, as `ErasureAnnouncer` says.

        Raises:
            Unavailable: a record was not acknowledged in time.
        """
        times = []
        for partition in range(self._kafka.partitions):
            event = PersonErasure(
                tenant=subject.tenant,
                person=subject.pseudonym,
                role=Role.CLIENT if subject.kind is TombstoneKind.CLIENT else Role.COUNSELLOR,
                erasure_id=str(erasure_id),
                requested_at=requested_at,
                partition=partition,
            )
            times.append(self._send(encode(event), partition))
        return max(times)

    def _send(self, record: EncodedRecord, partition: int) -> datetime:
        appended_ms = send_and_wait(self._producer, MESSAGES, record, partition, timeouts=COMMAND_TIMEOUTS)
        return datetime.fromtimestamp(appended_ms / 1000, UTC)


@contextmanager
def kafka_erasure_announcer(kafka: KafkaSettings) -> Iterator[KafkaErasureAnnouncer]:
    """Yield an announcer on this broker.

    Raises:
        Unavailable: the broker does not answer, or not in time.
        Misconfigured: the broker refuses the connection.
    """
    with command_clients.producer(kafka) as producer:
        yield KafkaErasureAnnouncer(producer, kafka)
