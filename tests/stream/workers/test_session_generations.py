"""Which events a stream worker takes around a rebalance: none of a generation that is over, all of one it has again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from stream.contracts.errors import NO_RESTART_STATUSES, Unavailable
from stream.faust_support.run import StopRequest
from stream.faust_support.stall import STALL_S, StallWatch
from stream.runtime.codec import RawRecord
from stream.runtime.health import Health
from stream.workers.session_worker import _MessagesWorker
from tests.fixtures.waiting import DEADLOCK_S

NO_WATCH = StallWatch(dict, lambda: False)


class RecordedBatches:
    """Keeps the offsets it was given."""

    def __init__(self) -> None:
        self.offsets: list[int] = []
        self.processed_offsets: dict[int, int] = {}
        self._arrived = asyncio.Condition()

    async def process(self, records: Sequence[RawRecord]) -> None:
        """Keep the offsets of the records."""
        async with self._arrived:
            self.offsets += [record.offset for record in records]
            self._arrived.notify_all()

    async def wait_for(self, count: int) -> None:
        """Return once that many records have arrived."""
        async with asyncio.timeout(DEADLOCK_S), self._arrived:
            await self._arrived.wait_for(lambda: len(self.offsets) >= count)


class Channel:
    """A stream of events that the test puts in by hand."""

    def __init__(self) -> None:
        self._events: asyncio.Queue[Any] = asyncio.Queue()

    def put(self, offset: int, generation: int) -> None:
        """An event as Faust hands it over."""
        message = SimpleNamespace(
            topic="t",
            partition=0,
            offset=offset,
            timestamp=1.0,
            key=b"k",
            value=b"v",
            headers=(),
            generation_id=generation,
        )
        self._events.put_nowait(SimpleNamespace(message=message, ack=lambda: None))

    @property
    def channel(self) -> Any:
        """The stream behind an event, whose queue is empty here because each event is awaited."""
        return SimpleNamespace(queue=asyncio.Queue())

    def noack(self) -> "Channel":
        """Return the channel itself, as Faust does."""
        return self

    async def events(self) -> AsyncIterator[Any]:
        """Yield the events without an end."""
        while True:
            yield await self._events.get()


@pytest.mark.parametrize("again", [True, False], ids=["the same generation again", "the next generation"])
async def test_after_a_rebalance_the_worker_takes_what_comes(again: bool) -> None:
    """A worker accepts new messages after a rebalance, even in the same generation."""
    app, batches, channel = SimpleNamespace(consumer_generation_id=7), RecordedBatches(), Channel()
    worker = _MessagesWorker(app, batches, StopRequest(), Health(), NO_WATCH)  # type: ignore[arg-type]
    consuming = asyncio.create_task(worker.consume(channel))  # type: ignore[arg-type]
    channel.put(1, generation=7)
    await batches.wait_for(1)
    await worker.drain()
    channel.put(2, generation=7)  # was on its way; it comes again
    await asyncio.sleep(0.05)
    assert batches.offsets == [1]
    app.consumer_generation_id = 7 if again else 8
    await worker.on_assigned()
    channel.put(2, generation=app.consumer_generation_id)
    channel.put(3, generation=6)
    await batches.wait_for(2)
    consuming.cancel()
    await asyncio.gather(consuming, return_exceptions=True)
    assert batches.offsets == [1, 2]


async def test_a_worker_whose_partition_stalls_is_stopped() -> None:
    """A worker that has acknowledged nothing of a partition for a minute stops with an error that a restart mends."""
    times, stop = iter([0.0, STALL_S]), StopRequest()
    watch = StallWatch(lambda: {3: 17}, lambda: True, lambda: next(times))
    worker = _MessagesWorker(SimpleNamespace(), RecordedBatches(), stop, Health(), watch)  # type: ignore[arg-type]
    async with asyncio.timeout(DEADLOCK_S):
        await worker.watch_flow()
        await stop.wait()
    assert isinstance(stop.error, Unavailable)
    assert "partitions 3" in str(stop.error)
    assert stop.error.exit_status not in NO_RESTART_STATUSES
