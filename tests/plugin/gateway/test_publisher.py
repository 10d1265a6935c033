"""A record is published when the broker says so, in bounded time, and only to the topic as it should be."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from kafka import KafkaAdminClient, KafkaConsumer

from plugin.gateway import publisher
from plugin.gateway.publisher import PART, Publisher
from plugin.local.kafka import Kafka
from plugin.local.loopback import free_ports
from stream.contracts.errors import Unavailable
from stream.runtime.codec import Encoded, partition_of
from stream.runtime.health import Health
from stream.runtime.settings import Kafka as KafkaSettings
from tests.fixtures.waiting import eventually

PARTITIONS = 3


def record(number: int) -> Encoded:
    """A record of a conversation of its own."""
    key = f"t:c{number}".encode()
    return Encoded(key=key, value=json.dumps({"number": number}).encode(), headers=[("ce_id", b"x")])


@asynccontextmanager
async def publishing(bootstrap_servers: str, partitions: int = PARTITIONS) -> AsyncIterator[tuple[Publisher, Health]]:
    """A publisher that has begun to look for its broker."""
    health = Health(PART)
    settings = KafkaSettings(bootstrap_servers=bootstrap_servers, partitions=partitions)
    async with Publisher(settings, health) as running:
        yield running, health


async def becomes(is_so: Callable[[], bool]) -> bool:
    """Whether something becomes so, looked at from a thread so that the event loop is free."""
    return await asyncio.to_thread(eventually, is_so, within_s=15)


def create(kafka: Kafka, topic: str) -> None:
    """Make the topic."""
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    admin.create_topics({topic: {"num_partitions": PARTITIONS, "replication_factor": 1}}, wait_for_metadata=True)
    admin.close()


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> str:
    """A messages topic of the test's own on the shared broker; it does not exist yet."""
    name = f"messages-{uuid4()}"
    monkeypatch.setattr(publisher, "MESSAGES", name)
    return name


async def test_it_waits_for_its_topic_and_names_the_command_that_makes_it(kafka: Kafka, topic: str) -> None:
    """Nobody else makes one; once it is there, publishing begins by itself."""
    async with publishing(kafka.bootstrap_servers) as (running, health):
        assert await becomes(lambda: "Run `counterpoint topics`" in health.troubles().get(PART, ""))
        with pytest.raises(Unavailable):
            await running.publish(record(1))
        await asyncio.to_thread(create, kafka, topic)
        assert await becomes(lambda: health.troubles() == {})
        await running.publish(record(1))


async def test_records_published_side_by_side_are_all_there_on_their_partitions(kafka: Kafka, topic: str) -> None:
    """The event loop is free meanwhile; each key has its place."""
    create(kafka, topic)
    async with publishing(kafka.bootstrap_servers) as (running, health):
        assert await becomes(lambda: health.troubles() == {})
        await asyncio.gather(*(running.publish(record(number)) for number in range(300)))
    reader = KafkaConsumer(
        topic, bootstrap_servers=kafka.bootstrap_servers, auto_offset_reset="earliest", consumer_timeout_ms=1000
    )
    found = list(reader)
    reader.close()
    assert sorted(json.loads(one.value)["number"] for one in found) == list(range(300))
    assert all(one.partition == partition_of(one.key, PARTITIONS) for one in found)


@pytest.mark.parametrize("configured", [PARTITIONS - 1, PARTITIONS + 1])
async def test_another_number_of_partitions_is_no_place_to_write(kafka: Kafka, topic: str, configured: int) -> None:
    """Records would go where no worker looks for them."""
    create(kafka, topic)
    async with publishing(kafka.bootstrap_servers, configured) as (running, health):
        assert await becomes(lambda: f"has {PARTITIONS} partitions" in health.troubles().get(PART, ""))
        with pytest.raises(Unavailable):
            await running.publish(record(1))


async def test_without_a_broker_it_says_so_at_once() -> None:
    """And the gateway is not ready, in a sentence."""
    (nobody,) = free_ports(1)
    async with publishing(f"127.0.0.1:{nobody}") as (running, health):
        with pytest.raises(Unavailable) as away:
            await running.publish(record(1))
        assert away.value.retry_after > 0
        assert await becomes(lambda: f"127.0.0.1:{nobody} does not answer" in health.troubles().get(PART, ""))
