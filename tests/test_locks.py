"""What is installed is pinned to the byte, the same everywhere, and names no place to fetch it from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from plugin.local.paths import ROOT

LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;]+)(?: ; (?P<marker>.*?))? \\$", re.MULTILINE)


def _pins(lock: Path) -> dict[tuple[str, str], str]:
    """Version by name and marker."""
    return {(found["name"], found["marker"] or ""): found["version"] for found in PIN.finditer(lock.read_text())}


def _names(requirements: list[str]) -> set[str]:
    lines = [line.split("#")[0].strip() for line in requirements]
    names = [re.split(r"[\[<>=~! ]", line)[0] for line in lines if line and not line.startswith("-")]
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names}


def test_there_is_a_lock_for_each_environment() -> None:
    """Run time, local servers, development, and Triton's own."""
    assert [lock.stem for lock in LOCKS] == ["audit", "dev", "local", "runtime", "training", "triton"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_line_is_a_pin_or_a_hash(lock: Path) -> None:
    """No range, no address, no option: exact versions with their hashes."""
    lines = [line for line in lock.read_text().splitlines() if not line.startswith("#")]
    for line in lines:
        assert PIN.match(line) or re.fullmatch(r" +--hash=sha256:[0-9a-f]{64}(?: \\)?", line), line


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_pin_has_a_hash(lock: Path) -> None:
    """The installer refuses anything else; here it shows before an installation."""
    for block in re.split(r"(?m)^(?=[A-Za-z0-9])", lock.read_text())[1:]:
        assert "--hash=sha256:" in block


def test_locks_of_one_environment_agree() -> None:
    """Installed one after the other, none takes back what the one before has installed."""
    seen: dict[tuple[str, str], str] = {}
    for name in ("runtime", "local", "dev"):
        for pin, version in _pins(ROOT / "requirements" / f"{name}.lock").items():
            assert seen.setdefault(pin, version) == version, pin


def test_every_direct_need_is_locked() -> None:
    """Whoever adds a dependency runs `make locks`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    needs = {"runtime": project + (ROOT / "requirements" / "build.in").read_text().splitlines()}
    for name in ("local", "dev", "triton"):
        needs[name] = (ROOT / "requirements" / f"{name}.in").read_text().splitlines()
    for name, requirements in needs.items():
        locked = {re.sub(r"[-_.]+", "-", pin[0]).lower() for pin in _pins(ROOT / "requirements" / f"{name}.lock")}
        assert _names(requirements) <= locked, f"{name}.lock"


def test_tritons_environment_keeps_to_the_numpy_its_stub_was_built_for() -> None:
    """With numpy 2 the server's Python stub dies at the first text."""
    versions = {name: version for (name, _), version in _pins(ROOT / "requirements" / "triton.lock").items()}
    assert versions["numpy"].startswith("1.")
    assert versions["nvidia-pytriton"] == "0.7.0"
