"""Read from the broker how far each stage is behind the topics it reads; this works while the stages are down."""

from dataclasses import dataclass
from typing import Any, Final

from kafka.errors import CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from stream.contracts.errors import Unavailable
from stream.runtime.command_clients import admin, consumer, topic_partitions
from stream.runtime.kafka_clients import COMMAND_TIMEOUTS
from stream.runtime.settings import Settings
from stream.runtime.stages import used_stages

_LATEST_MS: Final = 2**42
"""A time that no record has: the year 2109, in ms since 1970."""
_ATTEMPTS: Final = 10
_RETRY_INTERVAL_S: Final = 0.5
_COORDINATOR_STARTING: Final = (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError)


@dataclass(frozen=True)
class ConsumerLag:
    """The records of a topic that wait for one stage."""

    records: int
    """On the messages topic our own ticks count too: a few are always on their way."""
    oldest_ms: int | None
    """The broker's append time of the first record that is not committed; None when there is none."""


def read_consumer_lags(settings: Settings) -> dict[str, dict[str, ConsumerLag]]:
    """Return the lag of each stage that reads topics with these settings: by the stage's name, then by topic.

    A record that waits for several groups of one stage counts once for each of them.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: a topic does not exist.
    """
    readers = {stage: stage.groups(settings) for stage in used_stages(settings)}
    with consumer(settings.kafka) as client:
        partitions = {
            stage: [partition for topic in stage.topics for partition in topic_partitions(client, topic)]
            for stage, groups in readers.items()
            if groups
        }
        with admin(settings.kafka) as admin_client:
            committed = {
                stage: [_committed_offsets(admin_client, group, partitions[stage]) for group in readers[stage]]
                for stage in partitions
            }
        return {stage.name: _lags_by_topic(client, partitions[stage], offsets) for stage, offsets in committed.items()}


def _committed_offsets(admin_client: Any, group: str, partitions: list[Any]) -> dict[Any, Any]:
    """Return a group's committed offsets. A broker that has just started creates their topic at the first request."""
    retry = Retrying(
        retry=retry_if_exception_type(_COORDINATOR_STARTING),
        wait=wait_fixed(_RETRY_INTERVAL_S),
        stop=stop_after_attempt(_ATTEMPTS),
    )
    try:
        offsets: dict[Any, Any] = retry(admin_client.list_group_offsets, {group: partitions})[group]
    except RetryError:
        raise Unavailable(f"The place of the group {group}") from None
    return offsets


def _lags_by_topic(client: Any, partitions: list[Any], committed: list[dict[Any, Any]]) -> dict[str, ConsumerLag]:
    """Return the lag by topic, of one or more groups that have committed what is in `committed`."""
    ends: dict[Any, int] = client.end_offsets(partitions, timeout_ms=COMMAND_TIMEOUTS.answer_ms)
    beginnings: dict[Any, int] = client.beginning_offsets(partitions, timeout_ms=COMMAND_TIMEOUTS.answer_ms)
    records = dict.fromkeys((partition.topic for partition in partitions), 0)
    oldest_ms: dict[str, int] = {}
    for offsets in committed:
        first_waiting: dict[Any, int] = {}
        for partition in partitions:
            commit = offsets.get(partition)
            start = max(beginnings[partition], -1 if commit is None else commit.offset)  # never committed: all waits
            if start < ends[partition]:
                first_waiting[partition] = start
                records[partition.topic] += ends[partition] - start
        for partition, appended_ms in _append_times_ms(client, first_waiting).items():
            oldest_ms[partition.topic] = min(appended_ms, oldest_ms.get(partition.topic, appended_ms))
    return {topic: ConsumerLag(count, oldest_ms.get(topic)) for topic, count in records.items()}


def _append_times_ms(client: Any, first_waiting: dict[Any, int]) -> dict[Any, int]:
    """Return the append time of each first waiting record without reading one: an operator has no right to read.

    The broker tells which record is the first since a given time. A binary search over times finds the last time
    whose first record is not after the waiting one.
    """
    low, high = dict.fromkeys(first_waiting, 0), dict.fromkeys(first_waiting, _LATEST_MS)
    while any(high[partition] - low[partition] > 1 for partition in first_waiting):
        middle = {partition: (low[partition] + high[partition]) // 2 for partition in first_waiting}
        found = client.offsets_for_times(middle, timeout_ms=COMMAND_TIMEOUTS.answer_ms)
        for partition, offset in first_waiting.items():
            first = found.get(partition)
            bound = low if first is not None and first.offset <= offset else high
            bound[partition] = middle[partition]
    return low
