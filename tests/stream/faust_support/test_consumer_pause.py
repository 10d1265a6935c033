"""Consuming pauses and resumes; the feedback worker's tests show with a real consumer that no record is lost."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import faust

from stream.faust_support.consumer_pause import ConsumerPause


class PausableClient:
    """A stand-in for the methods of aiokafka's consumer that the pause needs."""

    def __init__(self) -> None:
        self.partitions = {"p0", "p1"}
        self.paused: set[str] = set()

    def assignment(self) -> set[str]:
        """Return the assigned partitions."""
        return self.partitions

    def pause(self, *partitions: str) -> None:
        """Fetch nothing from these."""
        self.paused |= set(partitions)

    def resume(self, *partitions: str) -> None:
        """Fetch from these partitions again."""
        self.paused -= set(partitions)


class AppWithConsumer:
    """A stand-in for a Faust app whose consumer thread runs all work at once."""

    def __init__(self) -> None:
        self.client: PausableClient | None = PausableClient()
        self.assigned: list[Callable[..., Any]] = []
        self.on_partitions_assigned = SimpleNamespace(connect=lambda handler, **_: self.assigned.append(handler))
        self.calls = 0

    @property
    def consumer(self) -> Any:
        """The consumer, structured as Faust keeps it."""
        return SimpleNamespace(
            _thread=SimpleNamespace(
                _consumer=self.client, thread_loop=SimpleNamespace(call_soon_threadsafe=self._call_soon)
            )
        )

    def _call_soon(self, work: Callable[[], None]) -> None:
        self.calls += 1
        work()


def new_pause() -> tuple[ConsumerPause, AppWithConsumer]:
    """Return a pause and its app."""
    app = AppWithConsumer()
    return ConsumerPause(cast("faust.App", app)), app


def paused(app: AppWithConsumer) -> set[str]:
    """Return the partitions that the client does not fetch."""
    assert app.client is not None
    return app.client.paused


def test_it_is_held_while_any_reason_holds_it() -> None:
    """Too many records in hand and an open breaker begin and end independently."""
    pause, app = new_pause()
    pause.set("model", active=True)
    pause.set("too many records in hand", active=True)
    assert paused(app) == {"p0", "p1"}
    pause.set("model", active=False)
    assert paused(app) == {"p0", "p1"}
    pause.set("too many records in hand", active=False)
    assert paused(app) == set()


def test_what_changes_nothing_costs_nothing() -> None:
    """The pause is set again for every record, mostly without a change."""
    pause, app = new_pause()
    for _ in range(5):
        pause.set("too many records in hand", active=False)
    pause.set("model", active=True)
    for _ in range(5):
        pause.set("model", active=True)
    assert app.calls == 1


async def test_a_rebalance_does_not_end_it() -> None:
    """New partitions come unpaused."""
    pause, app = new_pause()
    pause.set("model", active=True)
    assert app.client is not None
    app.client.partitions, app.client.paused = {"p1", "p2"}, set()
    await app.assigned[0](app, {"p1", "p2"}, signal=None)
    assert paused(app) == {"p1", "p2"}


async def test_before_the_consumer_is_there_it_is_remembered() -> None:
    """The model may be away at the start."""
    pause, app = new_pause()
    client, app.client = app.client, None
    pause.set("model", active=True)
    app.client = client
    assert paused(app) == set()
    await app.assigned[0](app, {"p0", "p1"}, signal=None)
    assert paused(app) == {"p0", "p1"}
