"""Tests of `counterpoint users`, run as an operator runs it: what it says, and what it does."""

import base64
import re
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select
from typer.testing import CliRunner, Result

from plugin.cli import app
from plugin.database.tables import Account
from plugin.database.viewer import AccountRole
from plugin.queue.provider_accounts import ProviderPerson
from plugin.queue.store import Store
from stream.contracts.errors import Misconfigured
from tests.plugin.samples import KEK, PASSWORD

OTHER_PASSWORD = "another password altogether"


class Counterpoint:
    """The command with the database of a test and one platform in its settings."""

    def __init__(self, engine: Engine) -> None:
        key = base64.b64encode(KEK.secret).decode()
        self._environment = {
            "COUNTERPOINT_DATABASE__URL": engine.url.render_as_string(hide_password=False),
            "COUNTERPOINT_TENANTS": f'{{"sample": {{"pseudonym_key": "{key}"}}}}',
            "COLUMNS": "200",
            "NO_COLOR": "1",
            "TERM": "dumb",
        }

    def __call__(self, *arguments: str, typed: str = "") -> Result:
        """Run `counterpoint users` with these arguments and this on its standard input."""
        return CliRunner().invoke(app, ["users", *arguments], input=typed, env=self._environment)

    def says(self, *arguments: str, typed: str = "") -> str:
        """Run it, and return what it prints."""
        result = self(*arguments, typed=typed)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output


@pytest.fixture
def users(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counterpoint:
    """Return the command with Mara's account, in a folder without settings."""
    monkeypatch.chdir(tmp_path)
    command = Counterpoint(engine)
    command.says("add", "Mara", "--role", "supervisor", "--team", "north", "--display-name", "Mara K.", typed=PASSWORD)
    return command


def test_the_life_of_an_account(users: Counterpoint, store: Store) -> None:
    """An account is added, listed, given another password and teams, disabled, enabled and removed."""
    assert [line.split() for line in users.says("list").splitlines()][1] == [
        *("mara", "Mara", "K.", "supervisor", "north", "may", "log", "in", "here")
    ]
    assert "must log in again" in users.says("password", " MARA ", typed=f"{OTHER_PASSWORD}\n")
    assert store.authenticate("mara", PASSWORD) is None
    assert store.authenticate("mara", OTHER_PASSWORD) is not None
    assert users.says("team", "mara", "--add", "south", "--remove", "north") == "mara is in south.\n"
    assert users.says("team", "mara").startswith("mara is in south.")
    assert "users enable" in users.says("disable", "mara")
    assert "disabled" in users.says("list")
    assert store.authenticate("mara", OTHER_PASSWORD) is None
    users.says("enable", "mara")
    assert store.authenticate("mara", OTHER_PASSWORD) is not None
    assert users.says("remove", "mara", "--yes") == "mara is removed.\n"
    assert "mara" not in users.says("list")


def test_the_list_says_where_an_account_comes_from(users: Counterpoint, store: Store) -> None:
    """An account that a login at a provider has made is listed with its issuer, and gets no password."""
    issuer = "https://id.example/care"
    store.provider_accounts.let_in(ProviderPerson(issuer, "s-1", "erin", "Erin", AccountRole.OPERATOR))
    assert [line.split()[-1] for line in users.says("list").splitlines()[1:]] == [issuer, "here"]
    refused = users("password", "erin", typed=f"{OTHER_PASSWORD}\n")
    assert isinstance(refused.exception, Misconfigured)


@pytest.mark.parametrize("role", ["lead", "auditor"])
def test_a_lead_and_an_auditor_are_added_by_their_role(users: Counterpoint, store: Store, role: str) -> None:
    """The command adds a lead and an auditor, who log in with their role and are listed with it."""
    said = users.says("add", "vera", "--role", role, typed=f"{OTHER_PASSWORD}\n")
    assert said.endswith(f"vera may log in as {role}.\n")
    viewer = store.authenticate("vera", OTHER_PASSWORD)
    assert viewer is not None
    assert viewer.role.value == role
    assert re.search(rf"vera +vera +{role} ", users.says("list"))


def test_a_removal_asks_first(users: Counterpoint, store: Store) -> None:
    """A removal names the person and asks; without a yes nothing is removed."""
    refused = users("remove", "mara", typed="n\n")
    assert refused.exit_code == 1
    assert "Remove mara (Mara K., supervisor)?" in refused.output
    assert store.find_viewer("mara") is not None
    assert "is removed" in users.says("remove", "mara", typed="y\n")


@pytest.mark.parametrize(
    ("arguments", "typed", "sentence"),
    [
        (("password", "nobody"), OTHER_PASSWORD, "no account nobody. `counterpoint users list`"),
        (("disable", "nobody"), "", "no account nobody"),
        (("enable", "nobody"), "", "no account nobody"),
        (("team", "nobody", "--add", "x"), "", "no account nobody"),
        (("remove", "nobody", "--yes"), "", "no account nobody"),
        (("password", "mara"), "short\n", "12 to 1024 characters"),
        (("password", "mara"), "x" * 1025, "12 to 1024 characters"),
        (("add", "vera", "--role", "operator"), "x" * 1025, "12 to 1024 characters"),
        (("add", "mara", "--role", "operator"), OTHER_PASSWORD, "an account mara already"),
        (("add", "vera", "--role", "supervisor", "--tenant", "smaple"), OTHER_PASSWORD, "known: sample"),
        (("add", "vera", "--role", "lead", "--team", "north"), OTHER_PASSWORD, "sees the sessions of every team"),
        (("add", "vera", "--role", "auditor", "--team", "north"), OTHER_PASSWORD, "An auditor sees no session"),
        (("team", "mara", "--remove", "north"), "", "needs a team"),
        (("team", "mara", "--remove", "south"), "", "teams now: north"),
    ],
)
def test_a_mistake_is_a_sentence_that_says_what_to_do(
    users: Counterpoint, engine: Engine, arguments: tuple[str, ...], typed: str, sentence: str
) -> None:
    """A mistake is refused with a sentence that helps, shows no password, and changes nothing."""
    before = rows(engine)
    result = users(*arguments, typed=typed)
    assert isinstance(result.exception, Misconfigured)
    assert sentence in str(result.exception)
    assert not typed.strip() or typed.strip() not in str(result.exception) + result.output
    assert rows(engine) == before


def rows(engine: Engine) -> list[tuple[str, str, int]]:
    """Return name, hash and generation of every account."""
    with Session(engine) as session:
        found = session.exec(select(Account).order_by(col(Account.username))).all()
        return [(row.username, row.password_hash, row.generation) for row in found]


def test_names_cannot_steer_the_terminal(users: Counterpoint, engine: Engine) -> None:
    """A list shows markup and control characters in stored names as text."""
    with Session(engine) as session:
        row = session.exec(select(Account)).one()
        row.display_name = "[bold]\x1b[31mMara"
        session.add(row)
        session.commit()
    shown = users.says("list")
    assert "[bold]\\x1b[31mMara" in shown
    assert "\x1b[31m" not in shown


@pytest.mark.parametrize("command", ["add", "list", "password", "disable", "enable", "team", "remove"])
def test_each_command_explains_itself(users: Counterpoint, command: str) -> None:
    """Every command is named in the help of `users`, and has a help of its own that says what follows from it."""
    assert command in users.says("--help")
    text = users.says(command, "--help")
    assert len(text.split()) > 20
    if command in {"password", "disable", "team", "remove"}:
        assert "login" in text
