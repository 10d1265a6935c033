"""Stages lose no record that they hold when they are asked to end, or when a second worker joins or leaves."""

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from plugin.local import all_stages
from plugin.local.loopback import free_ports
from plugin.local.process import NotStarted, Process
from plugin.local.stage_process import StageProcess
from tests.faults.accounting import Load, verify_all_stored_once
from tests.faults.conftest import supervised
from tests.fixtures.system import MEASURED_STAGES, RunningSystem
from tests.fixtures.waiting import DEADLOCK_S, wait_until

HOLD_S = 1.5
"""Seconds in which each stage under load gets at least one record, which it then holds."""
GRACE_S = 10.0
"""Seconds between SIGTERM and SIGKILL, as containers and service managers have it."""
GROUP_STAGES = ("stream", "feedback", "measures", "sink")
"""The stages whose workers share partitions in a Kafka consumer group."""


@contextmanager
def paused(process: Process) -> Iterator[None]:
    """Pause a server while the body runs, so that it does not answer but its connections stay open."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


@contextmanager
def sessions_table_locked(system: RunningSystem) -> Iterator[None]:
    """Lock the sessions table while the body runs, so that nothing else can read or write it."""
    engine = create_engine(system.database_url)
    try:
        with engine.begin() as connection:
            connection.execute(text("LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE"))
            yield
    finally:
        engine.dispose()


@contextmanager
def unresponsive_servers(system: RunningSystem, *names: str) -> Iterator[None]:
    """Make stages hold their records while the body runs: the server that each waits for does not answer."""
    with ExitStack() as stack:
        if {"gateway", "stream"} & set(names):
            stack.enter_context(paused(system.kafka))
        if {"feedback", "measures"} & set(names):
            stack.enter_context(paused(system.triton))
        if "sink" in names:
            stack.enter_context(sessions_table_locked(system))
        time.sleep(HOLD_S)
        yield


@contextmanager
def second_workers(system: RunningSystem, names: Sequence[str], folder: Path) -> Iterator[list[StageProcess]]:
    """Start a second process of each stage, yield them, and ask them to end afterwards."""
    others = []
    for name, port in zip(names, free_ports(len(names)), strict=True):
        env = system.stages[name]._env | {f"COUNTERPOINT_HEALTH__{name.upper()}_PORT": str(port)}
        others.append(StageProcess(name, folder, env=env, health_url=f"http://127.0.0.1:{port}"))
        others[-1].launch()
    try:
        yield others
    finally:
        all_stages.stop_all(others)


def wait_ready(stage: StageProcess) -> None:
    """Wait until a stage is ready; if it ended because the broker did not answer, start it again."""
    try:
        stage.wait_ready()
    except NotStarted:
        assert not stage.alive
        stage.start()


@pytest.mark.fault("SIGTERM while each stage holds a record", holds="it ends by itself in 10 s; one row a session")
@pytest.mark.parametrize("names", [("gateway", "stream"), ("feedback", "measures", "sink")])
def test_stages_that_hold_a_record_end_in_time(
    system: RunningSystem, measured: dict[str, str], long: bool, load: Load, names: tuple[str, ...]
) -> None:
    """Stages get SIGTERM while broker (gateway, stream), Triton (feedback, measures) or database (sink) are silent."""
    stages = [system.stages[name] for name in names]
    others = [name for name in MEASURED_STAGES if name not in names]
    try:
        with supervised(system, only=others), load(system) as conversations:
            time.sleep(HOLD_S)
            with unresponsive_servers(system, *names):
                begun = time.monotonic()
                for stage in stages:
                    stage.send_signal(signal.SIGTERM)
                for stage in stages:
                    assert stage.wait(GRACE_S if long else DEADLOCK_S) == 0, stage.name
                    measured[f"{stage.name} ends"] = f"{time.monotonic() - begun:.1f} s after SIGTERM"
            all_stages.start_all(stages, lambda _line: None)
    finally:
        for stage in stages:
            if not stage.alive:
                stage.start()
    with supervised(system):
        verify_all_stored_once(system, conversations)


@pytest.mark.fault("a rebalance while each stage holds a record", holds="one row a session, no gap")
@pytest.mark.parametrize("names", [("stream",), ("feedback", "sink")])
def test_a_rebalance_takes_nothing_from_stages_that_hold_a_record(
    system: RunningSystem, tmp_path: Path, load: Load, names: tuple[str, ...]
) -> None:
    """A second worker joins under load while broker (stream), Triton (feedback) or database (sink) do not answer."""
    with supervised(system), load(system) as conversations:
        with second_workers(system, names, tmp_path) as others:
            with unresponsive_servers(system, *names):
                time.sleep(HOLD_S)
            for other in others:
                wait_ready(other)
        assert not [other.name for other in others if other.alive]
    with supervised(system):
        verify_all_stored_once(system, conversations)


@pytest.mark.fault("a second worker joins and leaves during closing", holds="one row a session, no gap")
def test_second_workers_come_and_go(system: RunningSystem, tmp_path: Path, long: bool, load: Load) -> None:
    """A second worker of each stage of the topics joins under load, takes its share, and is asked to end."""
    with load(system) as conversations, second_workers(system, GROUP_STAGES, tmp_path) as others:
        for other in others:
            other.wait_ready()
        begun = len(conversations)
        wait_until(lambda: len(conversations) >= begun + 5, "five more conversations have begun")
        for other in others:
            other.send_signal(signal.SIGTERM)
        assert [other.wait(GRACE_S if long else DEADLOCK_S) for other in others] == [0] * len(GROUP_STAGES)
    with supervised(system):
        verify_all_stored_once(system, conversations)
