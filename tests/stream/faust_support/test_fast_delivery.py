"""A message goes to its agent at once where nothing waits, and as Faust would have it where something does."""

import asyncio
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import Mock

import faust
import pytest
from faust.types import StreamT
from mode.services import Service
from mode.utils.locks import Event

from stream.faust_support import driver
from stream.faust_support.fast_delivery import EagerWait, drain_pending, resume
from tests.fixtures.waiting import DEADLOCK_S


class EagerService(EagerWait):
    """A service with the short way of delivering."""


class ModeService(Service):
    """A service of mode without the short way."""


async def done(value: str) -> str:
    """Return the value without waiting."""
    return value


async def failing() -> str:
    """Fail before anything is waited for."""
    raise LookupError


async def after(event: asyncio.Event, value: str) -> str:
    """Wait twice, for different things."""
    await event.wait()
    await asyncio.sleep(0)
    return value


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every task that is made, from the first line of the test on."""
    made: list[object] = []
    real = asyncio.ensure_future

    def noted(*args: Any, **kwargs: Any) -> Any:
        made.append(args[0])
        return real(*args, **kwargs)

    monkeypatch.setattr(asyncio, "ensure_future", noted)
    return made


async def test_what_waits_for_nothing_makes_no_task(tasks: list[object]) -> None:
    """Work that waits for nothing creates no task, where mode creates four."""
    never = asyncio.Event()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the one that was not needed is closed, not forgotten
        found = await EagerService().wait_first(done("here"), never.wait())
    assert (found.results, found.stopped, tasks) == (["here"], False, [])
    found = await ModeService().wait_first(done("here"), never.wait())
    assert (found.results, found.stopped, len(tasks)) == (["here"], False, 4)


@pytest.mark.parametrize("service_type", [EagerService, ModeService])
async def test_what_waits_is_waited_for(service_type: type[Service]) -> None:
    """Work that waits is awaited through all of its steps."""
    ready, never = asyncio.Event(), asyncio.Event()
    waiting = asyncio.create_task(service_type().wait_first(after(ready, "late"), never.wait()))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    ready.set()
    assert (await waiting).results == ["late"]


def soon() -> "asyncio.Future[bool]":
    """A future that is done in a moment."""
    future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(0.01, future.set_result, True)
    return future


async def waiting_for(future: "asyncio.Future[bool]") -> bool:
    """Wait for the future as a coroutine does."""
    return await future


@pytest.mark.parametrize("service_type", [EagerService, ModeService])
@pytest.mark.parametrize(
    "chosen",
    [lambda: [soon()], lambda: [waiting_for(soon())], lambda: [soon(), asyncio.Event()]],
    ids=["a future", "a coroutine", "a future or an event"],
)
async def test_other_waits_are_modes_own(service_type: type[Service], chosen: Callable[[], list[Any]]) -> None:
    """A service waits for all kinds of things; only handing over has the short way."""
    assert (await service_type().wait_first(*chosen(), timeout=DEADLOCK_S)).results == [True]


@pytest.mark.parametrize("service_type", [EagerService, ModeService])
async def test_other_waits_may_run_out_of_time(service_type: type[Service]) -> None:
    """Other waits may time out, as with mode."""
    assert (await service_type().wait_first(Event(), timeout=0.01)).results == []


@pytest.mark.parametrize("service_type", [EagerService, ModeService])
async def test_what_waits_is_given_up_when_the_flow_stops(service_type: type[Service]) -> None:
    """Work that waits is cancelled when the flow stops."""
    events: list[str] = []

    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            events.append("cancelled")
            raise

    suspended = asyncio.Event()
    waiting = asyncio.create_task(service_type().wait_first(stubborn(), suspended.wait()))
    await asyncio.sleep(0.01)
    suspended.set()
    assert (await waiting).results == [True]
    await asyncio.sleep(0)
    assert events == ["cancelled"]


@pytest.mark.parametrize("service_type", [EagerService, ModeService])
async def test_what_waits_is_given_up_when_the_service_stops(service_type: type[Service]) -> None:
    """Work that waits is given up when the service stops."""
    service, never = service_type(), asyncio.Event()
    waiting = asyncio.create_task(service.wait_first(after(never, "never"), never.wait()))
    await asyncio.sleep(0.01)
    service._stopped.set()
    assert (await waiting).stopped


@pytest.mark.parametrize("service_type", [EagerService, ModeService])
async def test_an_error_of_the_work_is_raised(service_type: type[Service]) -> None:
    """An error of the work is raised, whether it occurs at once or after a wait."""
    ready = asyncio.Event()

    async def failing_late() -> None:
        await ready.wait()
        raise LookupError

    with pytest.raises(LookupError):
        await service_type().wait_first(failing(), asyncio.Event().wait())
    waiting = asyncio.create_task(service_type().wait_first(failing_late(), asyncio.Event().wait()))
    await asyncio.sleep(0.01)
    ready.set()
    with pytest.raises(LookupError):
        await waiting


async def test_work_may_go_on_after_it_was_cancelled() -> None:
    """Cancelled work may still wait for something before it returns a result."""
    tidied = asyncio.Event()

    async def tidy() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await tidied.wait()
        return "tidy"

    work = tidy()
    task = asyncio.create_task(resume(work, work.send(None)))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    tidied.set()
    assert await task == "tidy"


async def test_work_may_end_by_being_cancelled_and_say_so_with_a_result() -> None:
    """Cancelled work may return a result without waiting again."""

    async def brief() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "enough"
        return "never"

    work = brief()
    task = asyncio.create_task(resume(work, work.send(None)))
    await asyncio.sleep(0)
    task.cancel()
    assert await task == "enough"


def test_the_consumer_uses_the_fast_delivery() -> None:
    """The consumer of the app delivers by our code, which comes before Faust's own."""
    assert driver._Consumer.wait_first is EagerWait.wait_first


