"""A message's way through Faust to its agent, without the detours that took longer than all else.

Faust 0.15.3 makes four tasks to hand one message over, and its stream gives the event loop a turn before each. Both
are for what has to wait, and nearly nothing has to. (Python 3.12 has eager tasks for the first; 3.11 has none.)
"""

import asyncio
import types
from collections.abc import Coroutine, Generator, Iterator
from typing import Any, TypeVar, cast

import faust
from faust.types import ChannelT, EventT, StreamT
from mode.services import Service, WaitResults

T = TypeVar("T")


class AtOnce(Service):
    """A service that takes the first step of handing over by itself, before it makes tasks to wait."""

    async def wait_first(self, *coros: Any, **wait: Any) -> WaitResults:
        """Mode's: wait for the first of `coros` to end, or for the service to stop.

        Two coroutines are what Faust gives to hand a message over, or to give up when the flow stops.
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
        return await super().wait_first(go_on(work, waits_for), stopped, **wait)


async def go_on(work: Coroutine[Any, Any, T], waits_for: object) -> T:
    """The rest of a coroutine that has taken its first step, by hand, and waits for something now."""
    result: T = await _steps(work, waits_for)
    return result


@types.coroutine
def _steps(work: Coroutine[Any, Any, Any], waits_for: object) -> Generator[Any, Any, Any]:
    try:
        yield waits_for
    except BaseException as error:  # noqa: BLE001 - what is thrown at us is meant for it
        try:
            waits_for = work.throw(error)
        except StopIteration as end:
            return end.value
        return (yield from _steps(work, waits_for))
    return (yield from work)


def at_hand(app: faust.App, stream: StreamT[Any]) -> Iterator[EventT[Any]]:
    """What else waits for an agent by now; Faust's books are kept as its stream keeps them."""
    queue = cast("ChannelT[Any]", stream.channel).queue
    while not queue.empty():
        event: EventT[Any] = queue.get_nowait()
        message = event.message
        if app.flow_control.is_active() and message.generation_id == app.consumer_generation_id:  # else it comes again
            message.tracked = True
            app.consumer.track_message(message)
            yield event
