"""Fixtures that start the systems which fault tests share."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from plugin.local import all_stages
from plugin.local.kafka import KafkaBroker
from plugin.local.triton import TritonServer
from stream.contracts.topics import DEAD_LETTERS
from tests.faults.accounting import MESSAGE_PAUSE_LONG_S, MESSAGE_PAUSE_S, Load, conversation_load
from tests.faults.dedicated_system import DedicatedSystem, start_dedicated_system
from tests.fixtures.directory_scope import shared_in_folder
from tests.fixtures.system import MEASURED_STAGES, RunningSystem, running_system


@pytest.fixture(scope="module")
def system(
    request: pytest.FixtureRequest, run_dir: Path, create_database: Callable[..., str], triton: TritonServer
) -> RunningSystem:
    """Return a running system of the stages that carry a record or measure, with its own broker and database."""

    @contextmanager
    def start() -> Iterator[RunningSystem]:
        folder = run_dir / f"faults-{uuid4()}"
        with (
            KafkaBroker(folder / "kafka") as kafka,
            running_system(folder, kafka, create_database(), triton, names=MEASURED_STAGES) as running,
        ):
            yield running

    return shared_in_folder(request, "system", start)


@pytest.fixture(scope="module")
def dedicated(request: pytest.FixtureRequest, run_dir: Path) -> DedicatedSystem:
    """Return a system whose database and Triton a test may stop or kill, if it starts them again before it ends."""

    @contextmanager
    def start() -> Iterator[DedicatedSystem]:
        folder = run_dir / f"dedicated-{uuid4()}"
        with KafkaBroker(folder / "kafka") as kafka, start_dedicated_system(folder, kafka) as running:
            yield running

    return shared_in_folder(request, "dedicated", start)


@pytest.fixture
def load(long: bool, seed: int) -> Load:
    """Return a function that runs conversations on a system: many in the long run, fewer in the short one."""
    pause_s = MESSAGE_PAUSE_LONG_S if long else MESSAGE_PAUSE_S
    return lambda system: conversation_load(system, seed, pause_s)


@pytest.fixture
def no_dead_letters(dedicated: DedicatedSystem) -> Iterator[None]:
    """Assert that the test writes no dead letter, since the fault is in a server and not in the records."""
    before = dedicated.record_count(DEAD_LETTERS)
    yield
    assert dedicated.record_count(DEAD_LETTERS) == before


@contextmanager
def supervised(system: RunningSystem, only: Sequence[str] = MEASURED_STAGES) -> Iterator[list[str]]:
    """Restart the stages in `only` when they end, as `counterpoint up` does, and yield the list of its messages."""
    said: list[str] = []
    over = threading.Event()
    watched = [stage for stage in system.stages.values() if stage.name in only]
    thread = threading.Thread(target=all_stages.restart_ended, args=(watched, said.append, over.is_set))
    thread.start()
    try:
        yield said
    finally:
        over.set()
        thread.join()
