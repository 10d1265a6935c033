"""A worker runs until it is asked to stop, and then ends within seconds whatever Faust waits for."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from stream.contracts.errors import TooManyDeadLetters
from stream.faust_support.run import StopRequest
from tests.fixtures.waiting import DEADLOCK_S


async def test_the_first_reported_error_is_why_a_stage_stops() -> None:
    """The first error that is reported is the reason why a stage stops."""
    stop = StopRequest()
    first = TooManyDeadLetters("first")
    stop.set(first)
    stop.set(TooManyDeadLetters("second"))
    await asyncio.wait_for(stop.wait(), DEADLOCK_S)
    assert stop.error is first
    without_error = StopRequest()
    without_error.set()
    assert without_error.error is None


STOPS_NEVER = """
import asyncio, contextlib, os, signal, sys
from types import SimpleNamespace
from stream.faust_support import run
from stream.contracts.errors import Misconfigured
from stream.runtime.health import Health

run.STOP_S = 0.3

async def never():
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

@contextlib.asynccontextmanager
async def build(folder, stop, health):
    print(folder, flush=True)
    asyncio.get_running_loop().call_later(0.2, {end})
    yield SimpleNamespace(
        on_partitions_assigned=SimpleNamespace(connect=lambda *_, **__: None),
        start={start}, wait_until_stopped=asyncio.Event().wait, stop=never,
    )

run.run(build, Health(), host="127.0.0.1", port=0)
"""
STARTS_AT_ONCE = "lambda: asyncio.sleep(0)"


@pytest.mark.parametrize(
    ("end", "start", "status", "said"),
    [
        ("lambda: os.kill(os.getpid(), signal.SIGTERM)", STARTS_AT_ONCE, 0, ""),
        ("lambda: os.kill(os.getpid(), signal.SIGTERM)", "never", 0, ""),
        ("lambda: stop.set(Misconfigured('Mend it.'))", STARTS_AT_ONCE, 2, "Mend it."),
    ],
)
def test_a_worker_that_faust_would_keep_leaves_all_the_same(end: str, start: str, status: int, said: str) -> None:
    """Faust waits for a broker that does not answer, also at its start; the temporary folder goes with the worker."""
    code = STOPS_NEVER.replace("{end}", end).replace("{start}", start)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=DEADLOCK_S, check=False)
    assert done.returncode == status
    assert said in done.stderr
    assert not Path(done.stdout.splitlines()[0]).exists()


async def test_a_background_task_that_fails_stops_the_worker() -> None:
    """A followed task that fails sets its error as the reason of the stop; one that is cancelled or ends does not."""

    async def fail() -> None:
        raise ValueError("no more ticks")

    async def end() -> None:
        pass

    stop = StopRequest()
    ended, cancelled = asyncio.create_task(end()), asyncio.create_task(asyncio.sleep(3_600))
    for task in (ended, cancelled):
        stop.follow(task)
    cancelled.cancel()
    await asyncio.wait([ended, cancelled])
    assert stop.error is None
    stop.follow(asyncio.create_task(fail()))
    await stop.wait()
    assert isinstance(stop.error, ValueError)
