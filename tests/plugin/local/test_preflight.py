"""The parts that a machine lacks are named before the setup begins, each with the command that installs it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from plugin.local import preflight
from plugin.local.preflight import Machine, Problem, find_problems, print_problems

GOOD = Machine(
    python=(3, 12),
    system="Linux",
    architecture="x86_64",
    glibc=(2, 39),
    has_venv=True,
    has_libpython=True,
    free_bytes=50_000_000_000,
)


@pytest.mark.parametrize("python", [(3, 11), (3, 12)])
def test_a_good_machine_lacks_nothing(python: tuple[int, int]) -> None:
    """Debian 12 and Ubuntu 24.04 with their own Python."""
    assert find_problems(replace(GOOD, python=python)) == []


@pytest.mark.parametrize(
    ("machine", "what", "mend"),
    [
        (replace(GOOD, python=(3, 10)), "this is 3.10", "sudo apt-get install python3 python3-venv"),
        (replace(GOOD, python=(3, 13)), "this is 3.13", "sudo apt-get install python3 python3-venv"),
        (replace(GOOD, has_venv=False), "virtual environments", "sudo apt-get install python3.12-venv"),
        (replace(GOOD, has_libpython=False), "libpython3.12.so.1.0", "sudo apt-get install libpython3.12"),
        (replace(GOOD, free_bytes=1_200_000_000), "1.2 GB are free", "make room"),
        (replace(GOOD, glibc=(2, 31)), "x86_64 with glibc 2.31", "Debian 12 or Ubuntu 24.04"),
        (replace(GOOD, architecture="aarch64"), "aarch64 with glibc", "Debian 12 or Ubuntu 24.04"),
        (replace(GOOD, system="Darwin"), "this is Darwin", "Debian 12 or Ubuntu 24.04"),
    ],
)
def test_each_lack_is_one_problem_with_its_remedy(machine: Machine, what: str, mend: str) -> None:
    """Each missing part is reported as one problem with one command, and nothing else is reported."""
    (problem,) = find_problems(machine)
    assert what in problem.what
    assert mend in problem.remedy


def test_all_lacks_are_named_at_once() -> None:
    """The missing parts are named all at once, so that they can be installed together."""
    bare = replace(GOOD, has_venv=False, has_libpython=False)
    assert len(find_problems(bare)) == 2


def test_what_only_triton_needs_does_not_stop_a_demo(capsys: pytest.CaptureFixture[str]) -> None:
    """A missing part that only Triton needs does not stop a demo, and the message says what happens instead."""
    found = find_problems(replace(GOOD, has_libpython=False))
    assert print_problems(found, strict=False)
    said = capsys.readouterr().err
    assert "mend: sudo apt-get install libpython3.12" in said
    assert "runs in process" in said


def test_in_a_check_nothing_may_be_missing(capsys: pytest.CaptureFixture[str]) -> None:
    """A missing part stops the setup with CI=true, because tests would otherwise be skipped."""
    assert not print_problems(find_problems(replace(GOOD, has_libpython=False)), strict=True)
    assert "runs in process" not in capsys.readouterr().err


def test_what_everything_needs_stops_a_demo_too(capsys: pytest.CaptureFixture[str]) -> None:
    """A missing part that everything needs, such as virtual environments, stops a demo too."""
    assert not print_problems([Problem("a lack", "a remedy")], strict=False)
    assert capsys.readouterr().err == "missing: a lack\n   mend: a remedy\n"


def test_nothing_missing_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Silence is good news."""
    assert print_problems([], strict=True)
    assert capsys.readouterr().err == ""


def test_this_machine_runs_its_own_tests(tmp_path: Path) -> None:
    """Reading the facts works here, and they are sufficient: otherwise these tests could not have been set up."""
    assert find_problems(Machine.read(tmp_path)) == []


def test_it_needs_nothing_but_a_bare_python() -> None:
    """The check imports no package, neither ours nor another, because it runs before any environment exists."""
    done = subprocess.run([sys.executable, "-I", "-S", preflight.__file__], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
