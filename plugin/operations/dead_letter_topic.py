"""Read the dead-letter topic from its beginning to its end, without a consumer group and without a commit."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kafka import TopicPartition

from plugin.operations.dead_letter import DeadLetter, DeadLetterId, parse_dead_letter
from stream.contracts.topics import DEAD_LETTERS
from stream.runtime.command_clients import consumer, topic_partitions
from stream.runtime.kafka_clients import COMMAND_TIMEOUTS
from stream.runtime.settings import KafkaSettings
from stream.runtime.topic_reading import offsets_since, read_range


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
            starts = offsets_since(client, partitions, starts, ends, since)
        for partition in partitions:  # one after the other, so that the records of a conversation come in their order
            for record in read_range(client, partition, starts[partition], ends[partition]):
                yield parse_dead_letter(record)


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
        record = next(read_range(client, partition, wanted.offset, end), None)
        found = None if record is None else parse_dead_letter(record)
        return found if found is not None and found.id == wanted else None
