"""A worker writes only while its partitions are surely its own.

The group gives the partitions of a member that it has not heard for the session's time to another. Whoever was frozen,
or cut off from the group's coordinator alone, does not know that, and would write an old state over a newer one. So
each request that writes waits until a heartbeat was answered a short while ago; what is under way when the answers
cease is called back from the kernel; and a worker that the group has given up ends itself
(docs/decisions/0021-a-worker-that-lost-its-place-writes-nothing.md).
"""

# ruff: noqa: SLF001 - neither Faust nor aiokafka tells of heartbeats, or lets anybody stand before a request
import asyncio
import socket
import struct
import time
from collections.abc import Callable
from typing import Any, cast

import faust
from aiokafka.errors import ProducerFenced
from aiokafka.protocol.produce import ProduceRequest

from stream.contracts.errors import Unavailable
from stream.runtime.logging import get_logger

SURE_SHARE = 0.75
"""Of the session's time, from the moment a heartbeat was sent: the rest is for calling back what is under way."""
_LOOK_S = 0.2  # far below a quarter of the shortest session's six seconds
_SETTLE_S = 2.0  # for writes under way when partitions are taken; with the batch's 3 s below the group's ten
_NOT_LATER = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: the kernel forgets what it has not delivered


def boot_time() -> float:
    """Seconds since boot, counting those in which the machine was suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Membership:
    """What a worker knows of its place in the group. Told by the consumer's thread, asked by the producer's."""

    def __init__(self, session_s: float, clock: Callable[[], float] = boot_time) -> None:
        """`session_s` is the group's patience with a silent member."""
        self._sure_s = session_s * SURE_SHARE
        self._clock = clock
        self._heard_at: float | None = None
        self.is_lost = False

    def heard(self, asked_at: float) -> None:
        """The group has answered a heartbeat sent at `asked_at`: from then on its patience counts anew."""
        self._heard_at = asked_at

    def lose(self) -> None:
        """The group has given our place away. There is no way back: what this process still holds is old."""
        self.is_lost = True

    @property
    def is_sure(self) -> bool:
        """Whether nobody else can own our partitions now."""
        return not self.is_lost and self._heard_at is not None and self._clock() - self._heard_at < self._sure_s


class Guard:
    """Stands between an app and the broker."""

    def __init__(self, app: faust.App, membership: Membership, end: Callable[[Exception], None]) -> None:
        """`end` is asked to end the worker, once."""
        self._app = app
        self._membership = membership
        self._end = end
        self._clients: set[int] = set()
        self._asked_to_end = False

    def install(self, *_: Any, **__: Any) -> None:
        """Listen to the heartbeats and stand before the producer; to be called before anything is written."""
        self._before(self._producer.client)
        self._listen(cast("Any", self._app.consumer)._thread._consumer._coordinator)

    async def watch(self) -> None:
        """Call back what is under way while the place is unsure; end the worker once it is lost."""
        while True:
            await asyncio.sleep(_LOOK_S)
            if self._clients and not self._membership.is_sure:
                _call_back(self._producer.client)
            if self._membership.is_lost and not self._asked_to_end:
                self._asked_to_end = True
                get_logger().error("place_lost")
                self._end(Unavailable("this worker's place in the group (it was not heard for too long)"))

    async def settle(self) -> None:
        """Return when nothing is under way any more, before another may own the partitions; if not soon, end."""
        if not self._clients:
            return
        try:
            await asyncio.wait_for(self._producer.flush(), _SETTLE_S)
        except TimeoutError:
            self._membership.lose()

    @property
    def _producer(self) -> Any:
        """The client under Faust's: aiokafka's."""
        return cast("Any", self._app.producer)._producer

    def _before(self, client: Any) -> None:
        if id(client) in self._clients:
            return
        self._clients.add(id(client))
        send = client.send

        async def guarded(node_id: Any, request: Any, **kwargs: Any) -> Any:
            if isinstance(request, ProduceRequest):
                # Connected first: between the last look and the write there is no waiting.
                await client.ready(node_id)
                while not self._membership.is_sure:
                    if self._membership.is_lost:
                        raise ProducerFenced
                    await asyncio.sleep(_LOOK_S)
            return await send(node_id, request, **kwargs)

        client.send = guarded

    def _listen(self, coordinator: Any) -> None:
        if id(coordinator) in self._clients:
            return
        self._clients.add(id(coordinator))
        heartbeat, reset = coordinator._do_heartbeat, coordinator.reset_generation

        async def told() -> Any:
            asked_at = boot_time()
            answered = await heartbeat()
            if answered:
                self._membership.heard(asked_at)
            return answered

        def forgotten() -> None:
            if not coordinator._closing.done():
                self._membership.lose()
            reset()

        coordinator._do_heartbeat, coordinator.reset_generation = told, forgotten


def _call_back(client: Any) -> None:
    """Take back what the kernel still holds for the broker, and end the connections."""
    for connection in list(client._conns.values()):
        writer = connection._writer
        if writer is not None:
            handle = writer.get_extra_info("socket")
            if handle is not None:
                handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NOT_LATER)
            writer.transport.abort()
        connection.close()
