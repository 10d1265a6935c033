"""The first hour of docs/first-hour.md, run line by line against a demo: what the page shows is what comes.

It is the one demo of the bundled week: what it prints, that a second start of a day adds nothing, and what becomes of
given conversations is shown here.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Final

import psycopg
import pytest
from rich.console import Console

from plugin.local import demo as room
from plugin.local.demo_settings import USERS, demo_secrets
from plugin.local.demo_week import WEEK
from plugin.local.paths import ROOT
from plugin.local.process import Command, Process
from stream.runtime.settings import Settings, load_settings, required_secret
from tests.fixtures.waiting import DEADLOCK_S, wait_until

PAGE: Final = ROOT / "docs" / "first-hour.md"
START: Final = "make demo\n"
"""What the page says to start it; the test runs what the target runs, without the setup of an environment."""
READY: Final = "Serving until Ctrl-C."
DEMO: Final = """
import sys
from datetime import datetime
from pathlib import Path
from rich.console import Console
from plugin.local import demo
demo.STATE = Path.cwd() / ".counterpoint"
begun = datetime.fromisoformat(sys.argv[1])
sys.exit(demo.run_demo(once=False, paths=[], console=Console(width=200), now=lambda: begun))
"""
BEGUN: Final = datetime.now(UTC)
"""When both starts of the demo are, so that midnight does not come between them."""
BLOCK: Final = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class DemoProcess(Process):
    """A demo in a folder of its own, which is ready when it says so."""

    def __init__(self, folder: Path) -> None:
        super().__init__("demo", folder / "log")
        self._folder = folder

    def command(self) -> Command:
        """Say how to run it."""
        env = {**os.environ, "PYTHONUNBUFFERED": "1"}
        return Command([sys.executable, "-c", DEMO, BEGUN.isoformat()], env, self._folder)

    def is_ready(self) -> bool:
        """Ask its log."""
        return READY in self.log.read_text()


@pytest.fixture(scope="module")
def folder(run_dir: Path) -> Path:
    """Return a folder that looks like the repository to who follows the page."""
    folder = run_dir / "first-hour"
    folder.mkdir()
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


@pytest.fixture(scope="module")
def demo(folder: Path) -> Iterator[DemoProcess]:
    """Yield a demo that is ready."""
    demo = DemoProcess(folder)
    demo.launch()
    try:
        wait_until(lambda: demo.is_ready() or not demo.alive, "the demo serves")
        assert demo.alive, demo.tail()
        yield demo
    finally:
        demo.stop()


@pytest.fixture(scope="module")
def followed(demo: DemoProcess, folder: Path) -> subprocess.CompletedProcess[str]:  # noqa: ARG001 - it serves
    """Return what comes of every line that the page says to type, in one shell."""
    script = "".join(f"{content}echo 'END OF {number}'\n" for number, (content, _) in enumerate(blocks()[1:]))
    return subprocess.run(
        ["/bin/bash", "--noprofile", "--norc"],
        input=script,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=DEADLOCK_S,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"},
        check=False,
    )


def blocks() -> list[tuple[str, str]]:
    """Return what the page says to type, each part with what is to come of it."""
    found: list[tuple[str, str]] = []
    for kind, content in BLOCK.findall(PAGE.read_text()):
        if kind == "sh":
            found.append((content, ""))
        else:
            found[-1] = (found[-1][0], content)
    return found


def test_the_page_leads_from_nothing_to_a_moment_in_the_digest(followed: subprocess.CompletedProcess[str]) -> None:
    """Every line that the page says to type is run in one shell, and what it shows comes of it."""
    typed = blocks()
    assert typed[0] == (START, "")
    assert (followed.returncode, followed.stderr) == (0, ""), followed.stdout
    rest = followed.stdout
    for number, (content, shown) in enumerate(typed[1:]):
        came, _, rest = rest.partition(f"END OF {number}\n")
        words = " ".join(came.split())
        assert "error" not in came or "error" in shown, (content, came)
        for line in shown.splitlines():
            assert line in words, (content, line, came)


def test_the_page_needs_nothing_that_debian_lacks() -> None:
    """The page uses no program that Debian installs only on request, beside those that it names."""
    script = "".join(content for content, _ in blocks())
    assert not re.search(r"\b(uuidgen|python3?|jq|xxd|perl)\b", script)


def test_a_demo_shows_the_digest_and_how_to_log_in(demo: DemoProcess) -> None:
    """A demo prints its timed steps, the supervisor's digest, the page and the accounts."""
    said = demo.log.read_text()
    for step in ("kafka", "postgres", "triton", "gateway", "stream", "feedback", "sink", "web"):
        assert re.search(rf"{step}.*\d\.\d s", said), step
    for part in ("Client:", "Respect for Autonomy:", "Stance Alignment:", "Emotional Resonance:"):
        assert part in said
    for part in ("Conversational Orientation:", "What works:", "unvalidated", "Left out", "Risk language"):
        assert part in said
    assert "not a crisis monitor" in said.lower()
    assert re.search(r"The page: http://127\.0\.0\.1:\d+", said)
    assert all(user.name in said and user.sees in said for user in USERS)


