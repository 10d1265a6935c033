"""Work side by side, but in order where it belongs together."""

import asyncio

from stream.faust_support.keyed_tasks import KeyedTasks


async def test_work_of_one_key_runs_in_order_and_of_others_side_by_side() -> None:
    """Work of one key runs in order, and work of different keys runs side by side."""
    tasks, done, gate = KeyedTasks(10), list[str](), asyncio.Event()

    async def slow() -> None:
        await gate.wait()
        done.append("a1")

    async def quick(name: str) -> None:
        done.append(name)

    tasks.start(b"a", slow)
    tasks.start(b"a", lambda: quick("a2"))
    tasks.start(b"b", lambda: quick("b1"))
    tasks.start(b"a", lambda: quick("a3"))
    await asyncio.sleep(0.01)
    assert done == ["b1"]
    gate.set()
    await asyncio.sleep(0.01)
    assert done == ["b1", "a1", "a2", "a3"]


async def test_no_more_than_the_limit_run_at_a_time() -> None:
    """No more than the limit run at a time, starting does not wait, and the number of tasks is reported."""
    counts = list[int]()
    tasks, running, most = KeyedTasks(3, changed=counts.append), 0, 0

    async def work() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.002)
        running -= 1

    for number in range(20):
        tasks.start(str(number).encode(), work)
    for _ in range(20):
        await asyncio.sleep(0.005)
    assert (most, running) == (3, 0)
    assert (max(counts), counts[-1]) == (20, 0)


async def test_work_that_waits_for_its_key_occupies_no_slot() -> None:
    """A slow conversation holds one slot, however much it has said."""
    tasks, done, gate = KeyedTasks(2), list[str](), asyncio.Event()

    async def slow() -> None:
        await gate.wait()

    async def quick() -> None:
        done.append("b")

    for _ in range(3):
        tasks.start(b"a", slow)
    tasks.start(b"b", quick)
    await asyncio.sleep(0.01)
    assert done == ["b"]
    gate.set()


async def test_cancelled_work_has_ended_when_cancel_returns() -> None:
    """Cancelled work, including work that waits for its predecessor, has ended when cancel returns."""
    tasks, ended = KeyedTasks(2), list[int]()

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(1)

    tasks.start(b"a", forever)
    tasks.start(b"a", forever)
    await asyncio.sleep(0)
    await tasks.cancel()
    assert ended == [1]
    tasks.start(b"a", lambda: asyncio.sleep(0))
    await asyncio.sleep(0.01)
    assert tasks._all == set()


async def test_a_finished_key_is_removed() -> None:
    """A finished key is removed, so that keys of old conversations do not accumulate."""
    tasks = KeyedTasks(2)
    for number in range(10):
        tasks.start(str(number).encode(), lambda: asyncio.sleep(0))
    await asyncio.sleep(0.01)
    assert (tasks._last, tasks._all) == ({}, set())
