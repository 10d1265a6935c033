"""The CI check runs every test, installs the browser that they need, and fails where anything does."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from plugin.local.paths import ROOT

CHECK = ROOT / ".ci" / "run"


def run(folder: Path, *, chromium: bool = True, fails: str = "") -> subprocess.CompletedProcess[str]:
    """Run the check with commands that print their names; the one that contains `fails` does so."""
    for name in ["make", "apt-get", *(["chromium"] if chromium else [])]:
        body = f'echo "{name} $*, CI=$CI"\ncase "{name} $*" in "{fails or "nothing"}"*) exit 1; esac\n'
        (folder / name).write_text(f"#!/bin/sh\n{body}")
        (folder / name).chmod(0o755)
    (folder / "id").write_text("#!/bin/sh\necho 0\n")
    (folder / "id").chmod(0o755)
    for name in ("sh", "dirname"):
        (folder / name).symlink_to(f"/bin/{name}")
    return subprocess.run(
        ["/bin/sh", str(CHECK)], env={"PATH": str(folder)}, capture_output=True, text=True, check=False
    )


def test_the_check_runs_all_tests_and_leaves_nothing_out(tmp_path: Path) -> None:
    """The check runs `make test` and `make test-browser` with CI=true, which makes a left-out test a failure."""
    assert os.access(CHECK, os.X_OK)
    done = run(tmp_path)
    assert done.stdout.splitlines() == ["make test, CI=true", "make test-browser, CI=true"]
    assert done.returncode == 0


@pytest.mark.parametrize("target", ["make test", "make test-browser"])
def test_a_failure_fails_the_check(tmp_path: Path, target: str) -> None:
    """The check fails if one of the two does."""
    assert run(tmp_path, fails=target).returncode != 0


def test_a_missing_chromium_is_installed(tmp_path: Path) -> None:
    """Without Chromium the check says that it installs it, does so with fonts, and then tests the pages."""
    done = run(tmp_path, chromium=False)
    said = done.stdout.splitlines()
    assert said[1] == "CI: Chromium is missing; installing Debian's with apt-get"
    assert said[2].startswith("apt-get update")
    assert "chromium fonts-liberation" in said[3]
    assert said[-1] == "make test-browser, CI=true"
    assert done.returncode == 0


@pytest.mark.parametrize("step", ["apt-get update", "apt-get install"])
def test_a_chromium_that_cannot_be_installed_fails_the_check(tmp_path: Path, step: str) -> None:
    """Where Chromium cannot be installed the check fails with a sentence, and tests no page."""
    done = run(tmp_path, chromium=False, fails=step)
    assert done.returncode != 0
    assert "Chromium cannot be installed, so the pages were not tested: this check fails" in done.stderr
    assert "make test-browser" not in done.stdout
