"""Look the machine over before anything is set up: name what is missing, with the command that mends it.

Runs with the system's bare Python, before any environment exists: only the standard library, nothing of ours.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import platform
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

PYTHONS = ((3, 11), (3, 12))
GLIBC = (2, 35)
"""What Triton's wheel was built against: Debian 12, Ubuntu 22.04 and later have it."""
DISK_BYTES = 3_000_000_000
"""Both environments, the jars and room for the data of a demo."""


@dataclass(frozen=True)
class Problem:
    """A requirement that the machine lacks, in a sentence, and the command or step that provides it."""

    what: str
    remedy: str
    only_triton: bool = False
    """The demo goes on without it: the baseline model then runs in process, without a Triton server."""


@dataclass(frozen=True)
class Machine:
    """The facts that decide; read once, so that the rules can be tried without a second machine."""

    python: tuple[int, int]
    system: str
    architecture: str
    glibc: tuple[int, int]
    has_venv: bool
    has_libpython: bool
    free_bytes: int

    @classmethod
    def read(cls, root: Path) -> Machine:
        """Look at this machine and at the disk that ``root`` lies on."""
        return cls(
            python=sys.version_info[:2],
            system=platform.system(),
            architecture=platform.machine(),
            glibc=_glibc(),
            # Debian splits ensurepip off: `python3 -m venv` exists there, and fails without it.
            has_venv=all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")),
            has_libpython=_has_libpython(),
            free_bytes=shutil.disk_usage(root).free,
        )


def find_problems(machine: Machine) -> list[Problem]:
    """Return what is missing on a machine, most basic first."""
    version = "{}.{}".format(*machine.python)
    found = []
    if machine.system != "Linux":
        found.append(
            Problem(f"Local runs need Linux; this is {machine.system}.", "use a Debian 12 or Ubuntu 24.04 machine")
        )
    if machine.python not in PYTHONS:
        found.append(
            Problem(
                f"Python 3.11 or 3.12 is needed; this is {version}.",
                "sudo apt-get install python3 python3-venv, then make PYTHON=/usr/bin/python3 ...",
            )
        )
    if not machine.has_venv:
        found.append(
            Problem(f"Python {version} cannot make virtual environments.", f"sudo apt-get install python{version}-venv")
        )
    if machine.free_bytes < DISK_BYTES:
        need, free = (f"{size / 1e9:.1f} GB" for size in (DISK_BYTES, machine.free_bytes))
        found.append(Problem(f"Setup takes {need} of disk; {free} are free.", "make room on this disk"))
    if machine.architecture != "x86_64" or machine.glibc < GLIBC:
        found.append(
            Problem(
                "Triton's wheel needs x86_64 and glibc 2.35 or newer; "
                f"this is {machine.architecture} with glibc {'.'.join(map(str, machine.glibc))}.",
                "use a Debian 12 or Ubuntu 24.04 machine",
                only_triton=True,
            )
        )
    if not machine.has_libpython:
        found.append(
            Problem(
                f"Triton needs libpython{version}.so.1.0, which is not here.",
                f"sudo apt-get install libpython{version}",
                only_triton=True,
            )
        )
    return found


def print_problems(found: list[Problem], *, strict: bool) -> bool:
    """Print each problem and its remedy; return whether setup can go on. ``strict``: nothing may be missing."""
    for problem in found:
        sys.stderr.write(f"missing: {problem.what}\n   mend: {problem.remedy}\n")
        if problem.only_triton and not strict:
            sys.stderr.write("   until then the baseline model runs in process, without a Triton server\n")
    return not any(strict or not problem.only_triton for problem in found)


def _glibc() -> tuple[int, int]:
    name, version = platform.libc_ver()
    if name != "glibc":
        return (0, 0)
    major, minor = version.split(".")[:2]
    return int(major), int(minor)


def _has_libpython() -> bool:
    """Whether the loader finds this Python's shared library, alone or in the folder that this Python names."""
    name = "libpython{}.{}.so.1.0".format(*sys.version_info)
    if (Path(sysconfig.get_config_var("LIBDIR") or "/") / name).exists():
        return True
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    ok = print_problems(find_problems(Machine.read(Path(__file__).parent)), strict=os.environ.get("CI") == "true")
    sys.exit(0 if ok else 1)
