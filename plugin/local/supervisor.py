"""Runs one program and takes it, and all it started, down with the process that asked for it.

A SIGKILLed demo or test run cannot clean up after itself. So each program is started by this small process, which
holds the reading end of a pipe: end of file means that the other side is gone, however it went. It is the child
subreaper of what it starts, so it also finds grandchildren that made a session of their own.

Spoken on standard input: one line of JSON (argv, env, cwd, uid, gid, stop_signal, grace_s, remove), then one byte for
each signal to pass on. Answered on standard output: the program's process id. Standard error is the program's log.

Runs with the bare interpreter (``python -I -S``): only the standard library, nothing of ours.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
SIGNALLED = 128  # a shell's way to say "ended by signal n": 128 + n
CANNOT_START = 127

_prctl = ctypes.CDLL(None, use_errno=True).prctl


def main() -> int:
    """Start the program, pass signals on, and return its exit status (128 + n for signal n)."""
    spec = read_spec()
    if spec is None:
        return 0
    try:
        program = _start(spec)
    except OSError as error:
        sys.stderr.write(f"cannot start {spec['argv'][0]}: {error}\n")
        return CANNOT_START
    return supervise(program.pid, spec)


def read_spec() -> dict[str, Any] | None:
    """Return what to run, and become what may supervise it; None if the parent went away before it said so."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # The end of the pipe is what counts. A handler, not SIG_IGN: the program would inherit that.
        signal.signal(number, lambda *_: None)
    _prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    line = _read_line()
    return json.loads(line) if line.endswith(b"\n") else None


def supervise(pid: int, spec: dict[str, Any]) -> int:
    """Answer the program's process id, watch it to its end, take down what it left, and return its exit status."""
    os.write(1, b"%d\n" % pid)
    os.close(1)
    try:
        code = _watch(pid, spec["stop_signal"], spec["grace_s"])
    finally:
        _kill_all(pid)
        for pattern in spec["remove"]:
            for path in Path(pattern).parent.glob(Path(pattern).name):
                path.unlink(missing_ok=True)
    return SIGNALLED - code if code < 0 else code


def end_with_parent() -> None:
    """Have the kernel kill the calling process when its parent ends, for the case that somebody kills a supervisor."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _read_line() -> bytes:
    """Read standard input byte by byte up to the line's end: what follows it are signals."""
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(0, 1)):
        line += byte
    return line


def _start(spec: dict[str, Any]) -> subprocess.Popen[bytes]:
    # As another user without root's supplementary groups; None and None: as we are.
    groups = None if spec["uid"] is None else [spec["gid"]]
    return subprocess.Popen(  # noqa: S603 - the parent says what to run: that is the purpose
        spec["argv"],
        env=spec["env"],
        cwd=spec["cwd"],
        user=spec["uid"],
        group=spec["gid"],
        extra_groups=groups,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        start_new_session=True,
        preexec_fn=end_with_parent,  # noqa: PLW1509 - one thread; it runs after the change of user, which would undo it
    )


def _watch(pid: int, stop_signal: int, grace_s: float) -> int:
    """Return the program's exit code when it has ended; stop it when the parent is gone."""
    ended = os.pidfd_open(pid)
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    poll.register(0, select.POLLIN)
    deadline: float | None = None
    while True:
        left_ms = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
        ready = [fd for fd, _ in poll.poll(left_ms)]
        if ended in ready:
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if 0 in ready:
            commands = os.read(0, 64)
            for number in commands:
                os.kill(pid, number)
            if not commands:
                poll.unregister(0)
                os.kill(pid, stop_signal)
                deadline = time.monotonic() + grace_s
        elif not ready:
            os.kill(pid, signal.SIGKILL)
            deadline = None


def _kill_all(group: int) -> None:
    """Kill what the program left behind: its process group, then every descendant, which is now our child."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
    while True:
        for pid in _children(os.getpid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children(parent: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            # pid (name) state ppid ...: the name may hold blanks and brackets.
            fields = status.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == parent:
            found.append(int(status.parent.name))
    return found


if __name__ == "__main__":
    sys.exit(main())
