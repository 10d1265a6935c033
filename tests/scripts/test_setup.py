"""Each step of the setup runs once, says what it does and how long it took, and runs again when its inputs change."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from plugin.local import preflight
from plugin.local.paths import ROOT
from plugin.local.preflight import Problem
from scripts import setup
from scripts.setup import Step, install_command, run, steps


@pytest.fixture
def step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Step:
    """A step that counts its runs in a file."""
    monkeypatch.setattr(setup, "LOG", tmp_path / "state" / "setup.log")
    (tmp_path / "input").write_text("one")
    count = "import sys; open(sys.argv[1], 'a').write('x'); print('working')"
    command = [sys.executable, "-c", count, str(tmp_path / "runs")]
    return Step("a thing", [command], tmp_path / "stamp", [tmp_path / "input"])


def _runs(step: Step) -> int:
    path = step.stamp.parent / "runs"
    return len(path.read_text()) if path.exists() else 0


def test_a_step_is_due_until_it_has_run(step: Step, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what it does and how long it took."""
    assert [step.due, run(step), step.due] == [True, True, False]
    assert _runs(step) == 1
    said = capsys.readouterr().out
    assert said.startswith("setup: a thing ...")
    assert "a thing: done in " in said


def test_a_step_is_due_again_when_an_input_changes(step: Step) -> None:
    """By content: a fresh checkout of the same files does nothing."""
    run(step)
    os.utime(step.inputs[0], (0, 0))
    assert not step.due
    step.inputs[0].write_text("two")
    assert step.due


def test_a_step_is_due_again_when_its_commands_change(step: Step) -> None:
    """Another way to make it is another thing."""
    run(step)
    assert replace(step, commands=[["true"]]).due


def test_a_failing_step_shows_the_end_of_its_output_and_stays_due(
    step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason is on the screen, and the next call tries again."""
    broken = replace(step, commands=[[sys.executable, "-c", "raise SystemExit('no such package')"]])
    assert not run(broken)
    assert "no such package" in capsys.readouterr().out
    assert broken.due


def test_a_step_that_fails_on_the_second_try_is_no_longer_done(step: Step) -> None:
    """A half-changed environment does not pass for a finished one."""
    run(step)
    broken = replace(step, commands=[["false"]])
    assert not run(broken)
    assert step.due


def test_nothing_due_is_nothing_said_and_nothing_checked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second run costs no time and needs no network."""
    monkeypatch.setattr(setup, "steps", lambda _: [])
    assert setup.main("local") == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("upto", "ci", "status"),
    [("runtime", "", 0), ("local", "", 0), ("dev", "", 1), ("local", "true", 1), ("runtime", "true", 0)],
)
def test_what_only_triton_needs_stops_tests_and_checks_but_no_demo(
    upto: str, ci: str, status: int, monkeypatch: pytest.MonkeyPatch, step: Step
) -> None:
    """Tests run against a real Triton; a demo has something that stands in for it."""
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(setup, "steps", lambda _: [step])
    monkeypatch.setattr(preflight, "find_problems", lambda _: [Problem("a lack", "a remedy", only_triton=True)])
    assert setup.main(upto) == status
    assert _runs(step) == (1 if status == 0 else 0)


def test_a_failed_step_ends_the_setup(monkeypatch: pytest.MonkeyPatch, step: Step) -> None:
    """What builds on it is not tried."""
    later = replace(step, stamp=step.stamp.with_name("later"))
    monkeypatch.setattr(setup, "steps", lambda _: [replace(step, commands=[["false"]]), later])
    monkeypatch.setattr(preflight, "find_problems", lambda _: [])
    assert setup.main("runtime") == 1
    assert _runs(step) == 0


def test_each_level_builds_on_the_one_before() -> None:
    """Tests need what a demo needs, and a demo what the command needs."""
    names = {upto: [step.name for step in steps(upto)] for upto in ("runtime", "local", "dev")}
    assert names["local"][: len(names["runtime"])] == names["runtime"]
    assert names["dev"][: len(names["local"])] == names["local"]
    assert len(names["runtime"]) < len(names["local"]) < len(names["dev"])


def test_what_fine_tunes_a_model_has_an_environment_of_its_own() -> None:
    """Its gigabytes are nobody else's: neither a demo nor a test waits for them."""
    (training,) = steps("training")
    others = {step.stamp.parent for upto in ("dev", "audit") for step in steps(upto)}
    assert training.stamp.parent not in others
    assert training.inputs[-1].name == "training.lock"


def test_only_what_a_lock_file_names_is_installed() -> None:
    """With its hash, without what it would pull in, and without running a package's own build."""
    command = install_command(Path("python"), Path("some.lock"))
    assert {"--require-hashes", "--no-deps", "--only-binary=:all:"} <= set(command)
    assert command[-2:] == ["-r", "some.lock"]


@pytest.mark.parametrize("name", ["python3", "python3.12", "python3.11"])
def test_a_fitting_python_is_found_by_its_name(name: str, tmp_path: Path) -> None:
    """Debian 12 and Ubuntu 24.04 call it python3; elsewhere it has its version in its name."""
    (tmp_path / name).symlink_to(sys.executable)
    done = _find(tmp_path)
    assert done.stdout.strip() == str(tmp_path / name)


def test_a_python_that_does_not_fit_is_passed_over(tmp_path: Path) -> None:
    """A newer python3 is not taken where python3.12 is there too; a name that cannot run is none."""
    _script(tmp_path / "python3", "exit 1")
    _script(tmp_path / "python3.12", "exit 127")
    (tmp_path / "python3.11").symlink_to(sys.executable)
    assert _find(tmp_path).stdout.strip() == str(tmp_path / "python3.11")


def test_without_a_fitting_python_the_remedy_is_named(tmp_path: Path) -> None:
    """One sentence, one command, and no Python traceback."""
    done = _find(tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "needs Python 3.11 or 3.12" in done.stderr
    assert "sudo apt-get install python3 python3-venv" in done.stderr


def _script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def _find(path: Path) -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", str(ROOT / "scripts" / "find-python.sh")]
    return subprocess.run(command, env={"PATH": str(path)}, capture_output=True, text=True, check=False)
