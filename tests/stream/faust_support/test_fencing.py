"""A worker writes only while its place in the group is sure; what it cannot finish by then never arrives."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import ProducerFenced
from aiokafka.protocol.produce import ProduceRequest

from stream.contracts.errors import Unavailable
from stream.faust_support.fencing import VALID_SHARE, GroupLease, ProduceFence, _abort_connections, fence_socket
from tests.fixtures.waiting import DEADLOCK_S, until

SESSION_S = 6.0


class ManualClock:
    """A clock that does not move until it is set."""

    now = 100.0

    def __call__(self) -> float:
        """Return the time that was set."""
        return self.now


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that the test sets."""
    return ManualClock()


@pytest.fixture
def lease(clock: ManualClock) -> GroupLease:
    """Return a lease that has had no answer from the group yet."""
    return GroupLease(SESSION_S, clock)


def test_before_the_first_answer_nothing_is_sure(lease: GroupLease) -> None:
    """Having been given partitions a moment ago proves nothing: it may have been an hour."""
    assert not lease.is_valid


def test_an_answer_is_good_from_the_moment_it_was_asked_for(lease: GroupLease, clock: ManualClock) -> None:
    """An answer is valid from the time of the request, which is before the group starts to count."""
    lease.renew(clock.now - 2)
    assert lease.is_valid
    clock.now += SESSION_S * VALID_SHARE - 2 - 0.01
    assert lease.is_valid
    clock.now += 0.02
    assert not lease.is_valid


def test_the_next_answer_makes_it_sure_again(lease: GroupLease, clock: ManualClock) -> None:
    """The next answer renews the lease, because the group still counts a member whose heartbeat it answers."""
    lease.renew(clock.now)
    clock.now += 60
    assert not lease.is_valid
    lease.renew(clock.now)
    assert lease.is_valid


def test_a_lost_lease_stays_lost(lease: GroupLease, clock: ManualClock) -> None:
    """A lost lease is not renewed, because what this process holds is outdated."""
    lease.renew(clock.now)
    lease.expire()
    lease.renew(clock.now)
    assert not lease.is_valid


class ProducerClient:
    """aiokafka's, as far as it is stood before."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self._conns: dict[Any, Any] = {}

    async def ready(self, _node: int) -> bool:
        """Return that the node is connected."""
        return True

    async def send(self, _node: int, request: Any) -> str:
        """Keep the request and return an answer."""
        self.sent.append(request)
        return "answer"


class Coordinator:
    """aiokafka's, as far as it is listened to."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.answers = True
        self._closing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.was_reset = False

    async def _do_heartbeat(self) -> bool:
        return self.answers

    def reset_generation(self) -> None:
        """Note that the generation was reset."""
        self.was_reset = True


Flush = Callable[[], Awaitable[None]]


async def flush_nothing() -> None:
    """Return at once, since no write is in flight."""


def fenced_app(
    lease: GroupLease, clock: ManualClock, flush: Flush = flush_nothing
) -> tuple[ProduceFence, ProducerClient, Coordinator, list[Exception]]:
    """A fence between an app's producer and its consumer."""
    client, coordinator, stop_errors = ProducerClient(), Coordinator(clock), list[Exception]()
    consumer = SimpleNamespace(_thread=SimpleNamespace(_consumer=SimpleNamespace(_coordinator=coordinator)))
    producer = SimpleNamespace(_producer=SimpleNamespace(client=client, flush=flush))
    app: Any = SimpleNamespace(producer=producer, consumer=consumer)
    fence = ProduceFence(app, lease, stop_errors.append)
    fence.install()
    fence.install()  # a rebalance installs it again
    return fence, client, coordinator, stop_errors


WRITE = ProduceRequest(transactional_id=None, required_acks=-1, timeout=1, topics=[])


async def test_a_write_waits_until_the_group_has_answered(lease: GroupLease, clock: ManualClock) -> None:
    """A write waits until the group has answered and is then sent once, while a read is sent at once."""
    _, client, coordinator, _ = fenced_app(lease, clock)
    assert await client.send(0, "a question") == "answer"
    waiting = asyncio.create_task(client.send(0, WRITE))
    await asyncio.sleep(0.3)
    assert client.sent == ["a question"]
    await coordinator._do_heartbeat()
    lease.renew(clock.now)
    assert await waiting == "answer"
    assert client.sent == ["a question", WRITE]


async def test_an_unanswered_heartbeat_does_not_extend_the_lease(lease: GroupLease, clock: ManualClock) -> None:
    """An unanswered heartbeat does not renew the lease."""
    _, _, coordinator, _ = fenced_app(lease, clock)
    coordinator.answers = False
    await coordinator._do_heartbeat()
    assert lease._renewed_at is None
    coordinator.answers = True
    await coordinator._do_heartbeat()
    assert lease._renewed_at is not None


async def test_a_write_of_a_worker_that_lost_its_place_fails_for_good(lease: GroupLease, clock: ManualClock) -> None:
    """A write of a worker that lost its lease fails permanently, and the worker is asked once to end."""
    fence, client, coordinator, stop_errors = fenced_app(lease, clock)
    watching = asyncio.create_task(fence.watch())
    waiting = asyncio.create_task(client.send(0, WRITE))
    coordinator.reset_generation()
    assert coordinator.was_reset
    with pytest.raises(ProducerFenced):
        await waiting
    await until(lambda: stop_errors)
    await asyncio.sleep(0.6)  # in which a second one would come
    watching.cancel()
    assert client.sent == []
    assert [type(error) for error in stop_errors] == [Unavailable]


