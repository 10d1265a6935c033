"""A small program under the launcher: listens on a port, starts a helper in a session of its own, obeys or not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from plugin.local import process
from plugin.local.loopback import free_ports, is_listening
from plugin.local.process import READY_S, Command, Process

PROGRAM = """
import os, signal, socket, subprocess, sys, time
port, stubborn, secret = int(sys.argv[1]), sys.argv[2] == "stubborn", os.environ["SECRET"]
signal.signal(signal.SIGTERM, signal.SIG_IGN if stubborn else lambda *_: sys.exit(7))
deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
helper = subprocess.Popen([sys.executable, "-c", deaf], start_new_session=True)
listener = socket.create_server(("127.0.0.1", port))
print("helper", helper.pid, flush=True)
while True:
    time.sleep(600)
"""


class Scripted(Process):
    """The program above; ready when its port accepts."""

    def __init__(self, data_dir: Path, *, stubborn: bool = False, ready_s: float = READY_S) -> None:
        super().__init__("scripted", data_dir, ready_s=ready_s)
        (self.port,) = free_ports(1)
        self.code = PROGRAM
        self.python = sys.executable
        self._manner = "stubborn" if stubborn else "obedient"

    def command(self) -> Command:
        """Run the program with a secret in its environment."""
        argv = [self.python, "-c", self.code, str(self.port), self._manner]
        return Command(argv, {"SECRET": "not-for-show"}, self.data_dir, remove=[str(self.data_dir / "leftover*")])

    def is_ready(self) -> bool:
        """Return whether something accepts connections on the port."""
        return is_listening(self.port)

    @property
    def supervisor(self) -> int:
        """The process id of the program's supervisor."""
        assert isinstance(self._supervisor, subprocess.Popen)
        return self._supervisor.pid

    @property
    def helper(self) -> int:
        """The process id of the program's helper."""
        return int(self.tail().split("helper ")[1].split()[0])


def exists(pid: int | None) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    # A run of its own, to be killed by the test: starts the program and waits for the end of its input.
    setattr(process, "GRACE_S", 0.2)  # noqa: B010 - a constant to mypy; the program ignores the stop signal
    with Scripted(Path(sys.argv[1]), stubborn=True) as scripted:
        sys.stdout.write(f"{scripted.port} {scripted.pid} {scripted.helper} {scripted.supervisor}\n")
        sys.stdout.flush()
        os.read(0, 1)
