"""Tests of sending records: a record counts as sent once the broker has it, and every failure is a `KafkaError`."""

from collections.abc import Callable

import pytest
from kafka.errors import KafkaTimeoutError, UnknownTopicOrPartitionError

from plugin.local.kafka import KafkaBroker
from stream.contracts.errors import Unavailable
from stream.contracts.topics import MESSAGES
from stream.runtime import command_clients, kafka_clients
from stream.runtime.codec import EncodedRecord
from stream.runtime.kafka_clients import COMMAND_TIMEOUTS, GATEWAY_TIMEOUTS, READER_TIMEOUTS, send_and_wait
from stream.runtime.settings import KafkaSettings
from stream.runtime.topics import create_missing_topics
from tests.fixtures.waiting import DEADLOCK_S

PARTITIONS = 2
RECORD = EncodedRecord(key=b"sample:c", value=b"{}", headers=[("ce_id", b"e-1")])


@pytest.fixture(scope="module")
def broker(fresh_kafka: Callable[[], KafkaBroker]) -> KafkaSettings:
    """Return the settings of a broker with our topics, of two partitions each."""
    reached = KafkaSettings(bootstrap_servers=fresh_kafka().bootstrap_servers, partitions=PARTITIONS)
    create_missing_topics(reached)
    return reached


@pytest.mark.parametrize("enable_idempotence", [True, False])
def test_an_acknowledged_record_is_on_its_topic(broker: KafkaSettings, enable_idempotence: bool) -> None:
    """An acknowledged record is on the requested partition with its key, value and headers."""
    producer = kafka_clients.producer(
        broker, READER_TIMEOUTS, client_id="test", enable_idempotence=enable_idempotence, linger_ms=0
    )
    send_and_wait(producer, MESSAGES, RECORD, 1, timeouts=READER_TIMEOUTS)
    producer.close(timeout=READER_TIMEOUTS.answer_s)

    consumer = kafka_clients.consumer(
        broker, READER_TIMEOUTS, client_id="test", consumer_timeout_ms=int(DEADLOCK_S * 1000)
    )
    consumer.subscribe([MESSAGES])
    record = next(consumer)
    consumer.close(autocommit=False)
    assert (record.partition, record.key, record.value) == (1, RECORD.key, RECORD.value)
    assert list(record.headers) == RECORD.headers


def test_sending_to_a_missing_partition_raises_a_kafka_error(broker: KafkaSettings) -> None:
    """Sending to a partition that does not exist raises a `KafkaError`.

    kafka-python itself raises a ValueError, which no caller expects.
    """
    producer = kafka_clients.producer(broker, READER_TIMEOUTS, client_id="test", enable_idempotence=False)
    with pytest.raises(UnknownTopicOrPartitionError):
        send_and_wait(producer, MESSAGES, RECORD, PARTITIONS, timeouts=READER_TIMEOUTS)
    producer.close(timeout=READER_TIMEOUTS.answer_s)


def test_a_missing_partition_makes_a_command_raise_unavailable(broker: KafkaSettings) -> None:
    """A command that sends to a partition that does not exist raises `Unavailable` with the broker's address."""
    with (
        pytest.raises(Unavailable, match=broker.bootstrap_servers),
        command_clients.producer(broker) as producer,
    ):
        send_and_wait(producer, MESSAGES, RECORD, PARTITIONS, timeouts=COMMAND_TIMEOUTS)


def test_an_unacknowledged_record_raises_a_kafka_error() -> None:
    """Sending raises a `KafkaError` when the acknowledgement does not come within the timeout."""

    class Silent:
        def send(self, _topic: str, **_record: object) -> "Silent":
            return self

        def get(self, timeout: float) -> None:
            raise KafkaTimeoutError(timeout)

    with pytest.raises(KafkaTimeoutError, match=r"4\.0"):
        send_and_wait(Silent(), MESSAGES, RECORD, 0, timeouts=GATEWAY_TIMEOUTS)
