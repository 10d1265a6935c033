"""Tests of `counterpoint people`, run as an operator runs it: what it says, and what it does."""

import base64
import json
import re
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from plugin.cli import app
from plugin.queue.account_changes import Accounts
from stream.contracts.errors import Misconfigured
from tests.plugin.conftest import People
from tests.plugin.samples import NOW, TENANT

KEY = base64.b64encode(b"k" * 32).decode()
HEADER = "username,role,counsellor,supervisor\n"


class Counterpoint:
    """The command with the database of a test, and a file of people."""

    def __init__(self, engine: Engine, file: Path) -> None:
        self.file = file
        self.accounts = Accounts(engine, now=lambda: NOW)
        self._environment = {
            "COUNTERPOINT_DATABASE__URL": engine.url.render_as_string(hide_password=False),
            "COUNTERPOINT_TENANTS": json.dumps({TENANT: {"pseudonym_key": KEY}}),
            "COLUMNS": "60",
            "NO_COLOR": "1",
            "TERM": "dumb",
        }

    def __call__(self, *arguments: str, typed: str = "") -> Result:
        """Run `counterpoint people` with these arguments and the file."""
        command = ["people", arguments[0], str(self.file), *arguments[1:]]
        return CliRunner().invoke(app, command, env=self._environment, input=typed)

    def names(self) -> set[str]:
        """Return the user names of all accounts."""
        return {each.username for each in self.accounts.entries()}


@pytest.fixture
def counterpoint(engine: Engine, people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counterpoint:
    """Return the command with people's accounts and a file that names one more, in a folder without settings."""
    del people
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "people.csv"
    file.write_text(f"{HEADER}cleo,therapist,user/9,mara\n")
    return Counterpoint(engine, file)


def test_a_plan_is_read_and_then_applied_by_its_code(counterpoint: Counterpoint) -> None:
    """`plan` changes nothing and ends with a code, by which `apply` asks nothing; another code is refused."""
    planned = counterpoint("plan")
    assert planned.exit_code == 0
    assert "  cleo by mara: no session in 30 days\n" in planned.stdout  # long lines are not broken
    (code,) = re.findall(r"This is the plan ([0-9a-f]{16})\.\n$", planned.stdout)
    assert "cleo" not in counterpoint.names()
    refused = counterpoint("apply", "--plan", "0" * 16).exception
    assert isinstance(refused, Misconfigured)
    assert "Nothing was changed" in str(refused)
    done = counterpoint("apply", "--plan", code)
    assert done.stdout == (
        "Added: 1. Changed: 0. Disabled: 0.\n1 account needs a password, each by `counterpoint users password`: cleo.\n"
    )
    assert "cleo" in counterpoint.names()


def test_without_a_code_the_plan_is_shown_and_asked_about(counterpoint: Counterpoint) -> None:
    """Whoever says no changes nothing; a second run after a yes finds nothing to do and asks nothing."""
    assert "Nothing was changed." in counterpoint("apply", typed="n\n").stdout
    assert "cleo" not in counterpoint.names()
    assert "Added: 1" in counterpoint("apply", typed="y\n").stdout
    again = counterpoint("apply")
    assert again.exit_code == 0
    assert "There is nothing to do." in again.stdout


def test_whoever_cannot_be_placed_is_an_exit_status(counterpoint: Counterpoint) -> None:
    """A plan with a refusal says it and ends with 2, and `apply` changes nothing."""
    counterpoint.file.write_text(f"{HEADER}cleo,therapist,user/9,nobody\ndana,lead,,\n")
    planned = counterpoint("plan")
    assert planned.exit_code == 2
    assert "  cleo: nobody is a supervisor of this user name\n" in planned.stdout
    assert isinstance(counterpoint("apply").exception, Misconfigured)
    assert "dana" not in counterpoint.names()


def test_the_whole_list_is_an_option(counterpoint: Counterpoint) -> None:
    """Only with --disable-absent are those disabled whom the file leaves out; the plan names them before."""
    counterpoint.file.write_text(f"{HEADER}mara,supervisor,,\n")
    assert "left as they are: ana, ben, olga, otto." in counterpoint("plan").stdout
    asked = counterpoint("apply", "--disable-absent", typed="y\n").stdout
    assert "Would be disabled, since the file does not name them (3):\n  ana: therapist\n" in asked
    assert {each.username for each in counterpoint.accounts.entries() if each.is_disabled} == {"ana", "ben", "olga"}
