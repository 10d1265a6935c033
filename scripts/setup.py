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

from plugin.local import preflight  # noqa: E402 - the path above makes it importable before anything is installed

LOCKS = ROOT / "requirements"
VENV = ROOT / ".venv"
TRITON = ROOT / ".venv-triton"
SYNAPSE = ROOT / ".venv-synapse"
AUDIT = ROOT / ".venv-audit"
TRAINING = ROOT / ".venv-training"
JARS = ROOT / ".counterpoint" / "jars"
CLASSES = ROOT / ".counterpoint" / "kafka-classes.stamp"
LOG = ROOT / ".counterpoint" / "setup.log"
PIP = ["-m", "pip", "install", "--disable-pip-version-check"]
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


def install_command(python: Path, lock: Path) -> list[str]:
    """Return the command that installs exactly what a lock file names."""
    return [str(python), *PIP, "--no-deps", "--require-hashes", "--only-binary=:all:", "-r", str(lock)]


def steps(upto: str) -> list[Step]:
    """Return the steps up to ``runtime``, ``studies``, ``local``, ``matrix`` or ``dev``, or for another environment."""
    ours = VENV / "bin" / "python"
    runtime = Step(
        "the counterpoint command and what it needs (.venv)",
        [
            [sys.executable, "-m", "venv", str(VENV)],
            install_command(ours, LOCKS / "runtime.lock"),
            install_command(ours, LOCKS / "page.lock"),
            [str(ours), *PIP, "--no-deps", "--no-build-isolation", "--no-index", "-e", str(ROOT)],
        ],
        VENV / "runtime.stamp",
        [LOCKS / "runtime.lock", LOCKS / "page.lock", ROOT / "pyproject.toml"],
    )
    triton = _environment_step("Triton server (.venv-triton)", TRITON, ["triton-models", "triton"])
    if upto == "audit":
        return [runtime, triton, _environment_step("what audits us (.venv-audit)", AUDIT, ["audit"])]
    if upto == "training":
        name = "what fine-tunes a feedback model, several gigabytes (.venv-training)"
        return [_environment_step(name, TRAINING, ["runtime", "training"])]
    if upto == "llm":
        small = _packages_step("a small Llama and what serves it (.venv-training)", "llm", TRAINING)
        return [*steps("training"), small]
    if upto == "studies":
        return [runtime, _packages_step("what studies fit and test with (.venv)", "studies")]
    jars = Step(
        "Apache Kafka (.counterpoint/jars)",
        [[str(ours), "-m", "plugin.local.jars"]],
        JARS / "stamp",
        [ROOT / "plugin" / "local" / "kafka-jars.lock"],
    )
    local = [
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
    return {"runtime": [runtime], "local": local, "matrix": matrix, "dev": dev}[upto]


def _packages_step(name: str, lock: str, folder: Path = VENV) -> Step:
    """Return the step that installs what a lock file names into an environment, by default our own."""
    file = LOCKS / f"{lock}.lock"
    return Step(name, [install_command(folder / "bin" / "python", file)], folder / f"{lock}.stamp", [file])


def _environment_step(name: str, folder: Path, locks: Sequence[str]) -> Step:
    """Return the step that makes an environment of its own from lock files, and stamps it with the name of the last."""
    files = [LOCKS / f"{lock}.lock" for lock in locks]
    commands = [[sys.executable, "-m", "venv", str(folder)]]
    commands += [install_command(folder / "bin" / "python", file) for file in files]
    return Step(name, commands, folder / f"{locks[-1]}.stamp", files)


def run(step: Step) -> bool:
    """Run a step, saying what it does and how long it took; on failure print the end of its output."""
    begun = time.monotonic()
    LOG.parent.mkdir(exist_ok=True)
    step.stamp.unlink(missing_ok=True)
    print(f"setup: {step.name} ...", end="", flush=True)
    for command in step.commands:
        with LOG.open("wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT)
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


def _wait(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(TICK_S)
    except subprocess.TimeoutExpired:
        return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
