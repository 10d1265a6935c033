"""A worker that freezes while its group goes on without it writes nothing when it comes back."""

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

from plugin.local.kafka import KafkaBroker
from plugin.local.loopback import free_ports
from plugin.local.stage_process import StageProcess
from stream.contracts.topics import SESSIONS
from tests.e2e.conversations import RESISTANT
from tests.fixtures.stream_stage import Room, StreamStageHarness, stream_stage
from tests.fixtures.waiting import DEADLOCK_S, wait_until

ROOMS = 60
ROUNDS, ROUNDS_LONG = 1, 8
MESSAGE_PAUSE_S = 0.005
"""Seconds between two messages: the machine should be busy with the workers, not with the load."""


@pytest.fixture(scope="module")
def harness(fresh_kafka: Callable[[], KafkaBroker], run_dir: Path) -> Iterator[StreamStageHarness]:
    """Yield a stream worker with topics of its own."""
    with stream_stage(run_dir / "frozen", fresh_kafka().bootstrap_servers) as harness:
        yield harness


@contextmanager
def second_worker(harness: StreamStageHarness, folder: Path) -> Iterator[StageProcess]:
    """Yield another worker of the same group, once it is ready."""
    (port,) = free_ports(1)
    env = harness.env | {"COUNTERPOINT_HEALTH__STREAM_PORT": str(port)}
    with StageProcess("stream", folder, env=env, health_url=f"http://127.0.0.1:{port}") as stage:
        yield stage


@contextmanager
def messages_in_background(rooms: list[Room]) -> Iterator[None]:
    """Send messages of all conversations in turn while the body runs."""
    enough = threading.Event()

    def talk() -> None:
        number = 0
        while not enough.is_set():
            role, text = RESISTANT[number % len(RESISTANT)]
            for room in rooms:
                room.put(room.message(role, text))
                time.sleep(MESSAGE_PAUSE_S)
            number += 1

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


def open_sessions(stage: StageProcess) -> int:
    """Return how many open sessions a worker reports in its metrics."""
    answer = httpx.get(f"{stage.health_url}/metrics", trust_env=False, timeout=DEADLOCK_S)
    (line,) = [line for line in answer.text.splitlines() if line.startswith("counterpoint_open_sessions ")]
    return int(float(line.split()[1]))


def has_all_sessions(stage: StageProcess) -> bool:
    """Return whether a worker holds the sessions of all conversations; one that has ended is started again.

    On a busy machine it may lose its place in the group, too, and then ends like the other.
    """
    if not stage.alive:
        stage.start()
    try:
        return open_sessions(stage) == ROOMS
    except httpx.TransportError:
        return False


def all_closed(harness: StreamStageHarness, rooms: list[Room]) -> bool:
    """Return whether each conversation has a session record."""
    harness.poll()
    seen = {record.key for record in harness.seen[SESSIONS]}
    return all(room.key in seen for room in rooms)


@pytest.mark.fault("a worker freezes and wakes after its partitions moved", holds="its old state overwrites nothing")
def test_a_worker_that_wakes_too_late_writes_nothing(
    harness: StreamStageHarness, run_dir: Path, measured: dict[str, str], long: bool, seed: int
) -> None:
    """A worker gets SIGSTOP under load until another has all sessions, then SIGCONT; then it is started again."""
    moments = random.Random(seed)
    for _ in range(ROUNDS_LONG if long else ROUNDS):
        rooms = [harness.room() for _ in range(ROOMS)]
        with second_worker(harness, run_dir / "frozen-2") as other:
            with messages_in_background(rooms):
                time.sleep(1 + moments.random())
                harness.stage.send_signal(signal.SIGSTOP)
                wait_until(partial(has_all_sessions, other), "the other has all open sessions")
                time.sleep(1)
                harness.stage.send_signal(signal.SIGCONT)
                begun = time.monotonic()
                harness.stage.wait(DEADLOCK_S)  # it ends by itself, since it lost its place
                measured["ends itself after waking"] = f"{time.monotonic() - begun:.1f} s"
            assert "place in the group" in harness.stage.tail()
            other.kill()
        harness.stage.start()
        for room in rooms:
            room.end()
        wait_until(partial(all_closed, harness, rooms), "every session has closed")
        counted = [[(record.revision, record.counts.messages) for record in harness.sessions(room)] for room in rooms]
        assert counted == [[(1, room.sent)] for room in rooms]
