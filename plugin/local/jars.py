"""The broker's jars: fetched once, and never run unless every byte is the one we tried.

``kafka-jars.lock`` names each jar by Maven coordinates and sha256. ``python -m plugin.local.jars`` fetches what is
missing; ``... lock`` resolves them again (developers only).
"""

from __future__ import annotations

import hashlib
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import jgo
from jgo.maven import MavenContext

from plugin.local.paths import STATE
from plugin.local.process import MissingRequirement

LOCK: Final = Path(__file__).with_name("kafka-jars.lock")
CACHE: Final = STATE / "jars"
ROOT_ARTIFACTS: Final = "org.apache.kafka:kafka_2.13:4.3.1+org.slf4j:slf4j-simple:1.7.36"
"""The broker, and the one logging back end it needs to say anything on standard error."""
CONNECTIONS: Final = 4
"""Polite to a public server, and four times faster than one."""


@dataclass(frozen=True)
class Jar:
    """A jar with its checksum, as one line of the lock file."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def path(self) -> Path:
        """The path of the jar under a cache, in the layout of every Maven repository."""
        return Path(*self.group.split("."), self.artifact, self.version, f"{self.artifact}-{self.version}.jar")

    @property
    def line(self) -> str:
        """The jar as a line of the lock file."""
        return f"{self.group}:{self.artifact}:{self.version} sha256:{self.sha256}"


def read_lock(lock: Path = LOCK) -> list[Jar]:
    """Return the pinned jars in class path order."""
    lines = [line for line in lock.read_text().splitlines() if line and not line.startswith("#")]
    jars = []
    for line in lines:
        coordinates, _, sha256 = line.partition(" sha256:")
        group, artifact, version = coordinates.split(":")
        jars.append(Jar(group, artifact, version, sha256))
    return jars


def class_path(lock: Path = LOCK, cache: Path = CACHE) -> str:
    """Return the broker's class path, every jar checked against its hash (some 0.1 s for 44 MB).

    Raises:
        Missing: a jar is not there, or is not the pinned one.
    """
    jars = read_lock(lock)
    missing = [jar for jar in jars if not (cache / jar.path).is_file()]
    if missing:
        raise MissingRequirement(
            f"{len(missing)} of the broker's {len(jars)} jars are not here yet: run `make setup-local`"
        )
    for jar in jars:
        _verify(cache / jar.path, jar.sha256)
    return ":".join(str(cache / jar.path) for jar in jars)


def fetch_missing(lock: Path = LOCK, cache: Path = CACHE) -> int:
    """Fetch the jars that are missing, check all, and return how many were fetched.

    Raises:
        Missing: a jar cannot be fetched, or is not the pinned one (it is removed again).
    """
    missing = [jar for jar in read_lock(lock) if not (cache / jar.path).is_file()]
    if missing:
        maven = MavenContext(repo_cache=cache)

        def fetch(jar: Jar) -> None:
            maven.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()

        try:
            with ThreadPoolExecutor(CONNECTIONS) as pool:
                list(pool.map(fetch, missing))
        except OSError as error:  # of the network too
            raise MissingRequirement(
                f"the broker's jars could not be fetched ({type(error).__name__}): see that this machine reaches its"
                " Maven repository (behind a proxy by HTTPS_PROXY, and REQUESTS_CA_BUNDLE for its certificates), and"
                " run the same again; what has come is kept"
            ) from None
    class_path(lock, cache)
    return len(missing)


def write_lock(lock: Path = LOCK) -> None:
    """Resolve the wanted artifacts with what they depend on, and write the lock file."""
    jars = []
    for found in jgo.resolve(ROOT_ARTIFACTS):
        if found.packaging == "jar":
            digest = hashlib.sha256(found.resolve().read_bytes()).hexdigest()
            jars.append(Jar(found.groupId, found.artifactId, found.version, digest))
    lock.write_text(
        "# Made by `make locks`. The broker's jars, in class path order.\n" + "\n".join(j.line for j in jars) + "\n"
    )


def _verify(path: Path, sha256: str) -> None:
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        path.unlink()
        raise MissingRequirement(
            f"{path.name} was not the pinned file and has been removed: run `make setup-local` again"
        )


if __name__ == "__main__":
    if sys.argv[1:] == ["lock"]:
        write_lock()
    else:
        try:
            fetched = fetch_missing()
        except MissingRequirement as why:
            sys.exit(str(why))
        sys.stdout.write(f"{fetched} jars fetched, {len(read_lock())} checked\n")
