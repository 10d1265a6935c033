"""One system for all fault tests that leave it as they found it."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from plugin.local import up
from plugin.local.kafka import Kafka
from plugin.local.triton import Triton
from tests.faults.unreliable_model import Frail, frail_system
from tests.fixtures.system import System, running_system

STAGES = ("gateway", "stream", "feedback", "sink")
"""Those that carry a record. The page holds nothing: it reads the database."""


@pytest.fixture(scope="session")
def system(
    tmp_path_factory: pytest.TempPathFactory,
    lasting_kafka: Callable[[], Kafka],
    create_database: Callable[..., str],
    triton: Triton,
) -> Iterator[System]:
    """The four stages that carry a record, on a broker and a database of their own."""
    folder: Path = tmp_path_factory.mktemp("faults")
    with running_system(folder, lasting_kafka(), create_database(), triton, names=STAGES) as running:
        yield running


@pytest.fixture(scope="session")
def frail(run_dir: Path, lasting_kafka: Callable[[], Kafka]) -> Iterator[Frail]:
    """A system whose database and Triton may be hurt; whoever hurts them heals them before the test ends."""
    with frail_system(run_dir / "frail", lasting_kafka()) as running:
        yield running


@contextmanager
def supervised(system: System, only: Sequence[str] = STAGES) -> Iterator[list[str]]:
    """Start again what ends, as `counterpoint up` does, all stages or only these; yields what it says."""
    said: list[str] = []
    over = threading.Event()
    watched = [stage for stage in system.stages.values() if stage.name in only]
    thread = threading.Thread(target=up.watch, args=(watched, said.append, over.is_set))
    thread.start()
    try:
        yield said
    finally:
        over.set()
        thread.join()
