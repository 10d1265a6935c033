"""Tests of the publisher: acknowledged or failed in bounded time, and only to a topic with the right partitions."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from kafka import KafkaAdminClient

from plugin.gateway import publisher
from plugin.gateway.publisher import Publisher
from plugin.local.kafka import KafkaBroker
from plugin.local.loopback import free_ports
from stream.contracts.errors import Unavailable
from stream.runtime.codec import EncodedRecord, partition_of
from stream.runtime.health import Health, ReadinessPart
from stream.runtime.settings import KafkaSettings
from tests.fixtures.topics import read_topic
from tests.fixtures.waiting import eventually

PARTITIONS = 3


def record(number: int) -> EncodedRecord:
    """Return a record of a conversation of its own."""
    key = f"t:c{number}".encode()
    return EncodedRecord(key=key, value=json.dumps({"number": number}).encode(), headers=[("ce_id", b"x")])


@asynccontextmanager
async def publishing(bootstrap_servers: str, partitions: int = PARTITIONS) -> AsyncIterator[tuple[Publisher, Health]]:
    """Yield a publisher that has started to look for its broker, and its health."""
    health = Health(ReadinessPart.KAFKA)
    settings = KafkaSettings(bootstrap_servers=bootstrap_servers, partitions=partitions)
    async with Publisher(settings, health) as running:
        yield running, health


async def becomes(is_so: Callable[[], bool]) -> bool:
    """Return whether a condition becomes true, checked from a thread so that the event loop stays free."""
    return await asyncio.to_thread(eventually, is_so)


def create(kafka: KafkaBroker, topic: str) -> None:
    """Create the topic."""
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    admin.create_topics({topic: {"num_partitions": PARTITIONS, "replication_factor": 1}}, wait_for_metadata=True)
    admin.close()


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a messages topic of the test's own on the shared broker, where it does not exist yet."""
    name = f"messages-{uuid4()}"
    monkeypatch.setattr(publisher, "MESSAGES", name)
    return name


async def test_it_waits_for_its_topic_and_names_the_command_that_makes_it(kafka: KafkaBroker, topic: str) -> None:
    """The publisher is not ready until its topic exists, and names the command that creates it."""
    async with publishing(kafka.bootstrap_servers) as (running, health):
        assert await becomes(lambda: "Run `counterpoint topics`" in health.troubles().get(ReadinessPart.KAFKA, ""))
        with pytest.raises(Unavailable):
            await running.publish(record(1), topic)
        await asyncio.to_thread(create, kafka, topic)
        assert await becomes(lambda: health.troubles() == {})
        await running.publish(record(1), topic)


async def test_records_published_side_by_side_are_all_there_on_their_partitions(kafka: KafkaBroker, topic: str) -> None:
    """Records published concurrently all reach the partitions of their keys."""
    create(kafka, topic)
    async with publishing(kafka.bootstrap_servers) as (running, health):
        assert await becomes(lambda: health.troubles() == {})
        await asyncio.gather(*(running.publish(record(number), topic) for number in range(300)))
    found = read_topic(kafka.bootstrap_servers, topic, PARTITIONS)
    assert sorted(json.loads(one.value or b"")["number"] for one in found) == list(range(300))
    assert all(one.partition == partition_of(one.key or b"", PARTITIONS) for one in found)


@pytest.mark.parametrize("configured", [PARTITIONS - 1, PARTITIONS + 1])
async def test_a_topic_with_another_number_of_partitions_is_refused(
    kafka: KafkaBroker, topic: str, configured: int
) -> None:
    """The publisher refuses a topic with another number of partitions, since no worker would expect records there."""
    create(kafka, topic)
    async with publishing(kafka.bootstrap_servers, configured) as (running, health):
        assert await becomes(lambda: f"has {PARTITIONS} partitions" in health.troubles().get(ReadinessPart.KAFKA, ""))
        with pytest.raises(Unavailable):
            await running.publish(record(1), topic)


async def test_without_a_broker_it_says_so_at_once() -> None:
    """Publishing without a broker fails at once, and readiness names the address."""
    (nobody,) = free_ports(1)
    async with publishing(f"127.0.0.1:{nobody}") as (running, health):
        with pytest.raises(Unavailable) as away:
            await running.publish(record(1), "messages")
        assert away.value.retry_after > 0
        assert await becomes(
            lambda: f"127.0.0.1:{nobody} does not answer" in health.troubles().get(ReadinessPart.KAFKA, "")
        )
