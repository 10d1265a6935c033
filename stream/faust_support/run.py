"""Running a Faust app inside our own process until it is asked to stop.

Upstream faults (Faust 0.15.3, aiokafka 0.14.0): Faust waits without end for a broker that does not answer, also while
it stops, and cannot be cancelled; aiokafka gives up its group without telling Faust. On an upgrade, check whether
`app.stop()` ends within seconds while the broker is away, and whether the coordinator's routine survives a broker that
is just starting.
"""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, NoReturn

import faust

from stream.contracts.errors import Unavailable
from stream.faust_support.driver import group_coordination_ended
from stream.runtime.health import Health, ReadinessPart, serve
from stream.runtime.logging import get_logger

STOP_S = 7.0
"""Seconds for Faust to stop; whoever sent SIGTERM waits ten, and a busy machine needs time for the exit itself."""
_CHECK_GROUP_S = 1.0


class StopRequest:
    """A request to stop the worker: from a signal, or with the error that makes going on pointless."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.error: Exception | None = None

    def set(self, error: Exception | None = None) -> None:
        """Ask the worker to stop soon. The first error given is the one that counts."""
        self.error = self.error or error
        self._event.set()

    def follow(self, task: asyncio.Task[None]) -> None:
        """Ask the worker to stop when a background task of it fails, since nobody awaits the task."""
        task.add_done_callback(self._stop_on_error)

    async def wait(self) -> None:
        """Return once the worker is asked to stop."""
        await self._event.wait()

    def _stop_on_error(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            get_logger().error("background_task_failed", exc_info=error)
            self.set(error)


AppBuilder = Callable[[Path, StopRequest, Health], AbstractAsyncContextManager[faust.App]]
"""Builds the app inside the running loop, and releases what it holds after the app has stopped."""


def run(build: AppBuilder, health: Health, *, host: str, port: int) -> int:
    """Run the app that `build` makes until SIGTERM or SIGINT; returns the exit status.

    Raises:
        Exception: the one that was given to `StopRequest.set`.
    """
    server = serve(health, host, port)
    try:
        with tempfile.TemporaryDirectory(prefix="counterpoint-") as folder:  # Faust insists on one; it stays empty
            return asyncio.run(_run(build, health, Path(folder)))
    finally:
        server.shutdown()
        server.server_close()


async def _run(build: AppBuilder, health: Health, folder: Path) -> int:
    stop = StopRequest()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    health.set(ReadinessPart.BROKER, "no partitions assigned yet")
    async with build(folder, stop, health) as app:

        async def on_assigned(_app: Any, /, *assigned: Any, signal: Any, **_: Any) -> None:
            del signal
            trouble = None if any(assigned) else "this worker has no partitions; others have them all"
            health.set(ReadinessPart.BROKER, trouble)

        app.on_partitions_assigned.connect(on_assigned, weak=False)
        requested = asyncio.ensure_future(stop.wait())
        ended = asyncio.ensure_future(_run_until_stopped(app))
        watching = asyncio.ensure_future(watch_group(app, stop))
        await asyncio.wait((requested, ended), return_when=asyncio.FIRST_COMPLETED)
        watching.cancel()
        ended_by_itself = not requested.done()
        stopping = asyncio.ensure_future(_stop(app, requested, ended))
        await asyncio.wait((stopping,), timeout=STOP_S)
        if not stopping.done():
            _exit_at_once(folder, stop.error, status=int(ended_by_itself))
        await stopping
    if stop.error is not None:
        raise stop.error
    if ended_by_itself:
        get_logger().error("worker_crashed", exc_info=app.crash_reason)
    return 1 if ended_by_itself else 0


async def watch_group(app: faust.App, stop: StopRequest) -> None:
    """Stop the worker once its client has given up the group: a new process finds its way back."""
    while not group_coordination_ended(app):  # noqa: ASYNC110 - nothing signals its end
        await asyncio.sleep(_CHECK_GROUP_S)
    get_logger().error("group_given_up")
    stop.set(Unavailable("the broker's coordinator of this worker's group"))


async def _run_until_stopped(app: faust.App) -> None:
    await app.start()
    await app.wait_until_stopped()


async def _stop(app: faust.App, *waiting: asyncio.Future[None]) -> None:
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await app.stop()


def _exit_at_once(folder: Path, error: Exception | None, *, status: int) -> NoReturn:
    """End the process without Faust. Records that were not acknowledged come again to whoever reads them next."""
    get_logger().warning("left_without_the_broker")
    shutil.rmtree(folder, ignore_errors=True)
    if error is not None:
        sys.stderr.write(f"{error}\n")
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(status if error is None else getattr(error, "exit_status", 1))
