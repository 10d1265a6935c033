"""Reading of the session stage's changelog from outside of that stage, in no consumer group."""

from collections.abc import Collection, Iterator

from kafka import TopicPartition

from stream.contracts.topics import OPEN_SESSIONS_CHANGELOG
from stream.runtime import command_clients
from stream.runtime.kafka_clients import COMMAND_TIMEOUTS
from stream.runtime.settings import KafkaSettings
from stream.runtime.topic_reading import read_range


def read_open_sessions(kafka: KafkaSettings, partitions: Collection[int]) -> Iterator[tuple[bytes, bytes | None]]:
    """Yield each key and value that the changelog has of these partitions now; None deletes.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: the broker refuses our user.
    """
    with command_clients.consumer(kafka) as client:
        places = [TopicPartition(OPEN_SESSIONS_CHANGELOG, number) for number in sorted(partitions)]
        starts = client.beginning_offsets(places, timeout_ms=COMMAND_TIMEOUTS.answer_ms)
        ends = client.end_offsets(places, timeout_ms=COMMAND_TIMEOUTS.answer_ms)
        for place in places:
            for record in read_range(client, place, starts[place], ends[place]):
                yield record.key, record.value