async def test_leaving_the_group_at_the_end_is_no_error(lease: GroupLease, clock: ManualClock) -> None:
    """A worker that was asked to end leaves the group itself, which is no error."""
    _, _, coordinator, stop_errors = fenced_app(lease, clock)
    coordinator._closing.set_result(None)
    coordinator.reset_generation()
    assert not lease.is_expired
    assert stop_errors == []


async def test_an_unanswered_write_when_partitions_are_revoked_ends_the_worker(
    lease: GroupLease, clock: ManualClock
) -> None:
    """A write in flight when partitions are revoked ends the worker, because it could arrive too late."""
    fence, *_ = fenced_app(lease, clock)
    await fence.flush()
    assert not lease.is_expired
    fence, *_ = fenced_app(lease, clock, flush=asyncio.Event().wait)  # type: ignore[arg-type]  # it never returns
    await fence.flush()
    assert lease.is_expired


async def test_bytes_in_the_kernels_buffer_are_discarded() -> None:
    """Bytes that the other side has not received never arrive, because the connection is reset."""
    listener = socket.create_server(("127.0.0.1", 0))
    received: list[bytes] = []
    begin = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        begin.wait(DEADLOCK_S)
        try:
            while chunk := connection.recv(65_536):
                received.append(chunk)
        except ConnectionResetError:
            received.append(b"reset")

    thread = threading.Thread(target=serve)
    thread.start()
    _, writer = await asyncio.open_connection(*listener.getsockname())
    much = b"x" * 50_000_000
    writer.write(much)
    await asyncio.sleep(0.1)
    _abort_connections(SimpleNamespace(_conns={0: SimpleNamespace(_writer=writer, close=lambda: None)}))
    await asyncio.sleep(0)
    begin.set()
    await asyncio.to_thread(thread.join)
    listener.close()
    assert sum(map(len, received)) < len(much)
    assert received[-1] == b"reset"


class Receiver:
    """A server on loopback that reads one connection once it is told to begin."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.received: list[bytes] = []
        self._begin = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self.listener.accept()
        self._begin.wait(DEADLOCK_S)
        with connection, contextlib.suppress(ConnectionResetError):
            while chunk := connection.recv(65_536):
                self.received.append(chunk)

    async def read_all(self) -> bytes:
        """Return everything that arrives until the connection ends."""
        self._begin.set()
        await asyncio.to_thread(self._thread.join)
        self.listener.close()
        return b"".join(self.received)


async def test_a_socket_sends_while_the_lease_is_valid(lease: GroupLease, clock: ManualClock) -> None:
    """A fenced socket sends what it is given while the lease is valid, and the stream ends in good order."""
    receiver = Receiver()
    _, writer = await asyncio.open_connection(*receiver.listener.getsockname())
    lease.renew(clock.now)
    fence_socket(writer, lease)
    fence_socket(writer, lease)  # each request asks for it again
    writer.write(b"current")
    writer.close()
    assert await receiver.read_all() == b"current"


async def test_a_process_frozen_after_its_last_check_sends_nothing(lease: GroupLease, clock: ManualClock) -> None:
    """A process that is frozen after the fence has let a request through, and wakes too late, sends none of it."""
    receiver = Receiver()
    _, writer = await asyncio.open_connection(*receiver.listener.getsockname())
    lease.renew(clock.now)
    fence_socket(writer, lease)
    assert lease.is_valid  # the fence's check
    clock.now += SESSION_S  # frozen while the request is encoded
    writer.write(b"old state")
    writer.close()
    assert await receiver.read_all() == b""


async def test_what_waits_in_a_buffer_when_the_lease_ends_is_dropped(lease: GroupLease, clock: ManualClock) -> None:
    """Bytes that wait in the transport's buffer when the lease ends are dropped, and not sent after a thaw."""
    receiver = Receiver()
    _, writer = await asyncio.open_connection(*receiver.listener.getsockname())
    lease.renew(clock.now)
    fence_socket(writer, lease)
    writer.write(b"x" * 50_000_000)  # more than the kernel takes, so that the rest waits
    waiting = writer.transport.get_write_buffer_size()
    assert waiting > 0
    clock.now += SESSION_S
    writer.close()
    assert len(await receiver.read_all()) <= 50_000_000 - waiting


async def test_a_request_fences_the_connection_that_it_goes_by(lease: GroupLease, clock: ManualClock) -> None:
    """A request that writes fences the sockets of its client before it is sent."""
    receiver = Receiver()
    _, writer = await asyncio.open_connection(*receiver.listener.getsockname())
    _, client, _, _ = fenced_app(lease, clock)
    client._conns[0, "group"] = SimpleNamespace(_writer=writer)
    client._conns[1, "group"] = SimpleNamespace(_writer=None)  # one that has just been closed
    lease.renew(clock.now)
    await client.send(0, WRITE)
    clock.now += SESSION_S
    writer.write(b"old state")
    writer.close()
    assert await receiver.read_all() == b""
