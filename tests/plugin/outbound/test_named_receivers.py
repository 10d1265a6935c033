"""Tests of the receivers that an operator adds, lists and tries by name, with the commands."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine
from standardwebhooks import Webhook
from typer.testing import CliRunner, Result

from plugin.cli import app
from plugin.local.loopback import free_ports
from plugin.outbound.named_receivers import named_receivers, try_receiver
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import Settings
from tests.plugin.outbound.servers import webhook_server
from tests.plugin.outbound.test_webhook import SECRET

KEY = "ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoM="


def settings(url: str, **changes: Any) -> Settings:
    """Return settings with a receiver of risk signals, and a platform that takes none."""
    receiver = {"url": url, "secrets": [SECRET]}
    tenants = {"riverside": {"risk": {"receiver": receiver}}, "meadow": {}}
    return Settings.model_validate({"tenants": tenants} | changes)


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def test_every_receiver_of_the_settings_has_a_name() -> None:
    """The receivers are those of risk signals, each with what it gets and its place in the settings."""
    found = [(each.name, each.purpose, each.tenant, each.place) for each in named_receivers(settings("https://a.b/"))]
    assert found == [("riverside/risk", "risk signals", "riverside", "tenants.riverside.risk.receiver")]


def test_a_test_is_signed_and_speaks_of_nobody() -> None:
    """A test is a request like any other, which the receiver verifies; it says that it is one, and nothing else."""
    with webhook_server() as hook:
        hook.statuses.append(200)
        assert try_receiver(settings(hook.url), "riverside/risk", now).words == "it answered 200"
    ((headers, body),) = hook.requests
    assert Webhook(SECRET).verify(body, headers)["type"] == "receiver.test"
    assert json.loads(body)["data"] == {"note": "A test that an operator sent. Nothing has happened."}


def test_an_unknown_receiver_is_answered_with_those_that_there_are() -> None:
    """A name that no receiver has is refused with the names that there are, and the key that stored ones need."""
    with pytest.raises(Misconfigured, match=r"the settings name riverside/risk, and delivery\.receivers_key is not"):
        try_receiver(settings("https://a.example/"), "meadow/risk", now)


def test_the_list_of_the_settings_needs_no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list shows names and addresses and no secret; a test that is not taken ends with status 1."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}/"
    receiver = {"url": url, "secrets": [SECRET]}
    monkeypatch.setenv("COUNTERPOINT_TENANTS", json.dumps({"riverside": {"risk": {"receiver": receiver}}}))
    listed = CliRunner().invoke(app, ["receivers", "list"], env={"COLUMNS": "200"})
    assert "riverside/risk" in listed.output
    assert url in listed.output
    assert SECRET not in listed.output
    tried = CliRunner().invoke(app, ["receivers", "test", "riverside/risk"])
    assert (tried.exit_code, tried.output) == (1, "riverside/risk: it does not answer.\n")


class Commands:
    """The commands on a database, as its owner runs them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = {"COLUMNS": "200", **environment}

    def __call__(self, *arguments: str) -> Result:
        """Run one of them."""
        return CliRunner().invoke(app, ["receivers", *arguments], env=self._environment)


@pytest.fixture
def commands(engine: Engine, queue_url: str) -> Commands:
    """Return the commands on an empty database, in whose settings receivers on loopback are allowed."""
    del engine
    return Commands(
        {
            "COUNTERPOINT_DATABASE__URL": queue_url,
            "COUNTERPOINT_DELIVERY__RECEIVERS_KEY": KEY,
            "COUNTERPOINT_DELIVERY__PRIVATE_NETWORKS": '["127.0.0.0/8"]',
        }
    )


def test_the_commands_store_a_receiver_from_beginning_to_end(commands: Commands) -> None:
    """A receiver is added, tried, listed, rotated, disabled, enabled, told again and removed, by its name."""
    with webhook_server() as hook:
        added = commands("add", "board", "--url", hook.url, "--gets", "releases", "--gets", "digests")
        secret = added.stdout.strip()
        assert added.exit_code == 0, added.output
        assert commands("test", "board").output == "board: it answered 204.\n"
        ((headers, body),) = hook.requests
        assert Webhook(secret).verify(body, headers)["type"] == "receiver.test"
        rotated = commands("rotate", "board").stdout.strip()
        commands("test", "board")
        headers, body = hook.requests[-1]
        for each in (secret, rotated):
            Webhook(each).verify(body, headers)
    listed = commands("list").output
    assert "board" in listed
    assert "digests, releases" in listed
    assert "every one" in listed
    assert "enabled" in listed
    assert secret not in listed
    assert commands("disable", "board").output == "board is disabled.\n"
    assert "disabled" in commands("list").output
    assert commands("enable", "board").output == "board is enabled.\n"
    assert commands("replay", "board", "--since", "2026-11-01").output == "0 notices for board will be sent again.\n"
    assert commands("remove", "board").output == "board is removed.\n"
    assert "board" not in commands("list").output


def test_what_cannot_be_is_a_sentence(commands: Commands) -> None:
    """An unknown kind, platform or name, and a bad address, are refused in a sentence, and nothing is stored."""
    for arguments, wrong in (
        (("add", "board", "--url", "https://b.example/", "--gets", "risk"), "releases or digests"),
        (("add", "board", "--url", "https://b.example/", "--gets", "releases", "--tenant", "x"), "x"),
        (("add", "board", "--url", "http://b.example/", "--gets", "releases"), "https://host/path"),
        (("rotate", "board"), "There is no stored receiver board"),
        (("test", "board"), "There is no receiver board"),
    ):
        done = commands(*arguments)
        assert isinstance(done.exception, Misconfigured), arguments
        assert wrong in str(done.exception)
    assert "board" not in commands("list").output


def test_a_receiver_in_a_private_network_is_not_asked(engine: Engine, queue_url: str) -> None:
    """A test of a receiver on loopback says that its network is not allowed, unless the settings allow it."""
    del engine
    closed = Commands({"COUNTERPOINT_DATABASE__URL": queue_url, "COUNTERPOINT_DELIVERY__RECEIVERS_KEY": KEY})
    with webhook_server() as hook:
        closed("add", "board", "--url", hook.url, "--gets", "releases")
        done = closed("test", "board")
        assert (done.exit_code, hook.requests) == (1, [])
    assert "delivery.private_networks" in done.output
