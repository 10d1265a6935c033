"""`make demo` with Matrix users; tests/e2e/test_first_hour.py has that of the samples and of given conversations."""

import signal
import subprocess
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from plugin.local import demo as room
from stream.contracts.errors import Misconfigured


@pytest.fixture(autouse=True)
def _own_folder_and_signals(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let each demo have a folder of the tests, so that a demo of the user and the signals of this process stay."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(room, "STATE", run_dir / "state")
    yield
    signal.signal(signal.SIGTERM, before)


def run(*paths: Path, with_matrix: bool = False) -> str:
    """Return what one demo prints until it ends after the digest."""
    out = Console(file=StringIO(), width=200)
    assert room.run_demo(once=True, paths=paths, console=out, with_matrix=with_matrix) == 0
    assert isinstance(out.file, StringIO)
    return out.file.getvalue()


def test_matrix_users_say_the_samples(run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a homeserver its users say the samples, and the digest has what the model made of it.

    It is the one test in which words go all the way from a homeserver to a supervisor, and so starts everything. It
    leaves nothing running.
    """
    for name in ("exam-nerves.jsonl", "no-consent.jsonl", "changed-my-mind.jsonl"):
        (tmp_path / name).write_bytes((room.SAMPLES / name).read_bytes())
    monkeypatch.setattr(room, "SAMPLES", tmp_path)
    said = run(with_matrix=True)
    assert "3 talks of Matrix users, 2 of them with Counterpoint" in said
    assert "in: 2 sessions" in said
    assert "2 in = 1 stored + 1 left out" in said
    assert "Respect for Autonomy:" in said
    assert "The homeserver: http://127.0.0.1:" in said
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(run_dir / "state") not in running


def test_matrix_users_say_no_conversations_of_others(tmp_path: Path) -> None:
    """A demo with a homeserver and given conversations is refused before anything is started."""
    with pytest.raises(Misconfigured, match="the samples alone"):
        run(tmp_path, with_matrix=True)
