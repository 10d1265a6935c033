"""Each stage is killed, or asked to end while it holds records, in the middle of a replay: the books stay exact."""

import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from plugin.local.kafka import Kafka
from plugin.local.triton import Triton
from tests.e2e.conversations import CALM, RESISTANT, talk
from tests.fixtures.system import Platform, System, running_system, wait_until

ROOMS = 24
BEFORE_THE_BLOW = 6
"""Rooms that have ended when the stage is hit, so that records are at every place on the way."""
BACK_WITHIN_S = 30.0
STAGES = ["gateway", "stream", "feedback", "sink"]


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory,
    fresh_kafka: Callable[[], Kafka],
    create_database: Callable[..., str],
    triton: Triton,
) -> Iterator[System]:
    """The four stages that carry a record, on a broker and a database of their own."""
    with running_system(
        tmp_path_factory.mktemp("kills"), fresh_kafka(), create_database(), triton, names=STAGES
    ) as running:
        yield running


def replay(rooms: list[Platform], hit: Callable[[], None]) -> None:
    """Let every room talk and end; `hit` falls from another thread while the others are still talking."""
    blow = threading.Thread(target=hit)
    for number, room in enumerate(rooms):
        if number == BEFORE_THE_BLOW:
            blow.start()
        talk(room, RESISTANT if number % 2 else CALM)
        room.end()
    blow.join()


def assert_exact(system: System, rooms: list[Platform]) -> None:
    """One session a room, of revision 1, with one answer where there was resistance and none elsewhere."""
    wait_until(
        lambda: sum(len(room.sessions()) for room in rooms) >= len(rooms),
        "every room has its session",
        BACK_WITHIN_S * 2,
    )
    for number, room in enumerate(rooms):
        (session,) = room.sessions()
        answers = system.rows(
            "SELECT count(*), count(superseded_by) FROM answers WHERE session_id = :s", s=session["session_id"]
        )
        resistant = number % 2 == 1
        assert session["revision"] == 1
        assert session["left_out"] == (None if resistant else "no_resistance")
        assert answers == [(1 if resistant else 0, 0)]
        assert session["counts"]["messages"] == len(RESISTANT if resistant else CALM)


@pytest.mark.parametrize("name", STAGES)
def test_a_killed_stage_loses_nothing_and_doubles_nothing(system: System, name: str) -> None:
    """SIGKILL, then a new process: every session is accounted for exactly once."""
    stage = system.stages[name]
    rooms = [system.platform() for _ in range(ROOMS)]

    def kill() -> None:
        stage.kill()
        stage.start()

    replay(rooms, kill)
    assert_exact(system, rooms)


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_asked_to_end_hands_over_what_it_holds(system: System, name: str) -> None:
    """SIGTERM in the middle: it ends by itself within ten seconds, and its successor goes on."""
    stage = system.stages[name]
    rooms = [system.platform() for _ in range(ROOMS)]

    def ask() -> None:
        stage.send_signal(signal.SIGTERM)
        assert stage.wait(10) == 0
        stage.start()

    replay(rooms, ask)
    assert_exact(system, rooms)
