"""`make demo`: the whole of it, started, shown and ended; a second one of the same day adds nothing."""

import re
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import psycopg
import pytest
from rich.console import Console

from plugin.local import demo as room
from plugin.local.demo_settings import USERS
from plugin.local.demo_week import WEEK
from plugin.local.postgres import PostgresServer
from stream.contracts.errors import Misconfigured

BEGUN = datetime.now(UTC)
"""When every demo of this file starts, so that midnight does not come between two of them."""


@pytest.fixture(autouse=True)
def own_folder_and_signals(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a folder of the test's own, so that a demo of the user and the signals of this process stay untouched."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(room, "STATE", run_dir / "state")
    yield run_dir / "state"
    signal.signal(signal.SIGTERM, before)


def run(*paths: Path, with_matrix: bool = False) -> str:
    """Return what one demo prints until it ends after the digest."""
    out = Console(file=StringIO(), width=200)
    assert room.run_demo(once=True, paths=paths, console=out, with_matrix=with_matrix, now=lambda: BEGUN) == 0
    assert isinstance(out.file, StringIO)
    return out.file.getvalue()


def test_a_demo_shows_the_digest_and_how_to_log_in_and_leaves_nothing_running(own_folder_and_signals: Path) -> None:
    """A demo prints its timed steps, the supervisor's digest, the page and the accounts, and leaves nothing running."""
    said = run()
    for step in ("kafka", "postgres", "triton", "gateway", "stream", "feedback", "sink", "web"):
        assert re.search(rf"{step}.*\d\.\d s", said), step
    for part in ("Client:", "Respect for Autonomy:", "Stance Alignment:", "Emotional Resonance:"):
        assert part in said
    for part in ("Conversational Orientation:", "What works:", "unvalidated", "Left out", "Risk language"):
        assert part in said
    assert "not a crisis monitor" in said.lower()
    assert re.search(r"The page: http://127\.0\.0\.1:\d+", said)
    assert all(user.name in said and user.sees in said for user in USERS)
    _second_demo_of_the_week_adds_nothing(own_folder_and_signals / "demo")


def _second_demo_of_the_week_adds_nothing(folder: Path) -> None:
    """The week of one day is stored with work in every state, and stays as it is when the demo starts once more."""
    before = _stored(folder)
    run()
    assert _stored(folder) == before
    assert before.pop("sessions") == len(WEEK) - 1, "nothing is published of the one without consent"
    assert before.pop("days") == len({days for days, _ in WEEK.values()})
    assert all(before.values()), before


def _stored(folder: Path) -> dict[str, int]:
    """Return what a database holds that no demo is running on."""
    tables = (
        *("sessions", "decisions", "labels", "notes", "acknowledgements", "disputes", "dispute_steps", "claims"),
        *("criteria", "criterion_answers", "calibrations", "calibration_ratings", "calibration_done", "final_levels"),
    )
    counts = {table: f"SELECT count(*) FROM {table}" for table in tables}
    counts["days"] = "SELECT count(DISTINCT ended_at::date) FROM sessions"
    with (
        PostgresServer(folder / "postgres") as server,
        psycopg.connect(server.url.replace("+psycopg", "")) as connection,
    ):
        return {name: int((connection.execute(query).fetchone() or (0,))[0]) for name, query in counts.items()}


def test_given_conversations_are_accounted_for(tmp_path: Path) -> None:
    """The demo accounts for given conversations: what came in is stored or left out, each with its reason."""
    for name in ("exam-nerves.jsonl", "hello-bye.jsonl"):
        (tmp_path / name).write_bytes((room.SAMPLES / name).read_bytes())
    said = run(tmp_path)
    assert "in: 2 sessions" in said
    assert "left out, no_resistance: 1" in said
    assert "2 in = 1 stored + 1 left out" in said


def test_matrix_users_say_the_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a homeserver its users say the samples, and the digest has what the model made of it.

    It is the one test in which words go all the way from a homeserver to a supervisor, and so starts everything.
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


def test_matrix_users_say_no_conversations_of_others(tmp_path: Path) -> None:
    """A demo with a homeserver and given conversations is refused before anything is started."""
    with pytest.raises(Misconfigured, match="the samples alone"):
        run(tmp_path, with_matrix=True)
