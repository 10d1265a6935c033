"""Tests of `counterpoint tokens`, run as an operator runs it: what it says, and what it does."""

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from plugin.cli import app
from plugin.database.engine import utc_now
from plugin.queue.store import Store
from plugin.queue.token_views import Scope
from stream.contracts.errors import Misconfigured
from tests.plugin.conftest import People
from tests.plugin.samples import KEK


class Counterpoint:
    """The command with the database of a test."""

    def __init__(self, engine: Engine) -> None:
        self._environment = {
            "COUNTERPOINT_DATABASE__URL": engine.url.render_as_string(hide_password=False),
            "COLUMNS": "200",
            "NO_COLOR": "1",
            "TERM": "dumb",
        }

    def __call__(self, *arguments: str) -> Result:
        """Run `counterpoint tokens` with these arguments."""
        return CliRunner().invoke(app, ["tokens", *arguments], env=self._environment)

    def says(self, *arguments: str) -> str:
        """Run it, and return what it prints on standard output."""
        result = self(*arguments)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.stdout


@pytest.fixture
def tokens(engine: Engine, people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counterpoint:
    """Return the command with people's accounts, in a folder without settings."""
    del people
    monkeypatch.chdir(tmp_path)
    return Counterpoint(engine)


def test_the_life_of_a_token(tokens: Counterpoint, engine: Engine) -> None:
    """A token is printed alone, works, is listed without its secret, and is over once it is revoked."""
    with Store(engine, KEK, now=utc_now) as store:
        printed = tokens.says("create", "Mara", "--scope", "sessions.read", "--scope", "disputes.write", "--days", "2")
        token = printed.strip()
        assert re.fullmatch(r"cp_[0-9a-f]{64}\n", printed)
        used = store.tokens.use(token)
        assert used is not None
        assert used.scopes == {Scope.SESSIONS_READ, Scope.DISPUTES_WRITE}
        listed = tokens.says("list")
        assert [word in listed for word in (str(used.token_id), "mara", "disputes.write sessions.read", "valid")] == [
            *(True, True, True, True),
        ]
        assert token[3:] not in listed
        assert f"{used.token_id} is revoked." in tokens.says("revoke", str(used.token_id))
        assert "revoked" in tokens.says("list")
        assert store.tokens.use(token) is None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("create", "mara", "--scope", "everything"), "There is no scope everything"),
        (("create", "nobody", "--scope", "sessions.read"), "No account nobody may log in"),
        (("create", "mara", "--scope", "sessions.read", "--days", "400"), "1 to 365 days"),
        (("revoke", "00000000-0000-4000-8000-000000000000"), "There is no such token"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(tokens: Counterpoint, arguments: tuple[str, ...], sentence: str) -> None:
    """A wrong scope, name, time or id ends with a sentence."""
    error = tokens(*arguments).exception
    assert isinstance(error, Misconfigured)
    assert sentence in str(error)


def test_a_token_needs_a_scope(tokens: Counterpoint) -> None:
    """Without a scope the command says which option is missing."""
    result = tokens("create", "mara")
    assert result.exit_code == 2
    assert "--scope" in result.output
