"""Tests of the receivers that an operator lists and tries by name."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook
from typer.testing import CliRunner

from plugin.cli import app
from plugin.local.loopback import free_ports
from plugin.outbound.named_receivers import named_receivers, try_receiver
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import Settings
from tests.plugin.outbound.servers import webhook_server
from tests.plugin.outbound.test_webhook import SECRET


def settings(url: str, **changes: Any) -> Settings:
    """Return settings with a receiver of risk signals, one of digests, and a platform that takes no signals."""
    receiver = {"url": url, "secrets": [SECRET]}
    tenants = {"riverside": {"risk": {"receiver": receiver}}, "meadow": {}}
    return Settings.model_validate({"tenants": tenants, "delivery": {"webhooks": {"chat": receiver}}} | changes)


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def test_every_receiver_has_a_name() -> None:
    """The receivers are those of the settings, each with what it gets and its place in the settings."""
    found = [(each.name, each.purpose, each.place) for each in named_receivers(settings("https://a.example/"))]
    assert found == [
        ("riverside/risk", "risk signals of riverside", "tenants.riverside.risk.receiver"),
        ("chat", "digests", "delivery.webhooks.chat"),
    ]


@pytest.mark.parametrize("name", ["riverside/risk", "chat"])
def test_a_test_is_signed_and_speaks_of_nobody(name: str) -> None:
    """A test is a request like any other, which the receiver verifies; it says that it is one, and nothing else."""
    with webhook_server() as hook:
        hook.statuses.append(200)
        assert try_receiver(settings(hook.url), name, now).words == "it answered 200"
    ((headers, body),) = hook.requests
    assert Webhook(SECRET).verify(body, headers)["type"] == "receiver.test"
    assert json.loads(body)["data"] == {"note": "A test that an operator sent. Nothing has happened."}


def test_an_unknown_receiver_is_answered_with_those_that_there_are() -> None:
    """A name that no receiver has is refused with the names that there are."""
    with pytest.raises(Misconfigured, match="the settings name riverside/risk, chat"):
        try_receiver(settings("https://a.example/"), "meadow/risk", now)


def test_the_commands_list_and_try_and_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list shows names, addresses and the number of secrets; a test that is not taken ends with status 1."""
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
