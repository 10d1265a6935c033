"""Tests of the cache of answers: one delivery is processed once, and its answer is remembered for a while."""

import asyncio

import pytest

from plugin.gateway import repeats
from plugin.gateway.repeats import Repeats
from tests.plugin.gateway.gateways import ManualTimer


class Work:
    """A task that counts its runs, waits for `go` and fails while `fails` is set."""

    def __init__(self) -> None:
        self.done = 0
        self.fails = False
        self.go = asyncio.Event()

    async def __call__(self) -> str:
        """Wait for `go`, count the run and return an answer or raise."""
        await self.go.wait()
        self.done += 1
        if self.fails:
            raise ValueError("away")
        return f"answer {self.done}"


def made() -> tuple[Repeats[str], Work, ManualTimer]:
    """Return a cache that keeps answers for a minute, work that may start, and the cache's timer."""
    time, work = ManualTimer(), Work()
    work.go.set()
    return Repeats(60, time), work, time


async def test_a_repeat_has_the_first_answer() -> None:
    """A repeat gets the first answer and is reported as a repeat."""
    known, work, _ = made()
    assert await known.once(b"d", work) == ("answer 1", False)
    assert await known.once(b"d", work) == ("answer 1", True)
    assert await known.once(b"other", work) == ("answer 2", False)


async def test_repeats_during_the_first_wait_for_it() -> None:
    """Repeats during the first delivery wait for its answer, as after a short timeout of the sender."""
    known, work, _ = made()
    work.go.clear()
    running = [asyncio.create_task(known.once(b"d", work)) for _ in range(5)]
    await asyncio.sleep(0)
    work.go.set()
    assert [await task for task in running] == [("answer 1", False)] + [("answer 1", True)] * 4
    assert work.done == 1


async def test_a_failure_is_raised_for_all_who_wait_and_is_not_kept() -> None:
    """A failure is raised for all that wait, and the next attempt is a first one."""
    known, work, _ = made()
    work.go.clear()
    work.fails = True
    running = [asyncio.create_task(known.once(b"d", work)) for _ in range(3)]
    await asyncio.sleep(0)
    work.go.set()
    assert [type(outcome) for outcome in await asyncio.gather(*running, return_exceptions=True)] == [ValueError] * 3
    work.fails = False
    assert await known.once(b"d", work) == ("answer 2", False)


async def test_work_is_finished_after_its_sender_disconnected() -> None:
    """Work is finished after its sender disconnected, and its answer is remembered for the retry."""
    known, work, _ = made()
    work.go.clear()
    first = asyncio.create_task(known.once(b"d", work))
    await asyncio.sleep(0)
    first.cancel()
    work.go.set()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await known.once(b"d", work) == ("answer 1", True)


async def test_an_answer_is_removed_after_its_time_to_live() -> None:
    """An answer is forgotten after its time to live."""
    known, work, time = made()
    await known.once(b"d", work)
    time.seconds = 59.9
    assert (await known.once(b"d", work))[1]
    time.seconds = 60
    assert await known.once(b"d", work) == ("answer 2", False)


async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest answer is forgotten first when the cache is full."""
    monkeypatch.setattr(repeats, "MAX_REMEMBERED", 3)
    known, work, _ = made()
    for delivery in (b"1", b"2", b"3", b"4"):
        await known.once(delivery, work)
    assert (await known.once(b"4", work))[1]
    assert not (await known.once(b"1", work))[1]


async def test_an_answer_that_expires_while_it_is_looked_up_is_made_again() -> None:
    """An answer that expires at any moment of the look-up makes the delivery a first one, and raises nothing."""

    class EachLookIsAMinute(ManualTimer):
        """A timer that moves by half a minute each time it is read."""

        def __call__(self) -> float:
            self.seconds += 30
            return self.seconds

    time, work = EachLookIsAMinute(), Work()
    work.go.set()
    known: Repeats[str] = Repeats(60, time)
    for number in range(1, 20):
        answer, _ = await known.once(b"d", work)
        assert answer in {f"answer {n}" for n in range(1, number + 1)}
