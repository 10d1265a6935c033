"""The clients that operators' commands use: they reach the broker or say within seconds that it is away."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError

from stream.contracts.topics import MAX_RECORD_BYTES
from stream.runtime.kafka_clients import options, refusal
from stream.runtime.settings import Kafka

FIND_MS: Final = 3_000
"""To reach the broker; on a local network it takes milliseconds."""
REACH_MS: Final = 10_000
"""For one answer of a broker that was reached: it may have much to do."""
ACKNOWLEDGED_WITHIN_S: Final = 10.0


@contextmanager
def consumer(kafka: Kafka) -> Iterator[Any]:
    """A reader in no group: it commits nothing and takes nothing from anybody.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: it does not let us in.
    """
    with _answering(kafka):
        client = KafkaConsumer(
            **_common(kafka), enable_auto_commit=False, auto_offset_reset="earliest", reconnect_backoff_max_ms=1_000
        )
        try:
            yield client
        finally:
            client.close(autocommit=False, timeout_ms=REACH_MS)


@contextmanager
def producer(kafka: Kafka) -> Iterator[Any]:
    """A writer that waits for every in-sync replica.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: it does not let us in.
    """
    with _answering(kafka):
        client = KafkaProducer(
            **_common(kafka),
            acks="all",
            max_request_size=MAX_RECORD_BYTES + 200_000,  # with its headers
            request_timeout_ms=int(ACKNOWLEDGED_WITHIN_S * 1000) - 1_000,
            delivery_timeout_ms=int(ACKNOWLEDGED_WITHIN_S * 1000),
            max_block_ms=FIND_MS,
        )
        try:
            yield client
        finally:
            client.close(timeout=REACH_MS / 1000)


@contextmanager
def admin(kafka: Kafka) -> Iterator[Any]:
    """For the groups' places.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: it does not let us in.
    """
    with _answering(kafka):
        client = KafkaAdminClient(**_common(kafka))
        try:
            yield client
        finally:
            client.close()


def _common(kafka: Kafka) -> dict[str, Any]:
    return {
        **options(kafka),
        "client_id": "counterpoint-operations",
        "bootstrap_timeout_ms": REACH_MS,
    }


@contextmanager
def _answering(kafka: Kafka) -> Iterator[None]:
    try:
        yield
    except KafkaError as error:
        raise refusal(error, kafka) from None
