"""One delivery is done once, and its answer remembered for a while."""

import asyncio

import pytest

from plugin.gateway import repeats
from plugin.gateway.repeats import Repeats
from tests.plugin.gateway.gateways import Time


class Work:
    """Counts how often it is done; waits for `go` and fails when told."""

    def __init__(self) -> None:
        self.done = 0
        self.fails = False
        self.go = asyncio.Event()

    async def __call__(self) -> str:
        """Do it."""
        await self.go.wait()
        self.done += 1
        if self.fails:
            raise ValueError("away")
        return f"answer {self.done}"


def made() -> tuple[Repeats[str], Work, Time]:
    """Answers kept for a minute, work that is ready to be done, and the clock."""
    time, work = Time(), Work()
    work.go.set()
    return Repeats(60, time), work, time


async def test_a_repeat_has_the_first_answer() -> None:
    """And is known as a repeat."""
    known, work, _ = made()
    assert await known.once(b"d", work) == ("answer 1", False)
    assert await known.once(b"d", work) == ("answer 1", True)
    assert await known.once(b"other", work) == ("answer 2", False)


async def test_repeats_during_the_first_wait_for_it() -> None:
    """A sender with a short timeout sends again before we are done."""
    known, work, _ = made()
    work.go.clear()
    running = [asyncio.create_task(known.once(b"d", work)) for _ in range(5)]
    await asyncio.sleep(0)
    work.go.set()
    assert [await task for task in running] == [("answer 1", False)] + [("answer 1", True)] * 4
    assert work.done == 1


async def test_a_failure_reaches_all_who_wait_and_is_forgotten() -> None:
    """The next try is a first one."""
    known, work, _ = made()
    work.go.clear()
    work.fails = True
    running = [asyncio.create_task(known.once(b"d", work)) for _ in range(3)]
    await asyncio.sleep(0)
    work.go.set()
    assert [type(outcome) for outcome in await asyncio.gather(*running, return_exceptions=True)] == [ValueError] * 3
    work.fails = False
    assert await known.once(b"d", work) == ("answer 2", False)


async def test_a_sender_that_hangs_up_does_not_undo_it() -> None:
    """What was begun is finished, and remembered for the retry."""
    known, work, _ = made()
    work.go.clear()
    first = asyncio.create_task(known.once(b"d", work))
    await asyncio.sleep(0)
    first.cancel()
    work.go.set()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await known.once(b"d", work) == ("answer 1", True)


async def test_an_answer_is_forgotten_after_its_time() -> None:
    """A signature cannot come again then."""
    known, work, time = made()
    await known.once(b"d", work)
    time.seconds = 59.9
    assert (await known.once(b"d", work))[1]
    time.seconds = 60
    assert await known.once(b"d", work) == ("answer 2", False)


async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest is forgotten first; that costs a repeated publish and nothing else."""
    monkeypatch.setattr(repeats, "MAX_REMEMBERED", 3)
    known, work, _ = made()
    for delivery in (b"1", b"2", b"3", b"4"):
        await known.once(delivery, work)
    assert (await known.once(b"4", work))[1]
    assert not (await known.once(b"1", work))[1]
