"""Read from the broker how far each stage is behind the topic it reads; this works while the stages are down."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from kafka.errors import CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from stream.contracts.errors import Unavailable
from stream.runtime.command_clients import admin, consumer, topic_partitions
from stream.runtime.kafka_clients import COMMAND_TIMEOUTS
from stream.runtime.settings import KafkaSettings
from stream.runtime.stages import STAGES, Stage

_LATEST_MS: Final = 2**42
"""A time that no record has: the year 2109, in ms since 1970."""
_ATTEMPTS: Final = 10
_RETRY_INTERVAL_S: Final = 0.5
_COORDINATOR_STARTING: Final = (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError)


@dataclass(frozen=True)
class ConsumerLag:
    """The records that wait for one stage."""

    records: int
    """On the messages topic our own ticks count too: a few are always on their way."""
    oldest_ms: int | None
    """The broker's append time of the first record that is not committed; None when there is none."""


def read_consumer_lags(kafka: KafkaSettings, stages: Iterable[Stage] = STAGES) -> dict[str, ConsumerLag]:
    """Return the lag of each of some stages that reads a topic, by the stage's name.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: a topic does not exist.
    """
    readers = [(stage, stage.topic) for stage in stages if stage.topic is not None]
    with consumer(kafka) as client:
        partitions = {stage.name: topic_partitions(client, topic) for stage, topic in readers}
        with admin(kafka) as admin_client:
            committed = {
                stage.name: _committed_offsets(admin_client, stage.kafka_id, partitions[stage.name])
                for stage, _ in readers
            }
        return {name: _lag(client, partitions[name], committed[name]) for name in partitions}


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


def _lag(client: Any, partitions: list[Any], committed: dict[Any, Any]) -> ConsumerLag:
    ends: dict[Any, int] = client.end_offsets(partitions, timeout_ms=COMMAND_TIMEOUTS.answer_ms)
    beginnings: dict[Any, int] = client.beginning_offsets(partitions, timeout_ms=COMMAND_TIMEOUTS.answer_ms)
    first_waiting: dict[Any, int] = {}
    records = 0
    for partition in partitions:
        commit = committed.get(partition)
        start = max(beginnings[partition], -1 if commit is None else commit.offset)  # never committed: all of it waits
        if start < ends[partition]:
            first_waiting[partition] = start
            records += ends[partition] - start
    return ConsumerLag(records, _oldest_ms(client, first_waiting))


def _oldest_ms(client: Any, first_waiting: dict[Any, int]) -> int | None:
    """Return the append time of the first waiting record without reading one: an operator has no right to read.

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
    return min(low.values(), default=None)