def event(generation: int) -> Any:
    """Return a stand-in for an event of a generation."""
    return SimpleNamespace(message=SimpleNamespace(generation_id=generation, tracked=False))


class PendingEvents:
    """An app and the stream of its agent, with events that wait in the stream's queue."""

    def __init__(self, *generations: int) -> None:
        """The group is in its generation 2."""
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        for generation in generations:
            self.queue.put_nowait(event(generation))
        self.active = True
        self.tracked: list[Any] = []
        self.app = cast(
            "faust.App",
            SimpleNamespace(
                consumer_generation_id=2,
                flow_control=SimpleNamespace(is_active=lambda: self.active),
                consumer=SimpleNamespace(track_message=self.tracked.append),
            ),
        )
        self.stream = cast("StreamT[Any]", Mock(channel=SimpleNamespace(queue=self.queue)))

    def drain(self) -> list[Any]:
        """Drain the pending events."""
        return list(drain_pending(self.app, self.stream))


def test_waiting_messages_are_taken_and_tracked_by_faust() -> None:
    """Messages that wait are taken at once and tracked by Faust, so that their acknowledgement counts."""
    pending = PendingEvents(2, 2, 2)
    drained = pending.drain()
    assert [one.message for one in drained] == pending.tracked
    assert [message.tracked for message in pending.tracked] == [True, True, True]
    assert pending.queue.empty()


def test_what_was_fetched_before_a_rebalance_is_left_to_its_new_owner() -> None:
    """Events fetched before a rebalance are left unacknowledged, so that the new owner gets them."""
    pending = PendingEvents(1, 2, 1)
    assert [one.message.generation_id for one in pending.drain()] == [2]
    assert len(pending.tracked) == 1


def test_nothing_is_taken_while_the_flow_is_stopped() -> None:
    """Nothing is taken while the flow is stopped, because Faust then clears its queues and seeks."""
    pending = PendingEvents(2, 2)
    pending.active = False
    assert not pending.drain()
    assert not pending.tracked


def test_one_may_stop_taking_at_any_time() -> None:
    """Draining may stop at any event, and the remaining events stay in the queue untracked."""
    pending = PendingEvents(2, 2, 2)
    next(drain_pending(pending.app, pending.stream))
    assert (pending.queue.qsize(), len(pending.tracked)) == (2, 1)
