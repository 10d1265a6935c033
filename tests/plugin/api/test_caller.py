"""Tests of who calls: the token in the header alone, its scopes, its end, and the limits of requests and failures."""

import psycopg
import pytest
from fastapi import FastAPI

from plugin.api.caller import Services
from plugin.api.rate import RequestRate
from plugin.queue.store import Store
from plugin.queue.token_views import Scope, new_token
from plugin.web.attempts import MAX_FAILURES, MAX_FAILURES_OF_ADDRESS
from tests.plugin.api.conftest import Program, Programs
from tests.plugin.web.conftest import PASSWORD, SUPERVISOR, WAITING, Browser

PROBLEM = "application/problem+json"


async def test_without_a_token_nothing_is_answered(programs: Programs) -> None:
    """A request without a token is a 401 that asks for one, as a problem document."""
    answer = await programs().get("/me")
    assert (answer.status_code, answer.headers["content-type"]) == (401, PROBLEM)
    assert answer.headers["www-authenticate"] == 'Bearer realm="counterpoint"'
    assert answer.json() == {
        "type": "urn:counterpoint:problem:no-token",
        "title": "This needs a token.",
        "status": 401,
    }


@pytest.mark.parametrize("header", ["Basic bWFyaWE6cGFzcw==", "Bearer", "bearer  ", "cp_", ""])
async def test_another_kind_of_login_is_none(programs: Programs, header: str) -> None:
    """A header that holds no bearer token is no login."""
    answer = await programs().client.get("/api/v1/me", headers={"Authorization": header})
    assert answer.status_code == 401


@pytest.mark.parametrize("token", ["cp_", "cp_" + "0" * 64, "cp_" + "G" * 64, "words", "\u00e4", "x" * 8000])
async def test_an_unknown_token_is_refused(programs: Programs, token: str) -> None:
    """A token that we have not made is a 401 that does not repeat it."""
    program = programs()
    headers = {"Authorization": f"Bearer {token}".encode()}
    answer = await program.client.get("/api/v1/me", headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="counterpoint", error="invalid_token"'
    assert token not in answer.text


async def test_a_missing_scope_is_named(programs: Programs) -> None:
    """A token without the scope is a 403 whose header names it."""
    program = programs(SUPERVISOR, Scope.SESSIONS_READ)
    answer = await program.post(f"/sessions/{WAITING.session_id}/claim")
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:counterpoint:problem:missing-scope")
    assert answer.headers["www-authenticate"].endswith('error="insufficient_scope", scope="sessions.review"')


async def test_a_login_on_the_pages_is_no_login_here(programs: Programs) -> None:
    """The cookie of a person who is logged in does not authenticate, and the API sets and reads no cookie."""
    client = programs().client
    browser = Browser(client)
    assert (await browser.log_in(SUPERVISOR, PASSWORD)).status_code == 303
    assert client.cookies
    for answer in (await client.get("/api/v1/me"), await client.post("/api/v1/releases", json={})):
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers


async def test_no_other_site_may_read_or_ask(supervisor: Program) -> None:
    """A browser's question whether another site may send a token is not answered with yes."""
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    answer = await supervisor.client.options("/api/v1/releases", headers=asked)
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("change", ["expires_at = now()", "revoked_at = now()", "generation = generation + 1"])
async def test_a_token_that_is_over_is_refused(supervisor: Program, page_database: str, change: str) -> None:
    """An expired, a revoked and an ended token are refused in the same words as an unknown one."""
    with psycopg.connect(page_database.replace("+psycopg", "")) as connection:
        connection.execute(f"UPDATE api_tokens SET {change}")
    answer = await supervisor.get("/me")
    assert (answer.status_code, answer.json()["title"]) == (401, "This token is not valid.")


async def test_a_wrong_token_ends_its_own_attempts_first(programs: Programs, supervisor: Program) -> None:
    """A program that repeats a wrong token waits after five tries, while a valid token is answered at its address."""
    supervisor.token, valid = new_token(), supervisor.token
    statuses = [(await supervisor.get("/me")).status_code for _ in range(MAX_FAILURES + 1)]
    assert statuses == [401] * MAX_FAILURES + [429]
    supervisor.token = valid
    assert (await supervisor.get("/me")).status_code == 200
    assert (await programs().get("/me")).status_code == 401


async def test_a_guesser_waits(programs: Programs) -> None:
    """An address from which many different wrong tokens come waits, and is told for how long."""
    program = programs()
    for _ in range(MAX_FAILURES_OF_ADDRESS):
        program.token = new_token()
        assert (await program.get("/me")).status_code == 401
    program.token = new_token()
    answer = await program.get("/me")
    assert (answer.status_code, answer.json()["type"]) == (429, "urn:counterpoint:problem:too-many")
    assert 1 <= int(answer.headers["retry-after"]) <= 600


async def test_failures_are_on_the_trail_in_numbers(supervisor: Program, store: Store, page_database: str) -> None:
    """Tokens that were not valid are among the failed logins of the trail: by account if it is known."""
    with psycopg.connect(page_database.replace("+psycopg", "")) as connection:
        connection.execute("UPDATE api_tokens SET expires_at = now()")
    await supervisor.get("/me")
    supervisor.token = new_token()
    await supervisor.get("/me")
    store.write_failed_logins(whole=True)
    with psycopg.connect(page_database.replace("+psycopg", "")) as connection:
        found = connection.execute(
            "SELECT outcome, object_id = '' FROM audit WHERE purpose = 'login' AND outcome LIKE 'denied%' ORDER BY 2"
        ).fetchall()
    assert found == [("denied 1 time", False), ("denied 1 time", True)]


class NoFailures:
    """A count of failures that refuses nobody."""

    def begin(self, _token: str, _address: str) -> float:
        """Begin an attempt."""
        return 0.0

    def end(self, _token: str, _address: str, *, failed: bool) -> None:
        """End an attempt."""


async def test_each_token_has_its_own_rate(app: FastAPI, programs: Programs, store: Store) -> None:
    """A token above its rate is a 429 that says when to come back; another token of the person is answered."""
    mounted = next(route for route in app.routes if getattr(route, "name", "") == "api")
    services = Services(store, NoFailures(), RequestRate(per_minute=2))
    mounted.app.state.services = services  # type: ignore[attr-defined]
    one, other = programs(SUPERVISOR), programs(SUPERVISOR)
    assert [(await one.get("/me")).status_code for _ in range(3)] == [200, 200, 429]
    assert 1 <= int((await one.get("/me")).headers["retry-after"]) <= 60
    assert (await other.get("/me")).status_code == 200
