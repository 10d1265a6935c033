"""The messages topic as reconciliation uses it: it reads what is new since it last looked, and publishes events."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from plugin.adapters.base import PlatformEvent
from plugin.reconcile.seen import Seen
from stream.contracts.errors import Poison
from stream.contracts.messages import MESSAGES_RECORDS, MessagesRecord, Tick
from stream.contracts.topics import MESSAGES
from stream.runtime import command_clients
from stream.runtime.codec import decode, encode, known_types, partition_of
from stream.runtime.kafka_clients import COMMAND_TIMEOUTS, raw_record, send_and_wait
from stream.runtime.settings import KafkaSettings
from stream.runtime.topic_reading import offsets_since, read_range

_KNOWN: Final = known_types(*MESSAGES_RECORDS)
_TICK: Final = ("ce_type", Tick.event_type.encode())


class MessagesTopic:
    """The messages topic, of which every part is read once."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._next: dict[Any, int] = {}

    def catch_up(self, seen: Seen, since: datetime) -> None:
        """Add to `seen` what is on the topic now, from where the last call ended; at first from `since`.

        Raises:
            Unavailable: the broker does not answer.
            Misconfigured: the topic does not exist, or the broker refuses our user.
        """
        with command_clients.consumer(self._kafka) as client:
            partitions = command_clients.topic_partitions(client, MESSAGES)
            ends = client.end_offsets(partitions, timeout_ms=COMMAND_TIMEOUTS.answer_ms)
            starts = client.beginning_offsets(partitions, timeout_ms=COMMAND_TIMEOUTS.answer_ms)
            first = offsets_since(client, partitions, starts, ends, since)
            for partition in partitions:
                start = max(self._next.get(partition, first[partition]), starts[partition])
                for record in read_range(client, partition, start, ends[partition]):
                    _add(seen, record)
                self._next[partition] = ends[partition]

    def publish(self, events: Iterable[PlatformEvent]) -> None:
        """Publish events, each once every in-sync replica has it.

        Raises:
            Unavailable: the broker did not acknowledge one in time; it may be on the topic all the same.
        """
        with command_clients.producer(self._kafka) as producer:
            for event in events:
                record = encode(event)
                partition = partition_of(record.key or b"", self._kafka.partitions)
                send_and_wait(producer, MESSAGES, record, partition, timeouts=COMMAND_TIMEOUTS)


def _add(seen: Seen, record: Any) -> None:
    if _TICK in record.headers:  # one a second on each partition, and nothing to learn from them
        return
    try:
        data = decode(raw_record(record), _KNOWN).data
    except Poison:
        return  # the stream makes a dead letter of it
    if isinstance(data, MessagesRecord):
        seen.add(data, datetime.fromtimestamp(record.timestamp / 1000, UTC))