@pytest.fixture(scope="module")
def first(followed: subprocess.CompletedProcess[str], folder: Path) -> dict[str, int]:  # noqa: ARG001 - it erases
    """Return what is stored after the first start and the page, before anything is done again."""
    with pytest.MonkeyPatch.context() as patch:
        return stored(settings_of(folder, patch))


def test_a_second_start_of_the_day_adds_nothing(
    first: dict[str, int], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The week is stored with work in every state, and stays as it is when all is done again that a start does.

    It is done on the servers and stages of the first start, which go on.
    """
    settings = settings_of(folder, monkeypatch)
    before = stored(settings)
    said = run_again(settings, folder, monkeypatch)
    assert "The week is stored already" in said
    assert "Respect for Autonomy:" in said
    assert stored(settings) == before
    # The page erases its own conversation at the end.
    assert first["sessions"] == len(WEEK) - 1, "nothing is published of the one without consent"
    assert first["days"] == len({days for days, _ in WEEK.values()})
    assert all(first.values()), first


@pytest.mark.usefixtures("first")
def test_given_conversations_are_accounted_for(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A demo accounts for given conversations, each stored or left out with a reason.

    It is done on the servers and stages of the first start, which go on.
    """
    for name in ("exam-nerves.jsonl", "hello-bye.jsonl"):
        (tmp_path / name).write_bytes((room.SAMPLES / name).read_bytes())
    said = run_again(settings_of(folder, monkeypatch), folder, monkeypatch, tmp_path)
    assert "in: 2 sessions" in said
    assert "left out, no_resistance: 1" in said
    assert "2 in = 1 stored + 1 left out" in said


def settings_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings of the demo in this folder."""
    monkeypatch.setenv("COUNTERPOINT_FILE", str(folder / ".counterpoint" / "demo" / "counterpoint.toml"))
    return load_settings()


def run_again(settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch, *paths: Path) -> str:
    """Do again all that a start does, except starting servers and stages; return what it prints."""
    state = folder / ".counterpoint" / "demo"
    monkeypatch.setattr(room, "stage_processes", lambda *_: [])
    out = StringIO()
    console = Console(file=out, width=200)
    room._run(settings, demo_secrets(state), state, None, once=True, paths=paths, console=console, now=lambda: BEGUN)
    return out.getvalue()


def stored(settings: Settings) -> dict[str, int]:
    """Return what the database of a demo holds."""
    tables = (
        *("sessions", "decisions", "labels", "notes", "acknowledgements", "disputes", "dispute_steps", "claims"),
        *("criteria", "criterion_answers", "calibrations", "calibration_ratings", "calibration_done", "final_levels"),
    )
    counts = {table: f"SELECT count(*) FROM {table}" for table in tables}
    counts["days"] = "SELECT count(DISTINCT ended_at::date) FROM sessions"
    url = required_secret(settings.database.url, "database.url").replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        return {name: int((connection.execute(query).fetchone() or (0,))[0]) for name, query in counts.items()}
