"""Tests of pinning the images of the Compose file, with a stand-in for Docker: there is none on a test machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import pin_images
from tests.fixtures.waiting import DEADLOCK_S

ROOT = Path(__file__).resolve().parents[2]
DIGEST = "sha256:" + "0123456789abcdef" * 4
BUILDX = f'[ "$1" = buildx ] && {{ echo {DIGEST}; exit 0; }}\n'
PULLED = f"""
[ "$1" = buildx ] && exit 1
[ "$1" = pull ] && exit 0
[ "$1 $2" = "image inspect" ] && {{ echo '["{{name}}@{DIGEST}"]'; exit 0; }}
"""


def run(folder: Path, docker: str | None, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the script with a stand-in for Docker on the path, or with none."""
    if docker is not None:
        (folder / "docker").write_text(f"#!/bin/sh\n{docker}echo 'no such image' >&2; exit 1\n")
        (folder / "docker").chmod(0o755)
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "pin_images.py")],
        env={"PATH": f"{folder}:/bin" if docker is not None else str(folder), **env},
        capture_output=True,
        text=True,
        timeout=DEADLOCK_S,
        check=False,
    )


@pytest.mark.parametrize("docker", [BUILDX, PULLED], ids=["buildx", "without buildx"])
def test_each_image_gets_a_line_with_its_digest(tmp_path: Path, docker: str) -> None:
    """Each image becomes a line for .env with tag and digest, with buildx and without."""
    done = run(tmp_path, docker, TRITON_IMAGE="registry.invalid/tritonserver:26.07-py3")
    assert done.returncode == 0, done.stderr
    lines = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert set(lines) == {"PYTHON_IMAGE", "TRITON_IMAGE", "KAFKA_IMAGE", "POSTGRES_IMAGE"}
    assert all(image.endswith(f"@{DIGEST}") and ":" in image.partition("@")[0] for image in lines.values())
    assert lines["KAFKA_IMAGE"].startswith("apache/kafka:")


def test_a_pinned_image_stays_and_a_missing_one_is_named(tmp_path: Path) -> None:
    """An image with a digest stays as it is, and one that .env has to name is named."""
    pinned = f"postgres:18.4@{DIGEST[:-1]}0"
    done = run(tmp_path, BUILDX, POSTGRES_IMAGE=pinned)
    assert f"POSTGRES_IMAGE={pinned}\n" in done.stdout
    if "TRITON_IMAGE" not in pin_images.read_env(ROOT / ".env"):
        assert "TRITON_IMAGE is not set" in done.stderr
        assert "TRITON_IMAGE" not in done.stdout


@pytest.mark.parametrize("docker", ["", None], ids=["unknown image", "no Docker"])
def test_without_an_answer_it_says_where_to_run(tmp_path: Path, docker: str | None) -> None:
    """Without Docker, or where the registry does not know an image, the script prints no line and says what to do."""
    done = run(tmp_path, docker)
    assert done.returncode == 1
    assert "=" not in done.stdout
    assert "Run this where Docker runs" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_last_line_of_env_counts(tmp_path: Path) -> None:
    """Of several lines for one variable the last counts, so that the printed lines may be appended."""
    path = tmp_path / ".env"
    path.write_text("# a comment\nKAFKA_IMAGE=a:1.0\nSECRETS=\nKAFKA_IMAGE=a:1.0@sha256:ab\n")
    assert pin_images.read_env(path) == {"KAFKA_IMAGE": "a:1.0@sha256:ab", "SECRETS": ""}
    assert pin_images.read_env(tmp_path / os.devnull[1:]) == {}
    assert pin_images.images("${A_IMAGE:-x:1.0} ${B_IMAGE:?set it}", {"B_IMAGE": "y:2"}) == {
        "A_IMAGE": "x:1.0",
        "B_IMAGE": "y:2",
    }
