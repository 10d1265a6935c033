"""Which events a stream worker takes around a rebalance: none of a generation that is over, all of one it has again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from stream.faust_support.app import Stop
from stream.runtime.codec import RawRecord
from stream.runtime.health import Health
from stream.workers.session_worker import _Worker


class Batches:
    """Keeps the offsets it was given."""

    def __init__(self) -> None:
        self.taken: list[int] = []
        self.done: dict[int, int] = {}
        self._came = asyncio.Condition()

    async def process(self, records: Sequence[RawRecord]) -> None:
        """Take them."""
        async with self._came:
            self.taken += [record.offset for record in records]
            self._came.notify_all()

    async def saw(self, count: int) -> None:
        """Return once so many have come."""
        async with asyncio.timeout(5), self._came:
            await self._came.wait_for(lambda: len(self.taken) >= count)


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
        """What waits behind the event at hand: nothing, here each is waited for."""
        return SimpleNamespace(queue=asyncio.Queue())

    def noack(self) -> "Channel":
        """As Faust's."""
        return self

    async def events(self) -> AsyncIterator[Any]:
        """Without end."""
        while True:
            yield await self._events.get()


@pytest.mark.parametrize("again", [True, False], ids=["the same generation again", "the next generation"])
async def test_after_a_rebalance_the_worker_takes_what_comes(again: bool) -> None:
    """A follower that joins a stable group anew keeps its generation: what comes then is not of the past."""
    app, batches, channel = SimpleNamespace(consumer_generation_id=7), Batches(), Channel()
    worker = _Worker(app, batches, Stop(), Health())  # type: ignore[arg-type]
    following = asyncio.create_task(worker.follow(channel))  # type: ignore[arg-type]
    channel.put(1, generation=7)
    await batches.saw(1)
    await worker.call_off()
    channel.put(2, generation=7)  # was on its way; it comes again
    await asyncio.sleep(0.05)
    assert batches.taken == [1]
    app.consumer_generation_id = 7 if again else 8
    await worker.take_up()
    channel.put(2, generation=app.consumer_generation_id)
    channel.put(3, generation=6)
    await batches.saw(2)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert batches.taken == [1, 2]
