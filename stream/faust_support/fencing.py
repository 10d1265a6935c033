"""A fence that keeps a worker from writing unless its partitions are surely its own.

The group gives the partitions of a member to another when no heartbeat arrived for the session's time. A worker that
was frozen, or cut off from the group's coordinator alone, does not know that, and would write an old state over a newer
one. So each request that writes waits until a heartbeat was answered a short while ago; the connection asks once more
with each call that hands bytes to the kernel; what is in flight when the answers cease is aborted; and a worker that
lost its lease stops (docs/decisions/0021-a-worker-that-lost-its-place-writes-nothing.md).

Upstream gap (Faust 0.15.3, aiokafka 0.14.0): neither reports heartbeats nor fences a producer outside of transactions.
On an upgrade, check the private names used here, and whether Kafka's consumer group protocol fences producers.
"""

# ruff: noqa: SLF001 - neither Faust nor aiokafka reports heartbeats or lets code run before a request
import asyncio
import socket
import struct
import time
from collections.abc import Callable
from typing import Any, ClassVar, cast
from weakref import WeakSet

import faust
from aiokafka.errors import ProducerFenced
from aiokafka.protocol.produce import ProduceRequest

from stream.contracts.errors import Unavailable
from stream.runtime.logging import get_logger

VALID_SHARE = 0.75
"""Share of the session's time for which a lease is valid, from the moment its heartbeat was sent.

The rest is for aborting what is in flight.
"""
_CHECK_S = 0.2  # far below a quarter of the shortest session's six seconds
_FLUSH_S = 2.0  # for writes in flight when partitions are revoked; with the batch's 3 s below the group's ten
_DISCARD_UNSENT = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: the kernel discards what it has not delivered


def boot_time() -> float:
    """Return the seconds since boot, including those in which the machine was suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class GroupLease:
    """The lease of a worker on its partitions; renewed on the consumer's thread, read on the producer's."""

    def __init__(self, session_s: float, clock: Callable[[], float] = boot_time) -> None:
        """`session_s` is the time after which the group gives up a silent member."""
        self._valid_s = session_s * VALID_SHARE
        self._clock = clock
        self._renewed_at: float | None = None
        self.is_expired = False

    def renew(self, asked_at: float) -> None:
        """Renew the lease from `asked_at`, when the heartbeat was sent that the group has now answered."""
        self._renewed_at = asked_at

    def expire(self) -> None:
        """End the lease for good: the partitions were given away, so the state of this process is old."""
        self.is_expired = True

    @property
    def is_valid(self) -> bool:
        """Whether no other worker can own the partitions now."""
        return not self.is_expired and self._renewed_at is not None and self._clock() - self._renewed_at < self._valid_s


class ProduceFence:
    """A fence between an app's producer and the broker that opens while the lease is valid."""

    def __init__(self, app: faust.App, lease: GroupLease, request_stop: Callable[[Exception], None]) -> None:
        """`request_stop` is called once, when the lease has expired."""
        self._app = app
        self._lease = lease
        self._request_stop = request_stop
        self._wrapped: WeakSet[object] = WeakSet()  # an `id` may belong to another object after a reconnect
        self._stop_requested = False

    def install(self, *_: Any, **__: Any) -> None:
        """Wrap the producer's requests and the consumer's heartbeats; to be called before anything is written."""
        self._fence_producer(self._producer.client)
        self._follow_heartbeats(cast("Any", self._app.consumer)._thread._consumer._coordinator)

    async def watch(self) -> None:
        """Abort what is in flight while the lease is not valid, and request the stop once it has expired."""
        while True:
            await asyncio.sleep(_CHECK_S)
            if self._wrapped and not self._lease.is_valid:
                _abort_connections(self._producer.client)
            if self._lease.is_expired and not self._stop_requested:
                self._stop_requested = True
                get_logger().error("place_lost")
                self._request_stop(Unavailable("this worker's place in the group (it was not heard for too long)"))

    async def flush(self) -> None:
        """Wait for the writes in flight before another worker may own the partitions, or end the lease."""
        if not self._wrapped:
            return
        try:
            await asyncio.wait_for(self._producer.flush(), _FLUSH_S)
        except TimeoutError:
            self._lease.expire()

    @property
    def _producer(self) -> Any:
        """The aiokafka producer inside of Faust's."""
        return cast("Any", self._app.producer)._producer

    def _fence_producer(self, client: Any) -> None:
        if client in self._wrapped:
            return
        self._wrapped.add(client)
        send = client.send

        async def fenced_send(node_id: Any, request: Any, **kwargs: Any) -> Any:
            if isinstance(request, ProduceRequest):
                await client.ready(node_id)
                self._fence_connections(client)
                while not self._lease.is_valid:
                    if self._lease.is_expired:
                        raise ProducerFenced
                    await asyncio.sleep(_CHECK_S)
            return await send(node_id, request, **kwargs)

        client.send = fenced_send

    def _fence_connections(self, client: Any) -> None:
        """Let each socket of the client ask for the lease, since a process may be frozen while it encodes a request."""
        for connection in client._conns.values():
            if connection._writer is not None:
                fence_socket(connection._writer, self._lease)

    def _follow_heartbeats(self, coordinator: Any) -> None:
        if coordinator in self._wrapped:
            return
        self._wrapped.add(coordinator)
        heartbeat, reset = coordinator._do_heartbeat, coordinator.reset_generation

        async def renewing_heartbeat() -> Any:
            asked_at = boot_time()
            answered = await heartbeat()
            if answered:
                self._lease.renew(asked_at)
            return answered

        def expiring_reset() -> None:
            if not coordinator._closing.done():
                self._lease.expire()
            reset()

        coordinator._do_heartbeat, coordinator.reset_generation = renewing_heartbeat, expiring_reset


def fence_socket(writer: asyncio.StreamWriter, lease: GroupLease) -> None:
    """Make the socket below a stream refuse to send while the lease is not valid.

    The transport calls `send` for a first attempt and `send` or, from Python 3.12 on, `sendmsg` for what waited in its
    buffer, with TLS too; an `OSError` makes it drop the buffer and the connection.
    """
    handle = getattr(writer.get_extra_info("socket"), "_sock", None)
    if handle is None or isinstance(handle, _FencedSocket):
        return
    # asyncio holds this very object, so its class is what can be replaced.
    handle.__class__ = type("FencedSocket", (_FencedSocket,), {"__slots__": (), "lease": lease})


class _FencedSocket(socket.socket):
    """A socket that sends only while a lease is valid."""

    __slots__ = ()
    lease: ClassVar[GroupLease]

    def send(self, data: Any, flags: int = 0, /) -> int:
        """Send as `socket.socket.send` does.

        Raises:
            ConnectionAbortedError: the lease is not valid.
        """
        self._require_lease()
        return super().send(data, flags)

    def sendmsg(self, buffers: Any, *others: Any) -> int:
        """Send as `socket.socket.sendmsg` does.

        Raises:
            ConnectionAbortedError: the lease is not valid.
        """
        self._require_lease()
        return super().sendmsg(buffers, *others)

    def _require_lease(self) -> None:
        if not self.lease.is_valid:
            raise ConnectionAbortedError("the worker's lease on its partitions is not valid")


def _abort_connections(client: Any) -> None:
    """Close the client's connections and discard what the kernel has not delivered to the broker yet."""
    for connection in list(client._conns.values()):
        writer = connection._writer
        if writer is not None:
            handle = writer.get_extra_info("socket")
            if handle is not None:
                handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DISCARD_UNSENT)
            writer.transport.abort()
        connection.close()
