"""Delivering a message from Faust's consumer to its agent without tasks that would only wait.

Upstream cost (Faust 0.15.3): it makes four tasks to hand over one message, and its stream yields to the event loop
before each. Both matter only for what has to wait, and nearly nothing has to
(docs/decisions/0032-a-message-is-handed-over-at-once.md). On an upgrade, check `Consumer.wait_first` and what
`Stream.events` does for each event; Python 3.12 has eager tasks that replace `EagerWait`.
"""

import asyncio
import types
from collections.abc import Coroutine, Generator, Iterator
from typing import Any, TypeVar, cast

import faust
from faust.types import ChannelT, EventT, StreamT
from mode.services import Service, WaitResults

T = TypeVar("T")


class EagerWait(Service):
    """A service that runs the first step of a delivery itself, and makes tasks only if that step has to wait."""

    async def wait_first(self, *coros: Any, **wait: Any) -> WaitResults:
        """Wait for the first of `coros` to end, or for the service to stop; overrides mode's method.

        Faust calls it with two coroutines: one delivers a message, the other ends when the flow stops.
        """
        if not (len(coros) == 2 and all(map(asyncio.iscoroutine, coros))):  # noqa: PLR2004
            return await super().wait_first(*coros, **wait)
        work, stopped = coros
        try:
            waits_for = work.send(None)
        except BaseException as end:
            stopped.close()
            if isinstance(end, StopIteration):
                return WaitResults([work], [end.value], stopped=False)
            raise
        return await super().wait_first(resume(work, waits_for), stopped, **wait)


async def resume(work: Coroutine[Any, Any, T], waits_for: object) -> T:
    """Run the rest of a coroutine whose first step was run by hand and that now waits for `waits_for`."""
    result: T = await _remaining_steps(work, waits_for)
    return result


@types.coroutine
def _remaining_steps(work: Coroutine[Any, Any, Any], waits_for: object) -> Generator[Any, Any, Any]:
    try:
        yield waits_for
    except BaseException as error:  # noqa: BLE001 - what is thrown here is meant for `work`
        try:
            waits_for = work.throw(error)
        except StopIteration as end:
            return end.value
        return (yield from _remaining_steps(work, waits_for))
    return (yield from work)


def drain_pending(app: faust.App, stream: StreamT[Any]) -> Iterator[EventT[Any]]:
    """Yield the further events that wait for an agent, with the bookkeeping that Faust's stream does for each."""
    queue = cast("ChannelT[Any]", stream.channel).queue
    while not queue.empty():
        event: EventT[Any] = queue.get_nowait()
        message = event.message
        if (
            app.flow_control.is_active() and message.generation_id == app.consumer_generation_id
        ):  # otherwise it comes again
            message.tracked = True
            app.consumer.track_message(message)
            yield event
