"""Read the dead-letter topic from its beginning to its end, without a consumer group and without a commit."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kafka import TopicPartition

from plugin.operations.dead_letter import DeadLetter, DeadLetterId, parse_dead_letter
from stream.contracts.errors import Unavailable
from stream.contracts.topics import DEAD_LETTERS
from stream.runtime.command_clients import consumer, topic_partitions
from stream.runtime.kafka_clients import COMMAND_TIMEOUTS
from stream.runtime.settings import KafkaSettings

_POLL_MS = 1_000
_MAX_EMPTY_POLLS = 10
"""Polls in a row that bring nothing although there should be something: then the broker is away."""


def read_dead_letters(kafka: KafkaSettings, since: datetime | None = None) -> Iterator[DeadLetter]:
    """Yield every dead letter that is on the topic now, or since a time; in order inside a partition.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: the topic does not exist.
    """
    with consumer(kafka) as client:
        partitions = topic_partitions(client, DEAD_LETTERS)
        ends: dict[Any, int] = client.end_offsets(partitions, timeout_ms=COMMAND_TIMEOUTS.answer_ms)
        starts: dict[Any, int] = client.beginning_offsets(partitions, timeout_ms=COMMAND_TIMEOUTS.answer_ms)
        if since is not None:
            starts = _offsets_since(client, partitions, starts, ends, since)
        for partition in partitions:  # one after the other, so that the records of a conversation come in their order
            yield from _read_range(client, partition, starts[partition], ends[partition])


def read_dead_letter(kafka: KafkaSettings, wanted: DeadLetterId) -> DeadLetter | None:
    """Return one dead letter; None when there is none at that place, or none any more.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: the topic does not exist.
    """
    with consumer(kafka) as client:
        partition = TopicPartition(DEAD_LETTERS, wanted.partition)
        if partition not in topic_partitions(client, DEAD_LETTERS):
            return None
        start = client.beginning_offsets([partition], timeout_ms=COMMAND_TIMEOUTS.answer_ms)[partition]
        end = client.end_offsets([partition], timeout_ms=COMMAND_TIMEOUTS.answer_ms)[partition]
        if not start <= wanted.offset < end:
            return None
        found = next(_read_range(client, partition, wanted.offset, end), None)
        return found if found is not None and found.id == wanted else None


def _offsets_since(
    client: Any, partitions: list[Any], starts: dict[Any, int], ends: dict[Any, int], since: datetime
) -> dict[Any, int]:
    found = client.offsets_for_times(
        dict.fromkeys(partitions, int(since.timestamp() * 1000)), timeout_ms=COMMAND_TIMEOUTS.answer_ms
    )
    return {
        partition: ends[partition] if found.get(partition) is None else max(starts[partition], found[partition].offset)
        for partition in partitions
    }


def _read_range(client: Any, partition: Any, start: int, end: int) -> Iterator[DeadLetter]:
    if start >= end:
        return
    client.assign([partition])
    client.seek(partition, start)
    empty_polls = 0
    while client.position(partition, timeout_ms=COMMAND_TIMEOUTS.answer_ms) < end:
        records = client.poll(timeout_ms=_POLL_MS).get(partition, [])
        empty_polls = 0 if records else empty_polls + 1
        if empty_polls == _MAX_EMPTY_POLLS:
            raise Unavailable("the broker")
        for record in records:
            if record.offset >= end:
                return
            yield parse_dead_letter(record)
