"""Work side by side, but in order where it belongs together."""

import asyncio

from stream.keyed_tasks import KeyedTasks


async def test_work_of_one_key_runs_in_order_and_of_others_side_by_side() -> None:
    """A slow first keeps its key waiting, and nobody else."""
    tasks, done, gate = KeyedTasks(10), list[str](), asyncio.Event()

    async def slow() -> None:
        await gate.wait()
        done.append("a1")

    async def quick(name: str) -> None:
        done.append(name)

    await tasks.start(b"a", slow)
    await tasks.start(b"a", lambda: quick("a2"))
    await tasks.start(b"b", lambda: quick("b1"))
    await tasks.start(b"a", lambda: quick("a3"))
    await asyncio.sleep(0.01)
    assert done == ["b1"]
    gate.set()
    await asyncio.sleep(0.01)
    assert done == ["b1", "a1", "a2", "a3"]


async def test_no_more_than_the_limit_run_at_a_time() -> None:
    """Starting waits for a slot; whoever gives records is slowed down by it."""
    tasks, running, most = KeyedTasks(3), 0, 0

    async def work() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.002)
        running -= 1

    for number in range(20):
        await tasks.start(str(number).encode(), work)
    assert most == 3
    await asyncio.sleep(0.02)
    assert running == 0


async def test_cancelled_work_has_ended_when_cancel_returns() -> None:
    """Also what still waits for its predecessor; the slots are free again."""
    tasks, ended = KeyedTasks(2), list[int]()

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(1)

    await tasks.start(b"a", forever)
    await tasks.start(b"a", forever)
    await asyncio.sleep(0)
    await tasks.cancel()
    assert ended == [1]
    await asyncio.wait_for(tasks.start(b"a", lambda: asyncio.sleep(0)), 1)


async def test_a_key_that_is_done_is_forgotten() -> None:
    """Conversations come and go; their names must not pile up."""
    tasks = KeyedTasks(2)
    for number in range(10):
        await tasks.start(str(number).encode(), lambda: asyncio.sleep(0))
    await asyncio.sleep(0.01)
    assert (tasks._last, tasks._all) == ({}, set())
