"""A worker writes only while its place in the group is sure; what it cannot finish by then never arrives."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import ProducerFenced
from aiokafka.protocol.produce import ProduceRequest

from stream.contracts.errors import Unavailable
from stream.faust_support.fencing import SURE_SHARE, Guard, Membership, _call_back

SESSION_S = 6.0


class Clock:
    """A clock that stands still until it is set."""

    now = 100.0

    def __call__(self) -> float:
        """What it shows."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The test's own."""
    return Clock()


@pytest.fixture
def membership(clock: Clock) -> Membership:
    """One that has not heard from the group yet."""
    return Membership(SESSION_S, clock)


def test_before_the_first_answer_nothing_is_sure(membership: Membership) -> None:
    """Having been given partitions a moment ago proves nothing: it may have been an hour."""
    assert not membership.is_sure


def test_an_answer_is_good_from_the_moment_it_was_asked_for(membership: Membership, clock: Clock) -> None:
    """The group counts from when it got the question, which is later: so nobody else can own anything yet."""
    membership.heard(clock.now - 2)
    assert membership.is_sure
    clock.now += SESSION_S * SURE_SHARE - 2 - 0.01
    assert membership.is_sure
    clock.now += 0.02
    assert not membership.is_sure


def test_the_next_answer_makes_it_sure_again(membership: Membership, clock: Clock) -> None:
    """The group has not given up a member whose heartbeat it answers."""
    membership.heard(clock.now)
    clock.now += 60
    assert not membership.is_sure
    membership.heard(clock.now)
    assert membership.is_sure


def test_a_lost_place_stays_lost(membership: Membership, clock: Clock) -> None:
    """What this process holds is old, whatever it hears later."""
    membership.heard(clock.now)
    membership.lose()
    membership.heard(clock.now)
    assert not membership.is_sure


class Client:
    """aiokafka's, as far as it is stood before."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self._conns: dict[Any, Any] = {}

    async def ready(self, _node: int) -> bool:
        """Connected."""
        return True

    async def send(self, _node: int, request: Any) -> str:
        """Take a request."""
        self.sent.append(request)
        return "answer"


class Coordinator:
    """aiokafka's, as far as it is listened to."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.answers = True
        self._closing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.was_reset = False

    async def _do_heartbeat(self) -> bool:
        return self.answers

    def reset_generation(self) -> None:
        """Forget the place."""
        self.was_reset = True


Flush = Callable[[], Awaitable[None]]


async def at_once() -> None:
    """Nothing is under way."""


def guarded(
    membership: Membership, clock: Clock, flush: Flush = at_once
) -> tuple[Guard, Client, Coordinator, list[Exception]]:
    """A guard between an app's producer and its consumer."""
    client, coordinator, ends = Client(), Coordinator(clock), list[Exception]()
    consumer = SimpleNamespace(_thread=SimpleNamespace(_consumer=SimpleNamespace(_coordinator=coordinator)))
    producer = SimpleNamespace(_producer=SimpleNamespace(client=client, flush=flush))
    app: Any = SimpleNamespace(producer=producer, consumer=consumer)
    guard = Guard(app, membership, ends.append)
    guard.install()
    guard.install()  # a rebalance installs it again
    return guard, client, coordinator, ends


WRITE = ProduceRequest(transactional_id=None, required_acks=-1, timeout=1, topics=[])


async def test_a_write_waits_until_the_group_has_answered(membership: Membership, clock: Clock) -> None:
    """And goes out once, then; what only asks goes out at once."""
    _, client, coordinator, _ = guarded(membership, clock)
    assert await client.send(0, "a question") == "answer"
    waiting = asyncio.create_task(client.send(0, WRITE))
    await asyncio.sleep(0.3)
    assert client.sent == ["a question"]
    membership._clock = clock
    await coordinator._do_heartbeat()
    membership.heard(clock.now)
    assert await waiting == "answer"
    assert client.sent == ["a question", WRITE]


async def test_an_unanswered_heartbeat_makes_nothing_sure(membership: Membership, clock: Clock) -> None:
    """Only the group's own word counts."""
    _, _, coordinator, _ = guarded(membership, clock)
    coordinator.answers = False
    await coordinator._do_heartbeat()
    assert membership._heard_at is None
    coordinator.answers = True
    await coordinator._do_heartbeat()
    assert membership._heard_at is not None


async def test_a_write_of_a_worker_that_lost_its_place_fails_for_good(membership: Membership, clock: Clock) -> None:
    """And the worker is asked to end, once."""
    guard, client, coordinator, ends = guarded(membership, clock)
    watching = asyncio.create_task(guard.watch())
    waiting = asyncio.create_task(client.send(0, WRITE))
    coordinator.reset_generation()
    assert coordinator.was_reset
    with pytest.raises(ProducerFenced):
        await waiting
    await asyncio.sleep(0.6)
    watching.cancel()
    assert client.sent == []
    assert [type(error) for error in ends] == [Unavailable]


async def test_leaving_the_group_on_the_way_out_is_no_loss(membership: Membership, clock: Clock) -> None:
    """A worker that was asked to end gives its place back itself."""
    _, _, coordinator, ends = guarded(membership, clock)
    coordinator._closing.set_result(None)
    coordinator.reset_generation()
    assert not membership.is_lost
    assert ends == []


async def test_what_is_still_under_way_when_partitions_are_taken_ends_the_worker(
    membership: Membership, clock: Clock
) -> None:
    """A write that the broker has not answered could arrive after somebody else's."""
    guard, *_ = guarded(membership, clock)
    await guard.settle()
    assert not membership.is_lost
    guard, *_ = guarded(membership, clock, flush=asyncio.Event().wait)  # type: ignore[arg-type]  # it never returns
    await guard.settle()
    assert membership.is_lost


async def test_what_the_kernel_holds_is_called_back() -> None:
    """Bytes that the other side has not taken yet never arrive there: the line ends with a reset."""
    listener = socket.create_server(("127.0.0.1", 0))
    taken: list[bytes] = []
    begin = threading.Event()

    def serve() -> None:
        line, _ = listener.accept()
        begin.wait(5)
        try:
            while piece := line.recv(65_536):
                taken.append(piece)
        except ConnectionResetError:
            taken.append(b"reset")

    thread = threading.Thread(target=serve)
    thread.start()
    _, writer = await asyncio.open_connection(*listener.getsockname())
    much = b"x" * 50_000_000
    writer.write(much)
    await asyncio.sleep(0.1)
    _call_back(SimpleNamespace(_conns={0: SimpleNamespace(_writer=writer, close=lambda: None)}))
    await asyncio.sleep(0)
    begin.set()
    await asyncio.to_thread(thread.join)
    listener.close()
    assert sum(map(len, taken)) < len(much)
    assert taken[-1] == b"reset"
