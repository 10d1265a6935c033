"""Reading the dead-letter topic from one end to the other, without a group and without a commit."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kafka import TopicPartition

from plugin.operations.broker import REACH_MS, consumer
from plugin.operations.dead_letter import Letter, LetterId, letter_of
from stream.contracts.errors import Misconfigured, Unavailable
from stream.contracts.topics import DEAD_LETTERS
from stream.runtime.settings import Kafka

_POLL_MS = 1_000
_QUIET_POLLS = 10
"""Polls in a row that bring nothing although there should be something: then the broker is away."""


def letters(kafka: Kafka, since: datetime | None = None) -> Iterator[Letter]:
    """Every dead letter that stands on the topic now, or since a time; in order inside a partition.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: the topic does not exist.
    """
    with consumer(kafka) as client:
        parts = _partitions(client)
        ends: dict[Any, int] = client.end_offsets(parts, timeout_ms=REACH_MS)
        starts: dict[Any, int] = client.beginning_offsets(parts, timeout_ms=REACH_MS)
        if since is not None:
            starts = _since(client, parts, starts, ends, since)
        for part in parts:  # one after the other: what belongs to one conversation comes in its order
            yield from _between(client, part, starts[part], ends[part])


def letter(kafka: Kafka, wanted: LetterId) -> Letter | None:
    """One dead letter; None when there is none at that place, or none any more.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: the topic does not exist.
    """
    with consumer(kafka) as client:
        part = TopicPartition(DEAD_LETTERS, wanted.partition)
        if part not in _partitions(client):
            return None
        first = client.beginning_offsets([part], timeout_ms=REACH_MS)[part]
        end = client.end_offsets([part], timeout_ms=REACH_MS)[part]
        if not first <= wanted.offset < end:
            return None
        found = next(_between(client, part, wanted.offset, end), None)
        return found if found is not None and found.id == wanted else None


def _partitions(client: Any) -> list[Any]:
    numbers = client.partitions_for_topic(DEAD_LETTERS)
    if not numbers:
        raise Misconfigured(f"The topic {DEAD_LETTERS} does not exist. Run `counterpoint topics`.")
    return [TopicPartition(DEAD_LETTERS, number) for number in sorted(numbers)]


def _since(
    client: Any, parts: list[Any], starts: dict[Any, int], ends: dict[Any, int], since: datetime
) -> dict[Any, int]:
    times = client.offsets_for_times(dict.fromkeys(parts, int(since.timestamp() * 1000)), timeout_ms=REACH_MS)
    return {part: ends[part] if times.get(part) is None else max(starts[part], times[part].offset) for part in parts}


def _between(client: Any, part: Any, start: int, end: int) -> Iterator[Letter]:
    if start >= end:
        return
    client.assign([part])
    client.seek(part, start)
    quiet = 0
    while client.position(part, timeout_ms=REACH_MS) < end:
        records = client.poll(timeout_ms=_POLL_MS).get(part, [])
        quiet = 0 if records else quiet + 1
        if quiet == _QUIET_POLLS:
            raise Unavailable("the broker")
        for record in records:
            if record.offset >= end:
                return
            yield letter_of(record)
