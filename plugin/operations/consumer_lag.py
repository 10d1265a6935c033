"""How far each stage is behind the topic it reads, asked of the broker: it works while the stages are down."""

import time
from dataclasses import dataclass
from typing import Any, Final

from kafka import TopicPartition
from kafka.errors import CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError

from plugin.operations.broker import REACH_MS, admin, consumer
from plugin.sink.sink import GROUP as SINK_GROUP
from stream.contracts.errors import Misconfigured, Unavailable
from stream.contracts.topics import FEEDBACK, MESSAGES, SESSIONS
from stream.runtime.settings import Kafka

GROUPS: Final = {
    "stream": ("counterpoint-stream", MESSAGES),
    "feedback": ("counterpoint-feedback", SESSIONS),
    "sink": (SINK_GROUP, FEEDBACK),
}
"""Consumer group and topic of each stage that reads one. Faust names the group as the app."""
_LATEST_MS: Final = 2**42
"""A time that no record has: the year 2109, in ms since 1970."""


_TRIES: Final = 10
_AGAIN_S: Final = 0.5


@dataclass(frozen=True)
class Lag:
    """What waits for one stage."""

    records: int
    """On the messages topic our own ticks count too: a few are always on their way."""
    oldest_ms: int | None
    """The broker's append time of the first record not finished with; None when there is none."""


def lags(kafka: Kafka) -> dict[str, Lag]:
    """By stage.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: a topic does not exist.
    """
    with consumer(kafka) as client:
        parts = {stage: _partitions(client, topic) for stage, (_, topic) in GROUPS.items()}
        with admin(kafka) as asked:
            committed = {stage: _committed(asked, group, parts[stage]) for stage, (group, _) in GROUPS.items()}
        return {stage: _lag(client, parts[stage], committed[stage]) for stage in GROUPS}


def _partitions(client: Any, topic: str) -> list[Any]:
    numbers = client.partitions_for_topic(topic)
    if not numbers:
        raise Misconfigured(f"The topic {topic} does not exist. Run `counterpoint topics`.")
    return [TopicPartition(topic, number) for number in sorted(numbers)]


def _committed(asked: Any, group: str, parts: list[Any]) -> dict[Any, Any]:
    """A group's places. A broker that has just started makes the topic of the places when it is first asked."""
    for _ in range(_TRIES):
        try:
            found: dict[Any, Any] = asked.list_group_offsets({group: parts})[group]
        except (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError):
            time.sleep(_AGAIN_S)
        else:
            return found
    raise Unavailable(f"The place of the group {group}")


def _lag(client: Any, parts: list[Any], committed: dict[Any, Any]) -> Lag:
    ends: dict[Any, int] = client.end_offsets(parts, timeout_ms=REACH_MS)
    firsts: dict[Any, int] = client.beginning_offsets(parts, timeout_ms=REACH_MS)
    waiting: dict[Any, int] = {}
    records = 0
    for part in parts:
        place = committed.get(part)
        start = max(firsts[part], -1 if place is None else place.offset)  # -1: never committed, all of it waits
        if start < ends[part]:
            waiting[part] = start
            records += ends[part] - start
    return Lag(records, _oldest_ms(client, waiting))


def _oldest_ms(client: Any, waiting: dict[Any, int]) -> int | None:
    """The append time of the first waiting record, found without reading one: an operator has no right to.

    The broker says which record is the first since a time; halving the time finds the last at which that is not one
    after ours.
    """
    low, high = dict.fromkeys(waiting, 0), dict.fromkeys(waiting, _LATEST_MS)
    while any(high[part] - low[part] > 1 for part in waiting):
        middle = {part: (low[part] + high[part]) // 2 for part in waiting}
        found = client.offsets_for_times(middle, timeout_ms=REACH_MS)
        for part, offset in waiting.items():
            first = found.get(part)
            side = low if first is not None and first.offset <= offset else high
            side[part] = middle[part]
    return min(low.values(), default=None)
