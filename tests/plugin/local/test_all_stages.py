"""The stages on one machine start side by side, are started again when they end, and stop together."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugin import use_policy
from plugin.local import all_stages
from plugin.local.process import Command, NotStarted, Process
from stream.contracts.errors import Misconfigured, TooManyDeadLetters
from stream.runtime.settings import Settings
from tests.fixtures.waiting import DEADLOCK_S


class Sleeper(Process):
    """A program that does nothing, or ends at once."""

    def __init__(self, name: str, folder: Path, program: str = "sleep 60") -> None:
        super().__init__(name, folder)
        self.program = program

    def command(self) -> Command:
        """Say how to run it."""
        return Command(["/bin/sh", "-c", f"exec {self.program}"], {"PATH": "/usr/bin:/bin"}, self.data_dir)

    def is_ready(self) -> bool:
        """Return whether the stage is ready: at once, unless it is one that never becomes ready."""
        return self.program != "false"


@pytest.fixture
def two(tmp_path: Path) -> Iterator[list[Process]]:
    """Yield two programs, which are stopped in any case."""
    running: list[Process] = [Sleeper("one", tmp_path), Sleeper("two", tmp_path)]
    yield running
    all_stages.stop_all(running)


def test_the_stages_stand_in_the_order_of_an_event(tmp_path: Path) -> None:
    """The stages are listed in the order of an event, each with its address; that of digests last, if they go out."""
    settings = Settings()
    made = all_stages.stage_processes(settings, tmp_path, env={})
    assert [stage.name for stage in made] == ["gateway", "stream", "feedback", "sink", "web"]
    assert len({stage.health_url for stage in made}) == 5
    assert made[0].health_url == f"http://{settings.health.host}:{settings.health.gateway_port}"
    stored = Settings.model_validate({"delivery": {"receivers_key": "a key"}})
    with_digests = all_stages.stage_processes(stored, tmp_path, env={})
    assert [stage.name for stage in with_digests] == [*(stage.name for stage in made), "deliver"]


def test_start_waits_for_each_and_says_how_long(two: list[Process]) -> None:
    """Starting waits for each stage and prints one sentence per stage with the time it took."""
    said: list[str] = []
    all_stages.start_all(two, said.append)
    assert all(process.alive for process in two)
    assert [line.split(":")[0] for line in said] == ["one", "two"]


def test_a_stage_that_does_not_start_is_named_with_its_log(tmp_path: Path) -> None:
    """The error about a stage that does not start names the stage and contains the end of its log."""
    broken = Sleeper("broken", tmp_path, program="false")
    with pytest.raises(NotStarted, match="broken"):
        all_stages.start_all([broken], lambda _line: None)
    all_stages.stop_all([broken])


def test_stop_ends_them_all(two: list[Process]) -> None:
    """Stopping ends all stages side by side."""
    all_stages.start_all(two, lambda _line: None)
    all_stages.stop_all(two)
    assert not any(process.alive for process in two)


@pytest.mark.parametrize("status", [Misconfigured.exit_status, TooManyDeadLetters.exit_status])
def test_what_needs_a_person_is_not_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """A wrong setting, or nearly every record refused: said once, in the words of the stage, and left alone."""
    monkeypatch.setattr(all_stages, "WATCH_INTERVAL_S", 0.01)
    stage = Sleeper("fussy", tmp_path, program=f"sh -c 'echo 20 records in a row could not be used.; exit {status}'")
    stage.launch()
    stage.wait(DEADLOCK_S)
    first, said, looks = stage.pid, list[str](), iter(range(20))
    all_stages.restart_ended([stage], said.append, is_over=lambda: next(looks, None) is None)
    assert not stage.alive
    assert stage.pid == first
    assert len(said) == 2
    assert f"fussy ended with status {status} and is NOT started again: 20 records in a row" in said[0]
    assert "counterpoint up" in said[1]


def test_what_ends_is_started_again(two: list[Process], monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage that ends is started again, and a message names its exit status and its log."""
    monkeypatch.setattr(all_stages, "RESTART_DELAY_S", 0.01)
    monkeypatch.setattr(all_stages, "WATCH_INTERVAL_S", 0.01)
    said: list[str] = []
    again = threading.Event()

    def say(line: str) -> None:
        said.append(line)
        again.set()

    all_stages.start_all(two, lambda _line: None)
    first = two[0].pid
    two[0].kill()

    def interrupt_after_restart(seconds: float) -> None:
        if again.is_set() and two[0].alive and two[0].pid != first:
            raise KeyboardInterrupt
        if time.monotonic() > deadline:
            raise TimeoutError
        threading.Event().wait(seconds)

    deadline = time.monotonic() + DEADLOCK_S
    monkeypatch.setattr(time, "sleep", interrupt_after_restart)
    with pytest.raises(KeyboardInterrupt):
        all_stages.restart_ended(two, say)
    assert "one ended" in said[0]
    assert two[0].pid != first


def test_up_says_once_how_it_may_be_used(two: list[Process], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`counterpoint up` prints the core of the use policy once, before the address of the page."""

    def interrupt(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(all_stages, "interrupt_on_sigterm", lambda: None)
    monkeypatch.setattr(all_stages, "stage_processes", lambda *_arguments, **_more: two)
    monkeypatch.setattr(all_stages, "restart_ended", interrupt)
    said: list[str] = []
    assert all_stages.run_all_stages(Settings(), tmp_path, say=said.append) == 0
    assert said.count(use_policy.CORE) == 1
    assert said[said.index(use_policy.CORE) + 1].startswith("The page: ")
