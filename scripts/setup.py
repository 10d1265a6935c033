"""Makes the environments that the make targets need; each step runs once, and again when its inputs change.

The script runs with the system's bare Python. A finished step leaves a stamp with the hash of its inputs, so a second
run does nothing and needs no network.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from plugin.local import preflight  # noqa: E402 - the path above makes these importable before anything is installed
from scripts.pip_settings import uv_settings  # noqa: E402

LOCKS = ROOT / "requirements"
UV_VENV = ROOT / ".venv-uv"
UV = UV_VENV / "bin" / "uv"
VENV = ROOT / ".venv"
TRITON = ROOT / ".venv-triton"
SYNAPSE = ROOT / ".venv-synapse"
AUDIT = ROOT / ".venv-audit"
TRAINING = ROOT / ".venv-training"
JARS = ROOT / ".counterpoint" / "jars"
CLASSES = ROOT / ".counterpoint" / "kafka-classes.stamp"
LOG = ROOT / ".counterpoint" / "setup.log"
TAIL_BYTES = 3_000
TICK_S = 0.5


@dataclass(frozen=True)
class Step:
    """A step of the setup: its name, its commands, its stamp file and the files that it depends on."""

    name: str
    commands: Sequence[Sequence[str]]
    stamp: Path
    inputs: Sequence[Path]

    def digest(self) -> str:
        """Return the hash of everything that, when it changes, makes the step due again."""
        digest = hashlib.sha256(f"{ROOT} {sys.version_info[:2]} {self.commands}".encode())
        for path in self.inputs:
            digest.update(path.read_bytes())
        return digest.hexdigest()

    @property
    def due(self) -> bool:
        """Whether the step was never finished, or its inputs or commands have changed since."""
        return not self.stamp.exists() or self.stamp.read_text() != self.digest()


EXACTLY = ["--no-deps", "--require-hashes", "--only-binary=:all:"]
"""Install what a lock file names, checked by its hashes, and nothing else; build no package."""


def install_command(venv: Path, lock: Path, *options: str) -> list[str]:
    """Return the command that installs exactly what a lock file names."""
    return [*_install_into(venv), *EXACTLY, *options, "-r", str(lock)]


def steps(upto: str) -> list[Step]:
    """Return the steps up to ``runtime``, ``studies``, ``local``, ``matrix`` or ``dev``, or for another environment."""
    ours = VENV / "bin" / "python"
    uv = _uv_step()
    runtime = Step(
        "the counterpoint command and what it needs (.venv)",
        [
            make_environment(VENV),
            # Compiled here, since the command is started by hand too, where no cache may be written.
            install_command(VENV, LOCKS / "runtime.lock", "--compile-bytecode"),
            install_command(VENV, LOCKS / "page.lock"),
            [*_install_into(VENV), "--no-deps", "--no-build-isolation", "--no-index", "-e", str(ROOT)],
        ],
        VENV / "runtime.stamp",
        [LOCKS / "runtime.lock", LOCKS / "page.lock", ROOT / "pyproject.toml"],
    )
    triton = _environment_step("Triton server (.venv-triton)", TRITON, ["triton-models", "triton"])
    if upto == "audit":
        return [uv, runtime, triton, _environment_step("what audits us (.venv-audit)", AUDIT, ["audit"])]
    if upto == "training":
        name = "what fine-tunes a feedback model, several gigabytes (.venv-training)"
        return [uv, _environment_step(name, TRAINING, ["runtime", "training"])]
    if upto == "llm":
        small = _packages_step("a small Llama and what serves it (.venv-training)", "llm", TRAINING)
        return [*steps("training"), small]
    if upto == "studies":
        return [uv, runtime, _packages_step("what studies fit and test with (.venv)", "studies")]
    jars = Step(
        "Apache Kafka (.counterpoint/jars)",
        [[str(ours), "-m", "plugin.local.jars"]],
        JARS / "stamp",
        [ROOT / "plugin" / "local" / "kafka-jars.lock"],
    )
    local = [
        uv,
        runtime,
        _packages_step("Java runtime, PostgreSQL (.venv)", "local"),
        jars,
        triton,
    ]
    matrix = [*local, _environment_step("Matrix homeserver (.venv-synapse)", SYNAPSE, ["synapse"])]
    classes = Step(
        "a quicker start of Apache Kafka (.counterpoint/kafka-classes.jsa)",
        [[str(ours), "-m", "plugin.local.kafka_classes"]],
        CLASSES,
        [LOCKS / "local.lock", *(ROOT / "plugin" / "local" / name for name in ("kafka-jars.lock", "kafka.py"))],
    )
    dev = [*matrix, _packages_step("tests and checks (.venv)", "dev"), classes]
    return {"runtime": [uv, runtime], "local": local, "matrix": matrix, "dev": dev}[upto]


def _uv_step() -> Step:
    """Return the step by which Python's own pip installs uv, which installs the rest in a tenth of pip's time."""
    pip = [str(UV_VENV / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check"]
    return Step(
        "uv, which installs what follows (.venv-uv)",
        [[sys.executable, "-m", "venv", str(UV_VENV)], [*pip, *EXACTLY, "-r", str(LOCKS / "uv.lock")]],
        UV_VENV / "uv.stamp",
        [LOCKS / "uv.lock"],
    )


def make_environment(folder: Path) -> list[str]:
    """Return the command that makes an environment with this Python, or keeps what one has."""
    return [str(UV), "venv", "--allow-existing", "--python", sys.executable, str(folder)]


def _install_into(venv: Path) -> list[str]:
    return [str(UV), "pip", "install", "--python", str(venv / "bin" / "python")]


def _packages_step(name: str, lock: str, folder: Path = VENV) -> Step:
    """Return the step that installs what a lock file names into an environment, by default our own."""
    file = LOCKS / f"{lock}.lock"
    return Step(name, [install_command(folder, file)], folder / f"{lock}.stamp", [file])


def _environment_step(name: str, folder: Path, locks: Sequence[str]) -> Step:
    """Return the step that makes an environment of its own from lock files, and stamps it with the name of the last."""
    files = [LOCKS / f"{lock}.lock" for lock in locks]
    commands = [make_environment(folder), *(install_command(folder, file) for file in files)]
    return Step(name, commands, folder / f"{locks[-1]}.stamp", files)


def run(step: Step) -> bool:
    """Run a step, saying what it does and how long it took; on failure print the end of its output."""
    begun = time.monotonic()
    LOG.parent.mkdir(exist_ok=True)
    step.stamp.unlink(missing_ok=True)
    print(f"setup: {step.name} ...", end="", flush=True)
    for command in step.commands:
        with LOG.open("wb") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT, env=_environment(command)
            )
        while (code := _wait(process)) is None:
            if sys.stdout.isatty():
                print(f"\rsetup: {step.name} ... {time.monotonic() - begun:.0f} s", end="", flush=True)
        if code:
            print(f" failed\n{' '.join(command)}\n{LOG.read_bytes()[-TAIL_BYTES:].decode(errors='replace')}")
            return False
    step.stamp.write_text(step.digest())
    start = "\r" if sys.stdout.isatty() else "\n"
    print(f"{start}setup: {step.name}: done in {time.monotonic() - begun:.1f} s")
    return True


def main(upto: str) -> int:
    """Check the machine, run the due steps, and return the exit status; with CI=true nothing may be missing."""
    due = [step for step in steps(upto) if step.due]
    if not due:
        return 0
    found = preflight.find_problems(preflight.Machine.read(ROOT))
    if upto in {"runtime", "studies", "audit", "training", "llm"}:
        found = [problem for problem in found if not problem.only_triton]
    if not preflight.print_problems(found, strict=upto == "dev" or os.environ.get("CI") == "true"):
        return 1
    return 0 if all(run(step) for step in due) else 1


def _environment(command: Sequence[str]) -> dict[str, str] | None:
    """Return the environment of a command: for uv, with what the user's settings tell pip."""
    return uv_settings(UV_VENV / "bin" / "python", os.environ) if command[0] == str(UV) else None


def _wait(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(TICK_S)
    except subprocess.TimeoutExpired:
        return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
