"""Kafka clients for commands and for the checks when a stage starts.

Each is opened for one use, and errors of Kafka are raised as errors of ours.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from kafka import KafkaAdminClient, TopicPartition
from kafka.errors import KafkaError

from stream.contracts.errors import Misconfigured
from stream.runtime import kafka_clients
from stream.runtime.kafka_connection import counterpoint_error
from stream.runtime.settings import KafkaSettings

_CLIENT_ID: Final = "counterpoint-operations"


@contextmanager
def consumer(kafka: KafkaSettings) -> Iterator[Any]:
    """Yield a consumer that is in no group, so that it commits nothing and takes no partition from a stage.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: the broker refuses our user, certificate or TLS.
    """
    timeouts = kafka_clients.COMMAND_TIMEOUTS
    with (
        _errors_translated(kafka),
        _closing(
            kafka_clients.consumer(kafka, timeouts, client_id=_CLIENT_ID),
            autocommit=False,
            timeout_ms=timeouts.answer_ms,
        ) as client,
    ):
        yield client


@contextmanager
def producer(kafka: KafkaSettings) -> Iterator[Any]:
    """Yield a producer for `kafka_clients.send_and_wait`.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: the broker refuses our user, certificate or TLS.
    """
    timeouts = kafka_clients.COMMAND_TIMEOUTS
    with (
        _errors_translated(kafka),
        _closing(
            kafka_clients.producer(kafka, timeouts, client_id=_CLIENT_ID, enable_idempotence=True),
            timeout=timeouts.answer_s,
        ) as client,
    ):
        yield client


@contextmanager
def admin(kafka: KafkaSettings) -> Iterator[KafkaAdminClient]:
    """Yield an admin client for topics, ACLs and the offsets of consumer groups.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: the broker refuses our user, certificate or TLS.
    """
    timeouts = kafka_clients.COMMAND_TIMEOUTS
    with _errors_translated(kafka), _closing(kafka_clients.admin(kafka, timeouts, client_id=_CLIENT_ID)) as client:
        yield client


def topic_partitions(client: Any, topic: str) -> list[TopicPartition]:
    """Return the partitions of a topic in ascending order, as the consumer `client` sees them.

    Raises:
        Misconfigured: the topic does not exist.
    """
    numbers = client.partitions_for_topic(topic)
    if not numbers:
        raise Misconfigured(f"The topic {topic} does not exist. Run `counterpoint topics`.")
    return [TopicPartition(topic, number) for number in sorted(numbers)]


@contextmanager
def _closing(client: Any, **options: object) -> Iterator[Any]:
    """Yield the client and close it at the end, passing the options to its `close`."""
    try:
        yield client
    finally:
        client.close(**options)


@contextmanager
def _errors_translated(kafka: KafkaSettings) -> Iterator[None]:
    """Raise a `KafkaError` of the block as `Misconfigured` or `Unavailable`."""
    try:
        yield
    except KafkaError as error:
        raise counterpoint_error(error, kafka) from None
