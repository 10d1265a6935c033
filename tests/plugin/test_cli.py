"""The `counterpoint` command: help that teaches, errors that are sentences."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from plugin.cli import app
from stream.runtime.logging import get_logger
from tests.fixtures.command import Done, run_command
from tests.fixtures.waiting import DEADLOCK_S

COMMANDS = [
    "gateway",
    "stream",
    "feedback",
    "measures",
    "sink",
    "web",
    "hear",
    "deliver",
    "reconcile",
    "up",
    "topics",
    "migrate",
    "check",
    "digest",
    "replay",
    "users",
    "people",
    "status",
    "dead-letters",
    "receivers",
    "export",
    "corpora",
    "outcomes",
    "practice",
    "study",
]
CANARY = "canary-secret"
TERMINAL = {"COLUMNS": "200", "NO_COLOR": "1"}
"""Of a wide terminal without colour."""


def help_of(*command: str) -> str:
    """Return what `--help` prints, on a wide terminal and without colour."""
    result = CliRunner().invoke(app, [*command, "--help"], env=TERMINAL | {"TERM": "dumb"})
    assert result.exit_code == 0
    return result.output


def process(*arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a process in a folder of its own, without settings of this machine."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COUNTERPOINT_")}
    root = Path(__file__).resolve().parents[2]
    return subprocess.run(
        [sys.executable, "-m", "plugin.cli", *arguments],
        cwd=cwd,
        env=clean | {"PYTHONPATH": str(root)} | TERMINAL | env,
        capture_output=True,
        text=True,
        timeout=DEADLOCK_S,
        check=False,
    )


@pytest.fixture
def counterpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Return a function that runs a command in this process, in an empty folder and without settings of this machine.

    A process for each would load all modules anew, and shows no more: the tests of the exit statuses start one.
    """
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("COUNTERPOINT_")]:
        monkeypatch.delenv(name)
    return lambda *arguments, **env: run_command(*arguments, env=TERMINAL | env)


def test_help_names_every_command_and_the_scope() -> None:
    """The help names every command, and says what Counterpoint is and what it is not."""
    text = help_of()
    for command in COMMANDS:
        assert command in text
    for part in ("after the session", "Not a crisis monitor", "not a diagnosis", "not a performance record"):
        assert part in text
    assert "demo" not in text.split()


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command: str) -> None:
    """Each command explains itself in a sentence of its own."""
    assert len(help_of(command).split()) > 12


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("replay", ["mibot", "annomi", "jsonl", "max", "Consent is asserted"]),
        ("digest", ["--for", "--since", "seven days"]),
        ("deliver", ["--once", "mail", "webhook", "no key of any text", "risk signals"]),
        ("hear", ["risk.reader", "only stage", "five minutes", "docs/risk-signal.md"]),
        ("reconcile", ["--once", "Chatwoot", "twelve hours", "withdrawn or erased"]),
        ("measures", ["measures.enabled", "reader", "numbers and labels"]),
        ("up", ["Ctrl-C", "started again"]),
        ("topics", ["fixed for life"]),
        ("status", ["lag", "dead letters", "Status 0", "--json"]),
        ("dead-letters replay", ["--policy", "--limit", "--dry-run", "consent", "each once"]),
        ("export reviews", ["--purpose", "--with-text", "docs/export.md", "Example: counterpoint export reviews"]),
        ("export training", ["consent.secondary_use", "prepare", "Example: counterpoint export training"]),
        ("export person", ["own password", "gets no words", "Example: counterpoint export person"]),
        ("dead-letters show", ["--text", "--reason", "password", "trail"]),
    ],
)
def test_help_teaches_what_a_user_must_know(command: str, words: list[str]) -> None:
    """The help explains formats, units and consequences."""
    text = help_of(*command.split())
    for word in words:
        assert word in text


def test_nothing_to_do_prints_the_help(tmp_path: Path) -> None:
    """Rather than an error."""
    done = process(cwd=tmp_path)
    assert "Usage" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        (["migrate"], "COUNTERPOINT_DATABASE__URL"),
        (["sink"], "COUNTERPOINT_DATABASE__"),
        (["web"], "COUNTERPOINT_"),
        (["gateway"], "tenants"),
        (["measures"], "measures.enabled"),
        (["deliver"], "delivery.mail.host"),
        (["hear"], "tenants.NAME.risk.reader"),
        (["reconcile"], "chatwoot.api_url"),
        (["digest", "--for", "someone"], "COUNTERPOINT_DATABASE__"),
    ],
)
def test_a_missing_secret_is_a_sentence_and_status_2(
    counterpoint: Callable[..., Done], arguments: list[str], missing: str
) -> None:
    """A missing secret gives a sentence that says what to set, and a status of 2."""
    done = counterpoint(*arguments)
    assert done.returncode == 2
    assert missing in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_is_named_and_not_shown(tmp_path: Path) -> None:
    """A wrong setting is named, and its value is not shown, in every command."""
    done = process("topics", cwd=tmp_path, COUNTERPOINT_KAFKA__PARTITIONS=CANARY)
    assert done.returncode == 2
    assert "kafka.partitions" in done.stderr
    assert CANARY not in done.stderr + done.stdout


def test_an_unavailable_broker_is_reported_with_exit_status_1(tmp_path: Path) -> None:
    """Trying again may help."""
    done = process("topics", cwd=tmp_path, COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert done.returncode == 1
    assert "unavailable" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_logged_meanwhile_is_no_part_of_the_answer(
    counterpoint: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warning that is logged while a command runs goes to stderr, so a program can read stdout as JSON."""

    def collect_and_warn(_settings: object, *, now: datetime) -> SimpleNamespace:
        get_logger().warning("asked_again", count=2)
        return SimpleNamespace(as_json=lambda: {"day": now.isoformat()}, troubles=())

    monkeypatch.setattr("plugin.operations.status.collect_status", collect_and_warn)
    done = counterpoint("status", "--json")
    assert done.returncode == 0
    assert list(json.loads(done.stdout)) == ["day"]
    assert json.loads(done.stderr)["event"] == "asked_again"


def test_check_reports_every_problem_with_its_remedy(counterpoint: Callable[..., Done]) -> None:
    """The check reports every problem with its remedy, so one problem does not hide the next."""
    done = counterpoint(
        "check",
        COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS="127.0.0.1:1",
        COUNTERPOINT_FEEDBACK__TRITON_URL="127.0.0.1:1",
        COUNTERPOINT_DATABASE__URL=f"postgresql+psycopg://u:{CANARY}@127.0.0.1:1/d",
    )
    assert done.returncode == 1
    for about in ("settings", "tenants", "key encryption key", "login cookie", "broker", "database", "model"):
        assert about in done.stdout
    assert "openssl rand -base64 32" in done.stdout
    assert CANARY not in done.stdout + done.stderr


def test_an_unknown_role_is_refused_with_the_choices(counterpoint: Callable[..., Done]) -> None:
    """An unknown role is refused with the list of choices."""
    done = counterpoint("users", "add", "ann", "--role", "boss")
    assert done.returncode == 2
    assert "supervisor" in done.stderr
