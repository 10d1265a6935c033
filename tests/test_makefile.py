"""Every make target is listed with what it does, and runs its command."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from plugin.local.paths import ROOT
from scripts.chromium import MISSING

MAKEFILE = (ROOT / "Makefile").read_text()


def _make(*arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(["make", *arguments], cwd=ROOT, env=environ, capture_output=True, text=True, check=False)


def test_help_is_the_default_and_names_every_target() -> None:
    """`make` without a target prints the help, which names every target."""
    said = _make().stdout
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert phony is not None
    for target in phony[1].split():
        assert re.search(rf"make {target} +[A-Z]|make {target} +ruff", said), target


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["setup"], "scripts/setup.py runtime"),
        (["setup-local"], "scripts/setup.py local"),
        (["setup-matrix"], "scripts/setup.py matrix"),
        (["setup-dev"], "scripts/setup.py dev"),
        (["demo"], "counterpoint demo"),
        (["demo", "ONCE=1"], "counterpoint demo --once"),
        (["demo", "PLATFORM=matrix"], "scripts/setup.py matrix"),
        (["demo", "PLATFORM=matrix"], "counterpoint demo  --platform matrix"),
        (["test"], "-m pytest"),
        (["test-browser"], "-n 2 -o python_files='*_journey.py' tests/browser"),
        (["setup-studies"], "scripts/setup.py studies"),
        (["studies", "DATA=some-folder"], 'training.studies tables "some-folder" "build/studies/tables"'),
        (["eval", "DATA=some-folder"], 'training.detector eval "some-folder"'),
    ],
)
def test_a_target_runs_its_command(arguments: list[str], command: str) -> None:
    """A target runs its command, as make prints it without running it."""
    assert command in _make("--dry-run", *arguments).stdout


def test_tests_include_the_checks_and_set_up_what_they_need() -> None:
    """`make test` includes the checks and sets up what they need."""
    said = _make("--dry-run", "test").stdout
    places = [said.index(word) for word in ("setup.py dev", "ruff check", "mypy", "lint-imports", "pytest")]
    assert places == sorted(places)


def test_an_evaluation_without_data_says_what_is_missing() -> None:
    """`make eval` without a folder of data says which argument is missing."""
    recipe = MAKEFILE.split("eval: setup-dev")[1].split("\n\n")[0]
    assert "say where the data lie: make eval DATA=folder" in recipe


def test_the_pages_are_not_tested_without_chromium() -> None:
    """`make test-browser` without Chromium fails with the sentence that says what installs it."""
    recipe = MAKEFILE.split("test-browser: setup-dev")[1].split("\n\n")[0]
    assert f'echo "{MISSING}" >&2; exit 2' in recipe
