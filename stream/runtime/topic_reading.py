"""Read ranges of a topic, without a consumer group and without a commit."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from stream.contracts.errors import Unavailable
from stream.runtime.kafka_clients import COMMAND_TIMEOUTS

_POLL_MS = 1_000
_MAX_EMPTY_POLLS = 10
"""Polls in a row that bring nothing although there should be something: then the broker is away."""


def offsets_since(
    client: Any, partitions: Sequence[Any], starts: Mapping[Any, int], ends: Mapping[Any, int], since: datetime
) -> dict[Any, int]:
    """Return for each partition the offset of the first record that was appended at a time or later."""
    found = client.offsets_for_times(
        dict.fromkeys(partitions, int(since.timestamp() * 1000)), timeout_ms=COMMAND_TIMEOUTS.answer_ms
    )
    return {
        partition: ends[partition] if found.get(partition) is None else max(starts[partition], found[partition].offset)
        for partition in partitions
    }


def read_range(client: Any, partition: Any, start: int, end: int) -> Iterator[Any]:
    """Yield the records of a partition from `start` to before `end`, as the consumer `client` has them.

    Raises:
        Unavailable: the broker does not answer.
    """
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
            yield record
