"""What is taken in stops and goes on; with a real consumer the feedback worker's tests show that nothing is lost."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import faust

from stream.faust_support.consumer_pause import Intake


class Client:
    """What the intake needs of aiokafka's consumer."""

    def __init__(self) -> None:
        self.partitions = {"p0", "p1"}
        self.paused: set[str] = set()

    def assignment(self) -> set[str]:
        """What it reads."""
        return self.partitions

    def pause(self, *partitions: str) -> None:
        """Fetch nothing from these."""
        self.paused |= set(partitions)

    def resume(self, *partitions: str) -> None:
        """Fetch again."""
        self.paused -= set(partitions)


class App:
    """What it needs of a Faust app: the consumer's thread, whose loop runs everything at once here."""

    def __init__(self) -> None:
        self.client: Client | None = Client()
        self.assigned: list[Callable[..., Any]] = []
        self.on_partitions_assigned = SimpleNamespace(connect=lambda heard, **_: self.assigned.append(heard))
        self.calls = 0

    @property
    def consumer(self) -> Any:
        """As Faust keeps it."""
        return SimpleNamespace(
            _thread=SimpleNamespace(
                _consumer=self.client, thread_loop=SimpleNamespace(call_soon_threadsafe=self._in_its_thread)
            )
        )

    def _in_its_thread(self, work: Callable[[], None]) -> None:
        self.calls += 1
        work()


def made() -> tuple[Intake, App]:
    """An intake on an app."""
    app = App()
    return Intake(cast("faust.App", app)), app


def paused(app: App) -> set[str]:
    """What the client does not fetch."""
    assert app.client is not None
    return app.client.paused


def test_it_is_held_while_any_reason_holds_it() -> None:
    """Full hands and an open breaker come and go independently."""
    intake, app = made()
    intake.hold("model", held=True)
    intake.hold("full hands", held=True)
    assert paused(app) == {"p0", "p1"}
    intake.hold("model", held=False)
    assert paused(app) == {"p0", "p1"}
    intake.hold("full hands", held=False)
    assert paused(app) == set()


def test_what_changes_nothing_costs_nothing() -> None:
    """It hears of every record."""
    intake, app = made()
    for _ in range(5):
        intake.hold("full hands", held=False)
    intake.hold("model", held=True)
    for _ in range(5):
        intake.hold("model", held=True)
    assert app.calls == 1


async def test_a_rebalance_does_not_end_it() -> None:
    """New partitions come unpaused."""
    intake, app = made()
    intake.hold("model", held=True)
    assert app.client is not None
    app.client.partitions, app.client.paused = {"p1", "p2"}, set()
    await app.assigned[0](app, {"p1", "p2"}, signal=None)
    assert paused(app) == {"p1", "p2"}


async def test_before_the_consumer_is_there_it_is_remembered() -> None:
    """The model may be away at the start."""
    intake, app = made()
    client, app.client = app.client, None
    intake.hold("model", held=True)
    app.client = client
    assert paused(app) == set()
    await app.assigned[0](app, {"p0", "p1"}, signal=None)
    assert paused(app) == {"p0", "p1"}
