"""Every local process is started, awaited, logged and stopped in one way, and never outlives who started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from plugin.local import process as process_module
from plugin.local.loopback import is_listening
from plugin.local.process import Command, NotStarted, OsUser, run_once
from tests.fixtures.waiting import DEADLOCK_S
from tests.plugin.local.scripted import Scripted, exists


def test_start_returns_when_the_program_is_ready_and_stop_when_it_is_gone(tmp_path: Path) -> None:
    """Between start and stop the program serves; afterwards neither it nor its port nor its helper is left."""
    program = Scripted(tmp_path)
    with program:
        assert is_listening(program.port)
        helper = program.helper
        assert exists(program.pid)
        assert exists(helper)
    assert not program.alive
    assert not exists(program.pid)
    assert not exists(helper)
    assert not is_listening(program.port)


def test_the_exit_status_is_the_programs_own(tmp_path: Path) -> None:
    """A program that ends on the stop signal by itself says with which status."""
    program = Scripted(tmp_path)
    assert program.exit_code is None
    program.start()
    assert program.exit_code is None
    program.stop()
    assert program.exit_code == 7


def test_a_program_that_ignores_the_stop_signal_is_killed_when_its_grace_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stop comes back in bounded time, whatever the program does."""
    monkeypatch.setattr(process_module, "GRACE_S", 0.1)
    program = Scripted(tmp_path, stubborn=True).start()
    program.stop()
    assert program.exit_code == 128 + signal.SIGKILL
    assert not exists(program.pid)


def test_kill_takes_what_the_program_started_with_it(tmp_path: Path) -> None:
    """SIGKILL is not passed on by the kernel; the supervisor does, also into another session."""
    program = Scripted(tmp_path, stubborn=True).start()
    helper = program.helper
    program.kill()
    assert program.exit_code == 128 + signal.SIGKILL
    assert not exists(program.pid)
    assert not exists(helper)


def test_a_signal_reaches_the_program_alone(tmp_path: Path) -> None:
    """A test can end one stage with SIGTERM and look at how it ended."""
    program = Scripted(tmp_path).start()
    program.send_signal(signal.SIGTERM)
    assert program.wait(DEADLOCK_S) == 7
    assert not program.alive


def test_waiting_for_a_program_that_goes_on_times_out(tmp_path: Path) -> None:
    """Waiting for a program that does not end times out, and the program continues."""
    with Scripted(tmp_path) as program:
        with pytest.raises(subprocess.TimeoutExpired):
            program.wait(0.05)
        assert program.alive


def test_stop_and_kill_of_what_does_not_run_do_nothing(tmp_path: Path) -> None:
    """Clean-up code may call them at any time, and twice."""
    program = Scripted(tmp_path)
    program.stop()
    program.kill()
    program.start()
    program.stop()
    program.stop()
    program.kill()
    assert program.exit_code == 7


def test_waiting_for_what_was_never_started_is_a_mistake(tmp_path: Path) -> None:
    """Waiting for a process that was never started raises an error, because there is no status to return."""
    with pytest.raises(RuntimeError, match="never started"):
        Scripted(tmp_path).wait(1)


def test_a_second_start_is_a_mistake(tmp_path: Path) -> None:
    """A second start of one process object raises an error, because the first process would be lost."""
    with Scripted(tmp_path) as program, pytest.raises(RuntimeError, match="runs already"):
        program.start()


def test_restart_keeps_the_port_and_goes_on_in_the_log(tmp_path: Path) -> None:
    """Clients find the restarted program where it was; one run has one log."""
    with Scripted(tmp_path) as program:
        first = program.pid
        program.restart()
        assert program.pid != first
        assert is_listening(program.port)
        assert program.log.read_text().count("helper") == 2
        assert program.tail().count("helper") == 1


def test_a_killed_program_starts_again(tmp_path: Path) -> None:
    """Fault tests kill and start the same object."""
    program = Scripted(tmp_path).start()
    program.kill()
    with program:
        assert is_listening(program.port)


def test_a_new_run_begins_a_new_log(tmp_path: Path) -> None:
    """Logs of a persistent data directory do not grow from run to run."""
    for _ in range(2):
        with Scripted(tmp_path) as program:
            assert program.log.read_text().count("helper") == 1


def test_an_early_end_is_reported_with_status_and_log(tmp_path: Path) -> None:
    """An early end of the program is reported at once, with its status and its log."""
    program = Scripted(tmp_path)
    program.code = "import sys; print('the disk is full'); sys.exit(3)"
    with pytest.raises(NotStarted, match=r"(?s)scripted ended with status 3.*the disk is full"):
        program.start()
    assert not program.alive


def test_a_program_that_is_not_ready_in_time_is_reported_and_ended(tmp_path: Path) -> None:
    """The ready check has a deadline, and nothing half started is left."""
    program = Scripted(tmp_path, ready_s=0.3)
    program.code = "import time; print('thinking', flush=True); time.sleep(600)"
    with pytest.raises(NotStarted, match=r"(?s)not ready within 0.3 s.*thinking"):
        program.start()
    assert not program.alive
    assert not exists(program.pid)


def test_a_program_that_does_not_exist_is_reported_by_name(tmp_path: Path) -> None:
    """The error names the file that cannot be run."""
    program = Scripted(tmp_path)
    program.python = str(tmp_path / "no-such-python")
    with pytest.raises(NotStarted, match=r"cannot start .*no-such-python"):
        program.start()
    assert program.pid is None


def test_what_a_program_leaves_behind_is_removed(tmp_path: Path) -> None:
    """Named files go with the program, however it ends."""
    program = Scripted(tmp_path).start()
    (tmp_path / "leftover-1").touch()
    (tmp_path / "kept").touch()
    program.kill()
    assert not (tmp_path / "leftover-1").exists()
    assert (tmp_path / "kept").exists()


def test_secrets_in_the_environment_do_not_show(tmp_path: Path) -> None:
    """The environment is shown neither in the representation of the command nor in the process list."""
    with Scripted(tmp_path) as program:
        assert "not-for-show" not in repr(program.command())
        for pid in (program.pid, program.supervisor):
            assert b"not-for-show" not in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_ctrl_c_in_the_terminal_is_for_the_parent_alone(tmp_path: Path) -> None:
    """Supervisor and program are in sessions of their own, so that the parent ends them in its order."""
    with Scripted(tmp_path) as program:
        assert program.pid is not None
        sessions = {os.getsid(0), os.getsid(program.pid), os.getsid(program.supervisor)}
        assert len(sessions) == 3


def test_a_short_program_gives_its_output_or_its_error(tmp_path: Path) -> None:
    """A program that runs once gives its output, or an error that quotes it."""
    assert run_once([sys.executable, "-c", "print('made')"], env={}, cwd=tmp_path) == "made\n"
    with pytest.raises(NotStarted, match=r"(?s)ended with status 4:.*no space"):
        run_once([sys.executable, "-c", "import sys; sys.stderr.write('no space'); sys.exit(4)"], env={}, cwd=tmp_path)


def test_a_command_may_name_the_account_it_runs_as(tmp_path: Path) -> None:
    """The account that a command names is passed to the supervisor as two numbers, and no account as none."""
    command = Command(["true"], {}, tmp_path, os_user=OsUser(1, 2))
    assert b'"uid": 1, "gid": 2' in process_module._spec(command)
    assert b'"uid": null, "gid": null' in process_module._spec(Command(["true"], {}, tmp_path))
