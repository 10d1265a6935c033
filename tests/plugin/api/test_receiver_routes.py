"""Tests of the routes by which an operator's program manages receivers: secrets are shown once, and never stored."""

from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from standardwebhooks import Webhook

from plugin.database.engine import connect
from plugin.queue.token_views import Scope
from stream.runtime.settings import DeliverySettings, Settings, WebSettings
from tests.plugin.api.conftest import Program, Programs
from tests.plugin.web.conftest import OPERATOR, SUPERVISOR

KEY = "ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoM="
ASKED = {"name": "board", "url": "https://board.example/hook", "kinds": ["releases"], "tenant": "helpline"}


@pytest.fixture
def settings() -> Settings:
    """Return settings with the key of stored receivers."""
    return Settings(
        web=WebSettings(session_secret=SecretStr("not a secret outside of the tests")),
        delivery=DeliverySettings(receivers_key=SecretStr(KEY)),
    )


@pytest.fixture
def operator(programs: Programs) -> Program:
    """Return a program of the operator with this scope alone."""
    return programs(OPERATOR, Scope.RECEIVERS_WRITE)


async def added(operator: Program, **changes: object) -> dict[str, Any]:
    """Add a receiver, and return the answer."""
    answer = await operator.post("/receivers", {**ASKED, **changes})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def listed(operator: Program) -> list[dict[str, Any]]:
    """Return the receivers of the list."""
    return list((await operator.get("/receivers")).json()["receivers"])


async def test_a_receiver_is_added_and_its_secret_shown_once(operator: Program, page_database: str) -> None:
    """The answer has the secret; a repeated request, the list and the whole database have it nowhere."""
    first = await operator.post("/receivers", ASKED, key="one")
    secret = first.json()["secret"]
    Webhook(secret)
    again = await operator.post("/receivers", ASKED, key="one")
    assert again.json() == {"receiver_id": first.json()["receiver_id"]}
    (entry,) = await listed(operator)
    assert {name: entry[name] for name in ("name", "url", "kinds", "tenant", "state")} == {**ASKED, "state": "enabled"}
    assert (entry["waiting"], entry["failed"], entry["oldest_waiting"], entry["previous_until"]) == (0, 0, None, None)
    engine = connect(page_database)
    with engine.connect() as connection:
        for table in ("api_replies", "receivers", "audit"):
            assert secret not in str(connection.execute(text(f"SELECT * FROM {table}")).all())
    engine.dispose()


async def test_it_is_rotated_disabled_enabled_and_removed(operator: Program) -> None:
    """Each step answers what it did, and the list shows it; a removed receiver is in it no more."""
    made = await added(operator)
    path = f"/receivers/{made['receiver_id']}"
    rotated = (await operator.post(f"{path}/rotate")).json()
    assert rotated["secret"] not in {made["secret"], None}
    assert (await listed(operator))[0]["previous_until"] is not None
    for step, state in (("disable", "disabled"), ("enable", "enabled")):
        assert (await operator.post(f"{path}/{step}")).json() == {"outcome": "done"}
        assert (await listed(operator))[0]["state"] == state
    since = {"since": "2026-11-01T00:00:00Z"}
    assert (await operator.post(f"{path}/replay", since)).json() == {"notices": 0}
    assert (await operator.post(f"{path}/remove")).json() == {"outcome": "done"}
    assert await listed(operator) == []
    for step in ("rotate", "disable", "enable", "remove"):
        assert (await operator.post(f"{path}/{step}")).status_code == 404
    assert (await operator.post(f"{path}/replay", since)).status_code == 404


async def test_what_cannot_be_stored_is_refused_and_not_repeated(operator: Program) -> None:
    """A name that was used, an address that is none, and a kind that there is not, are refused; nothing is repeated."""
    await added(operator)
    for changes, status, kind in (
        ({}, 409, "receiver-refused"),
        ({"name": "Canary Room"}, 409, "receiver-refused"),
        ({"name": "other", "url": "http://canary.example/"}, 409, "receiver-refused"),
        ({"name": "other", "kinds": ["canary"]}, 400, "invalid-request"),
        ({"name": "other", "kinds": []}, 400, "invalid-request"),
        ({"name": "other", "secret": "canary"}, 400, "invalid-request"),
    ):
        answer = await operator.post("/receivers", {**ASKED, **changes})
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (status, kind), changes
        assert "canary" not in answer.text.lower()
    assert len(await listed(operator)) == 1


async def test_nobody_else_may(programs: Programs) -> None:
    """An operator's token without the scope is refused, and for a supervisor there is nothing here."""
    assert (await programs(OPERATOR, Scope.PEOPLE_WRITE).post("/receivers", ASKED)).status_code == 403
    assert (await programs(SUPERVISOR).post("/receivers", ASKED)).status_code == 404
    assert (await programs(SUPERVISOR).get("/receivers")).status_code == 404


class TestWithoutAKey:
    """A web stage whose settings have no key of receivers."""

    @pytest.fixture
    def settings(self) -> Settings:
        """Return settings without that key."""
        return Settings(web=WebSettings(session_secret=SecretStr("not a secret outside of the tests")))

    async def test_it_says_what_to_set(self, operator: Program) -> None:
        """Nothing is stored, and the answer names the setting."""
        answer = await operator.post("/receivers", ASKED)
        assert answer.status_code == 409
        assert "delivery.receivers_key" in answer.json()["detail"]
        assert await listed(operator) == []
