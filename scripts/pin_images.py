"""Print the images of the Compose file with their digests, as lines for .env: `make pin-images >> .env`.

A tag can be pointed at another image; a digest cannot. They are looked up on the operator's machine, by Docker and with
its login: `docker buildx imagetools inspect` asks the registry, and where there is no buildx, `docker pull` and
`docker image inspect` do. Nothing in this repository knows a digest, for nothing here could look one up.
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
TIMEOUT_S: Final = 600
"""Seconds for one answer of Docker: a pull of NVIDIA's image takes minutes."""
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


def images(compose: str, env: Mapping[str, str]) -> dict[str, str]:
    """Return the image of each variable of a Compose file: that of .env, else the file's default, else nothing."""
    found = re.findall(r"\$\{([A-Z]+_IMAGE)(?::[-?]([^}]*))?\}", compose)
    defaults = {variable: "" if " " in default else default for variable, default in found}
    return {variable: env.get(variable) or default for variable, default in defaults.items()}


def read_env(path: Path) -> dict[str, str]:
    """Return the variables of a .env file; of several lines for one variable the last counts."""
    lines = path.read_text().splitlines() if path.exists() else []
    return dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))


def digest_of(image: str) -> str:
    """Return the digest of an image in its registry.

    Raises:
        OSError: Docker cannot be run.
        subprocess.SubprocessError: Docker does not answer in time.
        ValueError: Docker knows no digest; with what it said.
    """
    asked = _docker("buildx", "imagetools", "inspect", image, "--format", "{{.Manifest.Digest}}")
    if not asked.returncode and (found := _DIGEST.search(asked.stdout)):
        return found[0]
    _docker("pull", "--quiet", image)
    known = _docker("image", "inspect", image, "--format", "{{json .RepoDigests}}")
    if not known.returncode and (found := _DIGEST.search(known.stdout)):
        return found[0]
    raise ValueError((known.stderr or asked.stderr or "it gave no digest").strip())


def main() -> int:
    """Print a line for each image that is named by a tag; returns the exit status."""
    env = read_env(ROOT / ".env") | {name: os.environ[name] for name in os.environ if name.endswith("_IMAGE")}
    failed = False
    for variable, image in images((ROOT / "docker-compose.yml").read_text(), env).items():
        if not image:
            print(f"{variable} is not set in .env, so there is nothing to pin.", file=sys.stderr)
            continue
        if "@sha256:" in image:
            print(f"{variable}={image}")
            continue
        try:
            print(f"{variable}={image}@{digest_of(image)}")
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            print(f"{variable}: Docker did not say the digest of {image}: {error}", file=sys.stderr)
            failed = True
    if failed:
        print("Run this where Docker runs and reaches the registries.", file=sys.stderr)
    return int(failed)


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    argv = ["docker", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)


if __name__ == "__main__":
    sys.exit(main())
