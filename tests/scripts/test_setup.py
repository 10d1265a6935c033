"""Each setup step runs once, reports what it does and how long it took, and runs again when its inputs change."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from plugin.local import preflight
from plugin.local.paths import ROOT
from plugin.local.preflight import Problem
from scripts import setup
from scripts.setup import Step, install_command, run, steps


@pytest.fixture
def step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Step:
    """Return a step that counts its runs in a file."""
    monkeypatch.setattr(setup, "LOG", tmp_path / "state" / "setup.log")
    (tmp_path / "input").write_text("one")
    count = "import sys; open(sys.argv[1], 'a').write('x'); print('working')"
    command = [sys.executable, "-c", count, str(tmp_path / "runs")]
    return Step("a thing", [command], tmp_path / "stamp", [tmp_path / "input"])


def _runs(step: Step) -> int:
    path = step.stamp.parent / "runs"
    return len(path.read_text()) if path.exists() else 0


def test_a_step_is_due_until_it_has_run(step: Step, capsys: pytest.CaptureFixture[str]) -> None:
    """A step is due until it has run, and reports what it does and how long it took."""
    assert [step.due, run(step), step.due] == [True, True, False]
    assert _runs(step) == 1
    said = capsys.readouterr().out
    assert said.startswith("setup: a thing ...")
    assert "a thing: done in " in said


def test_a_step_is_due_again_when_an_input_changes(step: Step) -> None:
    """A step is due again when the content of an input changes; the same content in new files changes nothing."""
    run(step)
    os.utime(step.inputs[0], (0, 0))
    assert not step.due
    step.inputs[0].write_text("two")
    assert step.due


def test_a_step_is_due_again_when_its_commands_change(step: Step) -> None:
    """A step is due again when its commands change."""
    run(step)
    assert replace(step, commands=[["true"]]).due


def test_a_failing_step_shows_the_end_of_its_output_and_stays_due(
    step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    """A step that fails prints the end of its output and stays due, so that the next call tries again."""
    broken = replace(step, commands=[[sys.executable, "-c", "raise SystemExit('no such package')"]])
    assert not run(broken)
    assert "no such package" in capsys.readouterr().out
    assert broken.due


def test_a_step_that_fails_on_the_second_try_is_no_longer_done(step: Step) -> None:
    """A finished step that is run again and fails is due again, since its environment may be half changed."""
    run(step)
    broken = replace(step, commands=[["false"]])
    assert not run(broken)
    assert step.due


def test_nothing_due_is_nothing_said_and_nothing_checked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """When no step is due nothing is printed and the machine is not checked."""
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
    """What only Triton needs stops tests and checks, but no demo, which has a substitute."""
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(setup, "steps", lambda _: [step])
    monkeypatch.setattr(preflight, "find_problems", lambda _: [Problem("a lack", "a remedy", only_triton=True)])
    assert setup.main(upto) == status
    assert _runs(step) == (1 if status == 0 else 0)


def test_a_failed_step_ends_the_setup(monkeypatch: pytest.MonkeyPatch, step: Step) -> None:
    """A failed step ends the setup, and the steps after it are not tried."""
    later = replace(step, stamp=step.stamp.with_name("later"))
    monkeypatch.setattr(setup, "steps", lambda _: [replace(step, commands=[["false"]]), later])
    monkeypatch.setattr(preflight, "find_problems", lambda _: [])
    assert setup.main("runtime") == 1
    assert _runs(step) == 0


def test_each_level_builds_on_the_one_before() -> None:
    """Each level of the setup begins with the steps of the level before."""
    names = {upto: [step.name for step in steps(upto)] for upto in ("runtime", "local", "matrix", "dev")}
    for before, after in pairwise(names.values()):
        assert after[: len(before)] == before
        assert len(before) < len(after)


def test_the_command_comes_with_what_its_pages_load() -> None:
    """The step that installs the command also installs what its pages load, from a lock of its own."""
    _, runtime = steps("runtime")
    locks = {command[-1] for command in runtime.commands if command[-2] == "-r"}
    assert locks == {str(path) for path in runtime.inputs if path.suffix == ".lock"}
    assert {Path(lock).name for lock in locks} == {"runtime.lock", "page.lock"}


def test_what_studies_need_comes_beside_the_command_and_into_no_stage() -> None:
    """The libraries of studies are installed beside the command by a step of their own."""
    _, runtime, studies = steps("studies")
    assert studies.stamp.parent == runtime.stamp.parent
    assert [path.name for path in studies.inputs] == ["studies.lock"]
    assert "statsmodels" not in (ROOT / "requirements" / "runtime.lock").read_text()


def test_what_fine_tunes_a_model_has_an_environment_of_its_own() -> None:
    """The fine-tuning recipe has an environment of its own, which neither a demo nor a test installs."""
    uv, training = steps("training")
    others = {step.stamp.parent for upto in ("dev", "audit") for step in steps(upto) if step != uv}
    assert training.stamp.parent not in others
    assert training.inputs[-1].name == "training.lock"


def test_what_serves_a_small_model_is_installed_beside_what_trains_it() -> None:
    """What serves a small model is a second step for the environment of training, which alone is as it was."""
    *training_alone, small = steps("llm")
    assert training_alone == steps("training")
    training = training_alone[-1]
    assert small.stamp.parent == training.stamp.parent
    assert [path.name for path in small.inputs] == ["llm.lock"]


def test_only_what_a_lock_file_names_is_installed() -> None:
    """Only what a lock file names is installed: with hashes, without dependencies, without building a package."""
    command = install_command(Path("python"), Path("some.lock"))
    assert {"--require-hashes", "--no-deps", "--only-binary=:all:"} <= set(command)
    assert command[-2:] == ["-r", "some.lock"]


@pytest.mark.parametrize("upto", ["runtime", "studies", "local", "matrix", "dev", "audit", "training", "llm"])
def test_uv_comes_before_all_that_it_installs(upto: str) -> None:
    """The first step installs uv from its own lock file by pip, and every environment after it is made by uv."""
    first, *later = steps(upto)
    assert [path.name for path in first.inputs] == ["uv.lock"]
    assert first.commands[-1][1:4] == ["-m", "pip", "install"]
    assert {"--require-hashes", "--no-deps", "--only-binary=:all:"} <= set(first.commands[-1])
    installs = [command for step in later for command in step.commands if "install" in command]
    assert installs
    assert {command[0] for command in installs} == {str(setup.UV)}


def test_uv_alone_hears_what_pip_is_told(step: Step, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A command of uv runs with what the user's settings tell pip; another one runs with the environment as it is."""
    told = tmp_path / "told"
    uv = tmp_path / "uv"
    _script(uv, f'echo "$UV_INDEX|$0" >> "{told}"')
    monkeypatch.setattr(setup, "UV", uv)
    monkeypatch.setattr(setup, "uv_settings", lambda _, environment: {**environment, "UV_INDEX": "a mirror"})
    other = tmp_path / "other"
    _script(other, f'echo "$UV_INDEX|$0" >> "{told}"')
    assert run(replace(step, commands=[[str(uv)], [str(other)]]))
    assert told.read_text().splitlines() == [f"a mirror|{uv}", f"|{other}"]


@pytest.mark.parametrize("name", ["python3", "python3.12", "python3.11"])
def test_a_fitting_python_is_found_by_its_name(name: str, tmp_path: Path) -> None:
    """A suitable Python is found by any of its names: python3 on Debian 12 and Ubuntu 24.04, else with its version."""
    (tmp_path / name).symlink_to(sys.executable)
    done = _find(tmp_path)
    assert done.stdout.strip() == str(tmp_path / name)


def test_a_python_that_does_not_fit_is_passed_over(tmp_path: Path) -> None:
    """An unsuitable python3 and a name that cannot run are passed over for a suitable one."""
    _script(tmp_path / "python3", "exit 1")
    _script(tmp_path / "python3.12", "exit 127")
    (tmp_path / "python3.11").symlink_to(sys.executable)
    assert _find(tmp_path).stdout.strip() == str(tmp_path / "python3.11")


def test_without_a_fitting_python_the_remedy_is_named(tmp_path: Path) -> None:
    """Without a suitable Python the remedy is one sentence and one command, without a traceback."""
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
