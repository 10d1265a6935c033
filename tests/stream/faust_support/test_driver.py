"""Where a worker begins to read: its group's place, or the beginning; seen on a real broker."""

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

from plugin.local.kafka import Kafka
from stream.contracts.errors import Unavailable
from stream.contracts.topics import MESSAGES
from stream.faust_support import app, driver
from stream.faust_support.app import Stop, create_app
from stream.faust_support.driver import coordination_ended, seek_to_known_places
from stream.runtime import settings
from stream.runtime.topics import create_missing
from tests.fixtures.stream_stage import PARTITIONS

PLACE = TopicPartition(MESSAGES, 0)
VALUES = [b"0", b"1", b"2", b"3"]


@pytest.fixture(scope="module")
def servers(fresh_kafka: Callable[[], Kafka]) -> str:
    """A broker with our topics, and four records on one partition of one."""
    found = fresh_kafka().bootstrap_servers
    create_missing(settings.Kafka(bootstrap_servers=found, partitions=PARTITIONS))
    producer = KafkaProducer(bootstrap_servers=found)
    for value in VALUES:
        producer.send(MESSAGES, value=value, partition=PLACE.partition).get(30)
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
        found.assign([PLACE])
        assert await read(found) == VALUES
        yield found
    finally:
        await found.stop()


async def read(consumer: AIOKafkaConsumer) -> list[bytes]:
    """What comes next."""
    return [record.value for record in (await consumer.getmany(timeout_ms=5_000)).get(PLACE, [])]


async def test_where_nothing_was_committed_it_begins_again(consumer: AIOKafkaConsumer) -> None:
    """What was fetched and dropped is fetched once more."""
    assert await seek_to_known_places(consumer, ()) == {PLACE: 0}
    assert await read(consumer) == VALUES


async def test_a_place_at_the_very_beginning_is_a_place(consumer: AIOKafkaConsumer) -> None:
    """Nought is an offset, not the lack of one."""
    await consumer.commit({PLACE: 0})
    assert await seek_to_known_places(consumer, ()) == {PLACE: 0}
    assert await read(consumer) == VALUES


async def test_what_was_committed_is_where_it_goes_on(consumer: AIOKafkaConsumer) -> None:
    """As before."""
    await consumer.commit({PLACE: 3})
    assert await seek_to_known_places(consumer, ()) == {PLACE: 3}
    assert await read(consumer) == VALUES[3:]


async def test_a_changelog_stays_where_it_is_read(consumer: AIOKafkaConsumer) -> None:
    """Faust never commits one, and knows how far it is."""
    consumer.seek(PLACE, 2)
    assert await seek_to_known_places(consumer, {MESSAGES}) == {PLACE: None}
    assert await read(consumer) == VALUES[2:]


def test_the_app_reads_that_way(tmp_path: Path) -> None:
    """Through Faust's own consumer."""
    app = create_app("app", settings.Kafka(), data_dir=tmp_path, buffer=1)
    assert isinstance(app, driver.App)
    assert app.transport.Consumer is driver._Consumer


def of(consumer: AIOKafkaConsumer | None) -> faust.App:
    """As much of an app as has a consumer."""
    thread = SimpleNamespace(_consumer=consumer)
    return cast("faust.App", SimpleNamespace(consumer=SimpleNamespace(_thread=thread)))


async def test_a_group_that_was_given_up_is_noticed(servers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the client's own routine for the group is over, the worker ends, and says what is away."""
    monkeypatch.setattr(app, "_LOOK_S", 0.05)
    consumer = AIOKafkaConsumer(MESSAGES, bootstrap_servers=servers, group_id=str(uuid4()), enable_auto_commit=False)
    stop = Stop()
    watching = asyncio.create_task(app.watch_group(of(consumer), stop))
    await consumer.start()
    try:
        await asyncio.sleep(0.3)
        assert not watching.done()
        consumer._coordinator._coordination_task.cancel()
        await asyncio.wait_for(watching, 10)
        assert isinstance(stop.error, Unavailable)
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await consumer.stop()


def test_before_there_is_a_consumer_nothing_was_given_up() -> None:
    """The watch begins with the app."""
    assert not coordination_ended(of(None))
