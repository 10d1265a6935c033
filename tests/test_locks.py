"""Lock files pin what is installed by hash, alike in all of them, and name no address of an index."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

from plugin.local.paths import ROOT

LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;]+)(?: ; (?P<marker>.*?))? \\$", re.MULTILINE)


def _pins(lock: Path) -> dict[tuple[str, str], str]:
    """Return the versions that a lock file pins, by name and marker."""
    return {(found["name"], found["marker"] or ""): found["version"] for found in PIN.finditer(lock.read_text())}


def _names(requirements: list[str]) -> set[str]:
    lines = [line.split("#")[0].strip() for line in requirements]
    names = [re.split(r"[\[<>=~! ]", line)[0] for line in lines if line and not line.startswith("-")]
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names}


def test_there_is_a_lock_for_each_environment() -> None:
    """There is one lock file for each environment."""
    names = ["audit", "dev", "llm", "local", "page", "runtime", "studies"]
    names += ["synapse", "training", "triton-models", "triton", "uv"]
    assert [lock.stem for lock in LOCKS] == names


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_line_is_a_pin_or_a_hash(lock: Path) -> None:
    """Every line of a lock file is an exact version or a hash, and no range, address or option."""
    lines = [line for line in lock.read_text().splitlines() if not line.startswith("#")]
    for line in lines:
        assert PIN.match(line) or re.fullmatch(r" +--hash=sha256:[0-9a-f]{64}(?: \\)?", line), line


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_pin_has_a_hash(lock: Path) -> None:
    """Every pin has a hash, without which the installer would refuse it."""
    for block in re.split(r"(?m)^(?=[A-Za-z0-9])", lock.read_text())[1:]:
        assert "--hash=sha256:" in block


def test_locks_of_one_environment_agree() -> None:
    """Lock files that are installed into one environment pin the same versions."""
    seen: dict[tuple[str, str], str] = {}
    for name in ("runtime", "page", "local", "studies", "dev"):
        for pin, version in _pins(ROOT / "requirements" / f"{name}.lock").items():
            assert seen.setdefault(pin, version) == version, pin


def test_every_direct_need_is_locked() -> None:
    """Every direct dependency is in the lock file."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    needs = {"runtime": project + (ROOT / "requirements" / "build.in").read_text().splitlines()}
    for name in ("page", "local", "studies", "dev", "training", "llm", "synapse", "triton-models", "triton", "uv"):
        needs[name] = (ROOT / "requirements" / f"{name}.in").read_text().splitlines()
    for name, requirements in needs.items():
        locked = {re.sub(r"[-_.]+", "-", pin[0]).lower() for pin in _pins(ROOT / "requirements" / f"{name}.lock")}
        assert _names(requirements) <= locked, f"{name}.lock"


def test_tritons_environment_keeps_to_the_numpy_its_stub_was_built_for() -> None:
    """Triton's environment keeps the numpy its stub was built for; with numpy 2 the stub dies at the first text."""
    locks = (ROOT / "requirements" / "triton-models.lock", ROOT / "requirements" / "triton.lock")
    versions = {name: version for lock in locks for (name, _), version in _pins(lock).items()}
    assert versions["numpy"].startswith("1.")
    assert versions["nvidia-pytriton"] == "0.7.0"


def test_the_models_have_what_they_import() -> None:
    """The lock of Triton's models holds every package that a model imports, beside Python's own and their own files."""
    files = list((ROOT / "triton_models").glob("*/1/*.py"))
    imports = {found for file in files for found in re.findall(r"(?m)^(?:from|import) (\w+)", file.read_text())}
    own = {file.stem for file in files} | set(sys.stdlib_module_names) | {"triton_python_backend_utils"}
    locked = {name for name, _ in _pins(ROOT / "requirements" / "triton-models.lock")}
    assert imports - own <= locked
    assert {"numpy", "onnxruntime", "tokenizers"} <= imports


def test_make_locks_makes_every_lock() -> None:
    """`make locks` resolves every lock file."""
    recipe = (ROOT / "Makefile").read_text().split("\nlocks:")[1].split("\n\n")[0]
    assert sorted(re.findall(r"-o (requirements/\S+\.lock)", recipe)) == sorted(
        f"requirements/{lock.name}" for lock in LOCKS
    )
