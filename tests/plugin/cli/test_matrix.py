"""Tests of `counterpoint matrix registration`: a file that a homeserver reads, whose secrets nobody else does."""

import base64
import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from plugin.cli import app
from stream.contracts.errors import Misconfigured

TOKENS = ["0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"]
HARBOUR: dict[str, Any] = {
    "platform": "matrix",
    "webhook_secrets": TOKENS,
    "pseudonym_key": base64.b64encode(b"k" * 32).decode(),
    "consent": {"channels": ["*"]},
    "matrix": {"user": "@counterpoint:example.org", "counsellors": [r"@counsellor-.*:example\.org"]},
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder without settings, in which the command runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, tenant: dict[str, Any] = HARBOUR, url: str = "https://counterpoint.example/") -> Result:
    """Write a registration with these further arguments, for the tenant `harbour`."""
    command = ["matrix", "registration", "harbour", "counterpoint.yaml", "--url", url, *arguments]
    return CliRunner().invoke(app, command, env={"COUNTERPOINT_TENANTS": json.dumps({"harbour": tenant})})


def written(folder: Path) -> dict[str, Any]:
    """Return the registration that was written, as a homeserver reads it."""
    found: dict[str, Any] = yaml.safe_load((folder / "counterpoint.yaml").read_text())
    return found


def refusal(result: Result) -> str:
    """Return the sentence with which the command refused."""
    assert isinstance(result.exception, Misconfigured)
    return str(result.exception)


def test_a_homeserver_can_read_what_is_written(folder: Path) -> None:
    """The file has every part that a homeserver asks for, and names no rooms but those of Counterpoint's own user."""
    result = run()
    assert result.exit_code == 0, result.exception
    made = written(folder)
    as_token = made.pop("as_token")
    assert made == {
        "id": "counterpoint-harbour",
        "url": "https://counterpoint.example/v1/harbour",
        "hs_token": TOKENS[-1],
        "sender_localpart": "counterpoint",
        "rate_limited": False,
        "namespaces": {"users": [], "aliases": [], "rooms": []},
    }
    assert re.fullmatch("[0-9a-f]{64}", as_token)


def test_its_secrets_are_its_owners_alone(folder: Path) -> None:
    """The file can be read by its owner alone, and neither of its tokens is printed."""
    output = run().output
    assert stat.S_IMODE((folder / "counterpoint.yaml").stat().st_mode) == 0o600
    made = written(folder)
    assert not any(made[token] in output for token in ("as_token", "hs_token"))


def test_a_file_is_never_replaced(folder: Path) -> None:
    """A file that is there stays as it is, since a homeserver may be using it; each new one has a token of its own."""
    run()
    before = (folder / "counterpoint.yaml").read_text()
    assert "counterpoint.yaml exists already" in refusal(run())
    assert (folder / "counterpoint.yaml").read_text() == before
    (folder / "counterpoint.yaml").rename(folder / "old.yaml")
    run()
    assert (folder / "counterpoint.yaml").read_text() != before


@pytest.mark.parametrize(
    ("name", "is_meant"),
    [
        ("@counsellor-mira:example.org", True),
        ("@counsellor-mira:example.org.evil.example", False),
        ("@xcounsellor-mira:example.org", False),
    ],
)
def test_rooms_of_counsellors_are_read_where_that_is_asked(folder: Path, name: str, is_meant: bool) -> None:
    """With --counsellors the users are a namespace that others may use too, matched from one end to the other."""
    run("--counsellors")
    ((users,), []) = (written(folder)["namespaces"][kind] for kind in ("users", "aliases"))
    assert users["exclusive"] is False
    assert bool(re.match(users["regex"], name)) == is_meant


def test_rooms_of_an_alias_are_read_where_that_is_asked(folder: Path) -> None:
    """With --alias rooms are read that have one; several may be given."""
    run("--alias", r"#talk-\d+:example\.org", "--alias", '#a"b:example.org')
    aliases = written(folder)["namespaces"]["aliases"]
    assert [each["regex"] for each in aliases] == [r"(?:#talk-\d+:example\.org)$", '(?:#a"b:example.org)$']


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"platform": "rocketchat", "matrix": {}}, 'its platform is not "matrix"'),
        ({"matrix": {}}, "matrix.user is not set"),
        ({"matrix": {"user": "@counterpoint:example.org"}}, "matrix.counsellors is not set"),
        ({"webhook_secrets": []}, "webhook_secrets is not set"),
        ({"webhook_secrets": ["short"]}, "at least 20 characters"),
    ],
)
def test_a_tenant_that_would_not_work_gets_no_file(folder: Path, changes: dict[str, Any], why: str) -> None:
    """Nothing is written for a tenant with which the gateway would not start."""
    assert why in refusal(run(tenant=HARBOUR | changes))
    assert list(folder.iterdir()) == []


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("url", ["http://counterpoint.example", "counterpoint.example", "ftp://127.0.0.1"])
def test_words_and_token_do_not_travel_in_clear(url: str) -> None:
    """An address without TLS is refused, unless it is this machine's own."""
    assert "https" in refusal(run(url=url))
    assert run(url="http://127.0.0.1:8010").exit_code == 0


def test_a_folder_that_is_not_there_is_said(folder: Path) -> None:
    """A file that cannot be made is a sentence."""
    command = ["matrix", "registration", "harbour", "no/such.yaml", "--url", "https://counterpoint.example"]
    result = CliRunner().invoke(app, command, env={"COUNTERPOINT_TENANTS": json.dumps({"harbour": HARBOUR})})
    assert "no/such.yaml cannot be written" in refusal(result)
    assert list(folder.iterdir()) == []


def test_the_help_says_whose_words_are_read() -> None:
    """The help says how consent is given and withdrawn, and what the file's secrets are."""
    result = CliRunner().invoke(app, ["matrix", "registration", "--help"], env={"COLUMNS": "300"})
    said = " ".join(result.output.split())
    for words in ("gives a client's consent", "whoever removes it withdraws it", "app_service_config_files"):
        assert words in said
