"""The small process between us and a program ends the program when its own parent goes away, however that went."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from plugin.local.loopback import is_listening
from plugin.local.paths import ROOT
from plugin.local.process import SUPERVISOR
from plugin.local.supervisor import CANNOT_START, _children
from tests.fixtures.waiting import DEADLOCK_S, eventually
from tests.plugin.local.scripted import exists


def test_a_killed_run_leaves_no_process_and_no_port(tmp_path: Path) -> None:
    """Killing the run with SIGKILL ends the program and its helper, even if both ignore SIGTERM."""
    with _run(tmp_path) as run:
        port, *pids = _report(run)
        run.kill()
    assert eventually(lambda: not any(map(exists, pids)))
    assert not is_listening(port)


def test_a_killed_supervisor_takes_the_program_along(tmp_path: Path) -> None:
    """Killing the supervisor itself ends the program too."""
    with _run(tmp_path) as run:
        port, program, helper, supervisor = _report(run)
        os.kill(supervisor, signal.SIGKILL)
        assert eventually(lambda: not exists(program))
        assert not is_listening(port)
        os.kill(helper, signal.SIGKILL)
        run.kill()


def test_a_parent_that_dies_before_it_says_what_to_run_starts_nothing() -> None:
    """End of file instead of an order, or half an order, is no order."""
    for order in (b"", b'{"argv": ["'):
        assert _supervise(order).returncode == 0


def test_the_programs_status_is_the_supervisors() -> None:
    """An end by itself keeps its status; an end by signal n is 128 + n, as in a shell."""
    assert _supervise(_order("raise SystemExit(5)"), keep_open=True).returncode == 5
    killed = _supervise(_order("import os; os.kill(os.getpid(), 9)"), keep_open=True)
    assert killed.returncode == 128 + signal.SIGKILL


def test_a_program_that_cannot_be_run_is_logged() -> None:
    """The log says why; the status is a shell's for it; no process id is answered."""
    order = json.loads(_order(""))
    order["argv"] = ["/no/such/program"]
    done = _supervise(json.dumps(order).encode() + b"\n")
    assert done.returncode == CANNOT_START
    assert b"cannot start /no/such/program" in done.stderr
    assert done.stdout == b""


def test_what_the_program_writes_goes_to_the_log_and_its_number_to_the_parent() -> None:
    """Standard output and error are one log."""
    code = "import os, sys; print(os.getpid(), flush=True); sys.stderr.write('complaint')"
    done = _supervise(_order(code), keep_open=True)
    assert done.stderr == done.stdout + b"complaint"


def test_a_program_that_outlives_its_grace_is_killed() -> None:
    """The parent is gone, the program ignores the stop signal: it ends all the same."""
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    run = subprocess.Popen(_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with run:
        assert run.stdin is not None
        assert run.stderr is not None
        run.stdin.write(_order(code))
        run.stdin.flush()
        assert run.stderr.readline() == b"deaf\n"
        run.stdin.close()
        assert run.wait(DEADLOCK_S) == 128 + signal.SIGKILL


def test_the_programs_start_with_ordinary_signals() -> None:
    """The started programs inherit no signal handling of the supervisor: Ctrl-C and SIGTERM work in them."""
    code = "import signal as s; print(s.getsignal(s.SIGTERM) == s.SIG_DFL, s.getsignal(s.SIGHUP) == s.SIG_DFL)"
    assert _supervise(_order(code), keep_open=True).stderr == b"True True\n"


def test_children_are_found_by_their_parent() -> None:
    """Names with blanks and brackets do not mislead."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert child.pid in _children(os.getpid())
        assert os.getpid() in _children(os.getppid())
        assert child.pid not in _children(os.getppid())
        assert child.stdin is not None
        child.stdin.write(b"\n")


_COMMAND = [sys.executable, "-I", "-S", str(SUPERVISOR)]


def _order(code: str) -> bytes:
    order: dict[str, object] = {
        "argv": [sys.executable, "-c", code],
        "env": {},
        "cwd": "/",
        "uid": None,
        "gid": None,
        "stop_signal": int(signal.SIGTERM),
        "grace_s": 0.1,
        "remove": [],
    }
    return json.dumps(order).encode() + b"\n"


def _supervise(order: bytes, *, keep_open: bool = False) -> subprocess.CompletedProcess[bytes]:
    """Run a supervisor to its end; with ``keep_open`` its parent stays until then."""
    read, write = os.pipe()
    os.write(write, order)
    if not keep_open:
        os.close(write)
    done = subprocess.run(_COMMAND, stdin=read, capture_output=True, timeout=DEADLOCK_S, check=False)
    os.close(read)
    if keep_open:
        os.close(write)
    return done


def _run(data_dir: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.plugin.local.scripted", str(data_dir)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _report(run: subprocess.Popen[str]) -> list[int]:
    """Port, program, helper and supervisor, as the run prints them."""
    assert run.stdout is not None
    return [int(word) for word in run.stdout.readline().split()]
