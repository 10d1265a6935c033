"""Local processes: starting them, waiting for them, their logs, and stopping them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Protocol, Self

from stream.contracts.errors import CounterpointError, Misconfigured

SUPERVISOR: Final = Path(__file__).with_name("supervisor.py")
POLL_S: Final = 0.05
TAIL_BYTES: Final = 4_000
"""How much of the log an error quotes: enough for a Java stack trace."""
GRACE_S: Final = 10.0
"""Between the stop signal and SIGKILL. Triton, the slowest to end, takes 3 s."""
READY_S: Final = 300.0
"""Seconds for a program to become ready: 3 to 10 on an idle machine, many times that on a busy one.

A program that ends is reported at once.
"""
KILL_S: Final = 10.0
"""How long the kernel may take to end a killed program and what it started."""


class NotStarted(CounterpointError):  # noqa: N818 - named like its siblings, by what happened
    """A local process did not come up; the text says why and quotes the end of its log."""


class MissingRequirement(Misconfigured):
    """A requirement that the machine or the setup lacks; the text names the command that provides it."""


@dataclass(frozen=True)
class OsUser:
    """The operating-system user a program runs as, where it may not run as root."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Command:
    """The command line of a program. Its environment may hold secrets and stays out of `repr`."""

    argv: Sequence[str]
    env: Mapping[str, str] = field(repr=False)
    cwd: Path
    os_user: OsUser | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    remove: Sequence[str] = ()
    """Glob patterns of files to remove once the program is gone."""


class Supervisor(Protocol):
    """What a process uses of its running `supervisor.py`; each member is as in `subprocess.Popen`."""

    stdin: IO[bytes] | None
    stdout: IO[bytes] | None

    def poll(self) -> int | None:
        """Return the exit status, None before the end."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, and return the exit status."""


class Process(ABC):
    """A program with a name, a log file and a ready check; starts again on the same ports after its end."""

    def __init__(self, name: str, data_dir: Path, *, ready_s: float = READY_S) -> None:
        """``data_dir`` is kept between runs; ``ready_s`` is how many seconds the program has to become ready."""
        self.name = name
        self.data_dir = data_dir.resolve()
        self.ready_s = ready_s
        self.log = self.data_dir / f"{name}.log"
        self.pid: int | None = None
        self._supervisor: Supervisor | None = None
        self._log_start: int | None = None

    @abstractmethod
    def command(self) -> Command:
        """Prepare the data directory where it is new, and say what to run."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Ask the program itself, within a second or so; a refused connection is simply not ready."""

    @property
    def alive(self) -> bool:
        """Whether the program runs; says nothing about readiness."""
        return self._supervisor is not None and self._supervisor.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The program's last exit status (128 + n after signal n), None while it runs or before it ran."""
        return None if self._supervisor is None else self._supervisor.poll()

    def start(self) -> Self:
        """Start the program and wait until it is ready.

        Raises:
            NotStarted: it ended early or was not ready in time; nothing of it is left.
            Missing: the machine lacks something it needs.
        """
        self.launch()
        try:
            self.wait_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def launch(self) -> None:
        """Start the program without waiting for readiness."""
        if self.alive:
            raise RuntimeError(f"{self.name} runs already")
        self.data_dir.mkdir(parents=True, exist_ok=True)
        command = self.command()
        # A new object begins a new log; a restart goes on in it, so that a run has one log a process.
        with self.log.open("wb" if self._log_start is None else "ab") as log:
            self._log_start = log.tell()
            supervisor = self._start_supervisor(log)
        assert supervisor.stdin  # noqa: S101 - both pipes were asked for above
        assert supervisor.stdout  # noqa: S101
        self._supervisor, self.pid = supervisor, None
        supervisor.stdin.write(_spec(command))
        supervisor.stdin.flush()
        with supervisor.stdout as answer:
            line = answer.readline()
        if line:
            self.pid = int(line)

    def _start_supervisor(self, log: IO[bytes]) -> Supervisor:
        return subprocess.Popen(  # noqa: S603 - our own file, by our own interpreter
            [sys.executable, "-I", "-S", str(SUPERVISOR), self.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd="/",
            start_new_session=True,  # Ctrl-C in the terminal is for the parent alone
        )

    def wait_ready(self) -> None:
        """Wait for the ready check.

        Raises:
            NotStarted: the program ended, or its time is over.
        """
        deadline = time.monotonic() + self.ready_s
        while True:
            if not self.alive:
                raise NotStarted(
                    f"{self.name} ended with status {self.exit_code}; the end of {self.log}:\n{self.tail()}"
                )
            if self.is_ready():
                return
            if time.monotonic() > deadline:
                raise NotStarted(
                    f"{self.name} was not ready within {self.ready_s:g} s; the end of {self.log}:\n{self.tail()}"
                )
            time.sleep(POLL_S)

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the program alone (not to what it started)."""
        if self._supervisor is not None and self._supervisor.stdin is not None:
            with contextlib.suppress(BrokenPipeError, ValueError):  # it has just ended
                os.write(self._supervisor.stdin.fileno(), bytes([number]))

    def wait(self, timeout_s: float) -> int:
        """Wait for the program's own end and return its exit status.

        Raises:
            subprocess.TimeoutExpired: it still runs.
        """
        if self._supervisor is None:
            raise RuntimeError(f"{self.name} was never started")
        code = self._supervisor.wait(timeout_s)
        if self._supervisor.stdin is not None:
            self._supervisor.stdin.close()
        return code

    def stop(self) -> None:
        """Ask the program to end and wait; kill it when its grace is over. Does nothing if it does not run."""
        if self._supervisor is None:
            return
        # The end of the pipe is the order to stop: the same path as when this process is killed.
        if self._supervisor.stdin is not None:
            self._supervisor.stdin.close()
        self._supervisor.wait()

    def kill(self) -> None:
        """SIGKILL the program, then whatever it started, and wait until all of it is gone."""
        self.send_signal(signal.SIGKILL)
        if self._supervisor is not None:
            self.wait(KILL_S)

    def restart(self) -> Self:
        """Stop the program if it runs, and start it again on the same data and ports."""
        self.stop()
        return self.start()

    def tail(self) -> str:
        """Return the end of what the program has logged since its last start."""
        with self.log.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_start or 0, size - TAIL_BYTES))
            return log.read().decode(errors="replace")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def run_once(
    argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, os_user: OsUser | None = None, timeout_s: float = READY_S
) -> str:
    """Run a short program to its end and return its output.

    Raises:
        NotStarted: it failed; with what it wrote on standard error.
        subprocess.TimeoutExpired: it took longer than ``timeout_s`` and was killed.
    """
    done = subprocess.run(  # noqa: S603 - programs and arguments are ours
        argv,
        env=dict(env),
        cwd=cwd,
        user=os_user.uid if os_user else None,
        group=os_user.gid if os_user else None,
        extra_groups=[os_user.gid] if os_user else None,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    if done.returncode:
        raise NotStarted(f"{Path(argv[0]).name} ended with status {done.returncode}:\n{done.stderr}")
    return done.stdout


def _spec(command: Command) -> bytes:
    """Encode a command as the line that the supervisor reads."""
    os_user = command.os_user
    spec = {
        "argv": list(command.argv),
        "env": dict(command.env),
        "cwd": str(command.cwd),
        "uid": os_user.uid if os_user else None,
        "gid": os_user.gid if os_user else None,
        "stop_signal": int(command.stop_signal),
        "grace_s": GRACE_S,
        "remove": list(command.remove),
    }
    return json.dumps(spec).encode() + b"\n"
