"""Tests of the queue for checking passwords: one at a time in each lane, few that wait, and known devices apart."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from plugin.web.login_queue import MAX_IN_LANE, MAX_OF_ADDRESS, Busy, LoginQueue
from tests.fixtures.waiting import DEADLOCK_S


class Hash:
    """Stands in for a hash that takes until it is let go, and notes how many run at once."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.running = 0
        self.most = 0
        self._lock = threading.Lock()

    def __call__(self) -> str:
        """Wait, and return a result."""
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
        assert self.go.wait(DEADLOCK_S)
        with self._lock:
            self.running -= 1
        return "checked"


@asynccontextmanager
async def crowd(queue: LoginQueue, work: Hash, count: int, address: str = "") -> AsyncIterator[list[asyncio.Task[str]]]:
    """Let strangers wait in the queue during the block, each at an address of its own unless one is named."""
    tasks = [
        asyncio.create_task(queue.run(work, address=address or f"192.0.2.{number}", is_known=False))
        for number in range(count)
    ]
    await asyncio.sleep(0)
    try:
        yield tasks
    finally:
        work.go.set()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_passwords_are_checked_one_after_the_other() -> None:
    """In one lane a single password is checked at a time, and everybody who waits gets an answer."""
    queue, work = LoginQueue(), Hash()
    async with crowd(queue, work, MAX_IN_LANE) as tasks:
        work.go.set()
        assert await asyncio.gather(*tasks) == ["checked"] * MAX_IN_LANE
    assert work.most == 1


async def test_whoever_comes_to_a_full_lane_is_told_at_once() -> None:
    """Whoever comes to a full lane gets Busy without a wait; once it is empty the next one is taken."""
    queue, work = LoginQueue(), Hash()
    async with crowd(queue, work, MAX_IN_LANE):
        for _ in range(300):
            with pytest.raises(Busy):
                await queue.run(work, address="198.51.100.1", is_known=False)
    assert await queue.run(lambda: "checked", address="198.51.100.1", is_known=False) == "checked"


async def test_a_known_device_does_not_wait_for_strangers() -> None:
    """While strangers fill their lane and none of them is done, a known device's password is checked."""
    queue, work = LoginQueue(), Hash()
    async with crowd(queue, work, MAX_IN_LANE):
        async with asyncio.timeout(DEADLOCK_S):
            assert await queue.run(lambda: "checked", address="192.0.2.1", is_known=True) == "checked"
        assert not work.go.is_set()


async def test_one_address_does_not_fill_the_lane() -> None:
    """One address has a share of the lane; somebody at another address is still taken."""
    queue, work = LoginQueue(), Hash()
    async with crowd(queue, work, 100, address="192.0.2.7") as tasks:
        assert sum(task.done() for task in tasks) == 100 - MAX_OF_ADDRESS
        other = asyncio.create_task(queue.run(work, address="192.0.2.8", is_known=False))
        await asyncio.sleep(0)
        assert not other.done()
        work.go.set()
        assert await other == "checked"


async def test_a_check_that_raises_leaves_its_place() -> None:
    """A check that raises gives its place back, and its error goes to the caller."""
    queue = LoginQueue()

    def broken() -> None:
        raise ValueError("the database is away")

    for _ in range(2 * MAX_IN_LANE):
        with pytest.raises(ValueError, match="the database is away"):
            await queue.run(broken, address="192.0.2.1", is_known=False)
