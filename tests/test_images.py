"""The Dockerfiles install pinned packages, copy what is there and run as the users of the Compose file.

Tests have no Docker engine: the files are read, not built.
"""

import re
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import pytest

from tests.fixtures.compose import ROOT, SERVICES

OURS = ROOT / "Dockerfile"
TRITON = ROOT / "ops" / "triton" / "Dockerfile"
VENV = "/opt/counterpoint/venv/bin"


def _copied(dockerfile: Path) -> set[str]:
    lines = [line for line in dockerfile.read_text().splitlines() if line.startswith("COPY ") and "--from" not in line]
    return {source for line in lines for source in line.split()[1:-1]}


def test_the_images_copy_what_is_there() -> None:
    """The images copy only files that exist and that the build is given, because a missing one would stop it."""
    given = {line.lstrip("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = _copied(OURS) | _copied(TRITON)
    assert copied == given
    assert all((ROOT / source).exists() for source in copied)


@pytest.mark.parametrize("dockerfile", [OURS, TRITON], ids=["ours", "triton"])
def test_an_image_installs_exactly_what_its_lock_names(dockerfile: Path) -> None:
    """An image installs each package by its hash, without its dependencies, without compiling, from no named index."""
    text = dockerfile.read_text()
    installs = re.findall(r" install (.+)", re.sub(r"(?m)^#.*$", "", text).replace("\\\n", ""))
    first = installs[0].split()
    assert {"--no-deps", "--require-hashes", "--only-binary=:all:", "-r"} <= set(first)
    locks = {Path(lock).name for option, lock in pairwise(first) if option == "-r"}
    assert locks == {Path(source).name for source in _copied(dockerfile) if source.endswith(".lock")}
    assert all("--no-index" in further for further in installs[1:])
    assert not re.search(r"://|index-url|find-links", text)


@pytest.mark.parametrize(("dockerfile", "service"), [(OURS, "web"), (TRITON, "triton-cpu")], ids=["ours", "triton"])
def test_an_image_ends_as_the_user_of_its_service(dockerfile: Path, service: str) -> None:
    """An image ends as the user of its service, who is not root, and whom Compose names as well."""
    assert re.findall(r"(?m)^USER (.+)$", dockerfile.read_text())[-1] == SERVICES[service]["user"]


def test_triton_on_a_cpu_has_the_packages_of_our_models() -> None:
    """The CPU service uses an image built from NVIDIA's, whose first Python on the path has the models' packages."""
    service = SERVICES["triton-cpu"]
    assert service["build"]["dockerfile"] == str(TRITON.relative_to(ROOT))
    assert service["build"]["args"]["TRITON_IMAGE"].startswith("${TRITON_IMAGE:?")
    assert service["image"] == f"counterpoint-triton:{version('counterpoint')}"
    text = TRITON.read_text()
    assert re.findall(r"(?m)^FROM (.+)$", text) == ["${TRITON_IMAGE}"]
    assert f"pip3 --python {VENV}/python install" in text
    assert f"\nENV PATH={VENV}:$PATH\n" in text


def test_triton_with_a_gpu_is_the_image_of_nvidia() -> None:
    """The GPU service uses NVIDIA's image as it is, because its model needs nothing beside vLLM."""
    service = SERVICES["triton-gpu"]
    assert "build" not in service
    assert service["image"].startswith("${TRITON_IMAGE:?")
    model = ROOT / "triton_models" / service["environment"]["MODELS"]
    assert not list(model.glob("*/*.py"))
