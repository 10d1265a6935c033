"""A worker begins to read at its group's committed offset or at the beginning, on a real broker."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from uuid import uuid4

import faust
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from kafka import KafkaProducer

from plugin.local.kafka import KafkaBroker
from stream.contracts.errors import Unavailable
from stream.contracts.topics import MESSAGES
from stream.faust_support import driver, run
from stream.faust_support.app import create_app
from stream.faust_support.driver import group_coordination_ended, seek_to_committed_or_beginning
from stream.faust_support.run import StopRequest
from stream.runtime import settings
from stream.runtime.topics import create_missing_topics
from tests.fixtures.stream_stage import PARTITIONS
from tests.fixtures.waiting import DEADLOCK_S

TOPIC_PARTITION = TopicPartition(MESSAGES, 0)
VALUES = [b"0", b"1", b"2", b"3"]


@pytest.fixture(scope="module")
def servers(fresh_kafka: Callable[[], KafkaBroker]) -> str:
    """A broker with our topics, and four records on one partition of one."""
    found = fresh_kafka().bootstrap_servers
    create_missing_topics(settings.KafkaSettings(bootstrap_servers=found, partitions=PARTITIONS))
    producer = KafkaProducer(bootstrap_servers=found)
    for value in VALUES:
        producer.send(MESSAGES, value=value, partition=TOPIC_PARTITION.partition).get(DEADLOCK_S)
    producer.close()
    return found


@pytest.fixture
async def consumer(servers: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A group of its own that has read everything and committed nothing."""
    found = AIOKafkaConsumer(
        bootstrap_servers=servers, group_id=str(uuid4()), enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await found.start()
    try:
        found.assign([TOPIC_PARTITION])
        assert await read(found) == VALUES
        yield found
    finally:
        await found.stop()


async def read(consumer: AIOKafkaConsumer) -> list[bytes]:
    """Return the values of the next records."""
    return [record.value for record in (await consumer.getmany(timeout_ms=5_000)).get(TOPIC_PARTITION, [])]


async def test_where_nothing_was_committed_it_begins_again(consumer: AIOKafkaConsumer) -> None:
    """Reading starts at the beginning again if no offset was committed."""
    assert await seek_to_committed_or_beginning(consumer, ()) == {TOPIC_PARTITION: 0}
    assert await read(consumer) == VALUES


async def test_a_place_at_the_very_beginning_is_a_place(consumer: AIOKafkaConsumer) -> None:
    """Nought is an offset, not the lack of one."""
    await consumer.commit({TOPIC_PARTITION: 0})
    assert await seek_to_committed_or_beginning(consumer, ()) == {TOPIC_PARTITION: 0}
    assert await read(consumer) == VALUES


async def test_what_was_committed_is_where_it_goes_on(consumer: AIOKafkaConsumer) -> None:
    """Reading continues at the committed offset."""
    await consumer.commit({TOPIC_PARTITION: 3})
    assert await seek_to_committed_or_beginning(consumer, ()) == {TOPIC_PARTITION: 3}
    assert await read(consumer) == VALUES[3:]


async def test_a_changelog_stays_where_it_is_read(consumer: AIOKafkaConsumer) -> None:
    """Faust never commits one, and knows how far it is."""
    consumer.seek(TOPIC_PARTITION, 2)
    assert await seek_to_committed_or_beginning(consumer, {MESSAGES}) == {TOPIC_PARTITION: None}
    assert await read(consumer) == VALUES[2:]


def test_the_app_uses_that_consumer(tmp_path: Path) -> None:
    """The app uses the consumer that starts at the committed offset or at the beginning."""
    app = create_app("app", settings.KafkaSettings(), data_dir=tmp_path, buffer=1)
    assert isinstance(app, driver.App)
    assert app.transport.Consumer is driver._Consumer


def app_with_consumer(consumer: AIOKafkaConsumer | None) -> faust.App:
    """Return an app with the consumer, and nothing else."""
    thread = SimpleNamespace(_consumer=consumer)
    return cast("faust.App", SimpleNamespace(consumer=SimpleNamespace(_thread=thread)))


async def test_a_group_that_was_given_up_is_noticed(servers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker ends with an error when the client's group coordination task has ended."""
    monkeypatch.setattr(run, "_CHECK_GROUP_S", 0.05)
    consumer = AIOKafkaConsumer(MESSAGES, bootstrap_servers=servers, group_id=str(uuid4()), enable_auto_commit=False)
    stop = StopRequest()
    watching = asyncio.create_task(run.watch_group(app_with_consumer(consumer), stop))
    await consumer.start()
    try:
        await asyncio.sleep(0.3)
        assert not watching.done()
        consumer._coordinator._coordination_task.cancel()
        await asyncio.wait_for(watching, DEADLOCK_S)
        assert isinstance(stop.error, Unavailable)
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await consumer.stop()


def test_before_there_is_a_consumer_nothing_was_given_up() -> None:
    """The watch begins with the app."""
    assert not group_coordination_ended(app_with_consumer(None))
