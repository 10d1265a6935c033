"""Tests of the web stage as a whole: its settings, its failures, its start and its shutdown."""

import asyncio
import base64
import json
import re
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from plugin import use_policy
from plugin.local.loopback import free_ports
from plugin.local.stage_process import StageProcess
from plugin.queue.store import Store
from plugin.web.app import create_app
from plugin.web.attempts import MAX_FAILURES
from stream.contracts.errors import Misconfigured, Unavailable
from stream.runtime.settings import Settings, WebSettings
from tests.fixtures.waiting import DEADLOCK_S
from tests.plugin.web.conftest import RELEASED, SUPERVISOR, Browser, address


@pytest.mark.parametrize("secret", [None, "", "short"])
def test_without_a_good_secret_it_refuses_to_start(store: Store, secret: str | None) -> None:
    """A missing or short session secret stops the start with an error that names the setting, never its value."""
    web = WebSettings(session_secret=None if secret is None else SecretStr(secret))
    with pytest.raises(Misconfigured, match=r"web\.session_secret") as refusal:
        create_app(Settings(web=web), store)
    assert "short" not in str(refusal.value).replace("is too short", "")


async def test_on_loopback_the_demo_may_do_without_https(store: Store) -> None:
    """Without `cookie_secure` the login cookie has neither the Secure flag nor the `__Host-` prefix that demands it."""
    web = WebSettings(session_secret=SecretStr("not a secret outside of the tests"), cookie_secure=False)
    app = create_app(Settings(web=web, demo=True), store)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        cookie = (await client.get("/login")).headers["set-cookie"]
    assert cookie.startswith("counterpoint=")
    assert "secure" not in cookie.lower()
    assert "httponly; samesite=strict" in cookie.lower()


@pytest.mark.parametrize(("demo", "times"), [(True, 1), (False, 0)])
async def test_the_demo_says_that_nobody_in_it_is_real(
    settings: Settings, store: Store, demo: bool, times: int
) -> None:
    """Every page of the demo, even the login, says that its conversations are samples; other pages do not."""
    app = create_app(settings.model_copy(update={"demo": demo}), store)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://page.example") as client:
        page = (await client.get("/login")).text
    assert page.count("every conversation here is a sample written by us") == times


def away(*_arguments: object, **_more: object) -> None:
    """Stand in for a method of the store while PostgreSQL does not answer."""
    raise Unavailable("the database")


async def test_a_page_without_a_database_says_why(
    supervisor: Browser, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page without a database is a 503 that says nothing is lost and when to try again."""
    monkeypatch.setattr(app.state.services.store, "waiting", away)
    answer = await supervisor.get("/")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "60"
    assert "Nothing is lost" in answer.text


async def test_the_pages_say_that_they_are_alive_and_nothing_more(browser: Browser) -> None:
    """Readiness and metrics are not among the pages, since whoever reaches a page would read them."""
    assert (await browser.get("/healthz")).json() == {"status": "alive"}
    assert [(await browser.get(path)).status_code for path in ("/readyz", "/metrics")] == [404, 404]


async def test_an_unexpected_exception_is_a_page_without_details(
    supervisor: Browser, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected exception becomes a page without its type or message, with an id that finds it in the log."""

    def broken(*_arguments: object, **_more: object) -> None:
        raise ValueError("words of a client")

    monkeypatch.setattr(app.state.services.store, "open", broken)
    answer = await supervisor.get(address(RELEASED.session_id))
    assert answer.status_code == 500
    assert "words of a client" not in answer.text
    assert "ValueError" not in answer.text
    assert answer.headers["x-request-id"] in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_refused(supervisor: Browser, method: str) -> None:
    """A request with another HTTP method is answered by a 405 page of our own."""
    answer = await supervisor.client.request(method, "/")
    assert answer.status_code == 405
    assert "That did not work" in answer.text


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/static/", "/static/../app.py", "/favicon.ico"])
async def test_nothing_but_the_pages_is_served(supervisor: Browser, path: str) -> None:
    """The application serves no API description, no directory listing and no file outside of its static folder."""
    assert (await supervisor.get(path)).status_code == 404


async def test_the_style_is_ours_and_complete(browser: Browser) -> None:
    """The style sheet loads nothing else and has dark colours."""
    style = (await browser.get("/static/style.css")).text
    assert "url(" not in style
    assert "@import" not in style
    assert "prefers-color-scheme: dark" in style


@pytest.fixture
def stage(page_database: str, run_dir: Path, request: pytest.FixtureRequest) -> StageProcess:
    """Return the stage as an operator starts it, with this test's database."""
    port, health_port = free_ports(2)
    env = {
        "COUNTERPOINT_DATABASE__URL": page_database,
        "COUNTERPOINT_DATABASE__KEY_ENCRYPTION_KEY": base64.b64encode(bytes(range(32))).decode(),
        "COUNTERPOINT_WEB__PORT": str(port),
        "COUNTERPOINT_HEALTH__WEB_PORT": str(health_port),
        "COUNTERPOINT_WEB__SESSION_SECRET": "not a secret outside of the tests",
        "COUNTERPOINT_LOG_LEVEL": "debug",
    }
    folder = run_dir / request.node.name
    return StageProcess("web", folder, env=env, health_url=f"http://127.0.0.1:{health_port}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_stage_serves_and_ends_in_good_order(stage: StageProcess, number: signal.Signals) -> None:
    """The stage says once how it may be used, exits with status 0 on a signal and logs only in our own format."""
    with stage:
        page = httpx.get(f"http://127.0.0.1:{stage._env['COUNTERPOINT_WEB__PORT']}/login?words-of-a-client")
        assert page.status_code == 200
        assert "server" not in page.headers
        stage.send_signal(number)
        assert stage.wait(timeout_s=DEADLOCK_S) == 0
    lines = stage.log.read_text().splitlines()
    said = [json.loads(line)["policy"] for line in lines if '"event": "use_policy"' in line]
    assert said == [use_policy.CORE]
    assert any('"route": "/login"' in line for line in lines)
    assert not [line for line in lines if not line.startswith("{") or "words-of-a-client" in line]


def test_a_running_stage_believes_nobody_and_leaves_the_failures_on_the_trail(
    stage: StageProcess, page_database: str
) -> None:
    """A stage without trusted proxies ignores X-Forwarded-For from loopback too, and writes failures as it ends."""
    stage._env["COUNTERPOINT_WEB__COOKIE_SECURE"] = "false"
    page = f"http://127.0.0.1:{stage._env['COUNTERPOINT_WEB__PORT']}"
    answers = []
    with stage, httpx.Client(base_url=page) as client:
        for number in range(MAX_FAILURES + 2):
            token = re.search(r'name="csrf" value="([^"]+)"', client.get("/login").text)
            assert token is not None
            form = {"csrf": token[1], "username": SUPERVISOR, "password": "wrong password"}
            answers.append(
                client.post("/login", data=form, headers={"X-Forwarded-For": f"198.51.100.{number}"}).status_code
            )
        stage.send_signal(signal.SIGTERM)
        assert stage.wait(timeout_s=DEADLOCK_S) == 0
    assert answers == [401] * MAX_FAILURES + [429, 429]
    with psycopg.connect(page_database.replace("+psycopg", "")) as connection:
        outcomes = connection.execute("SELECT outcome FROM audit WHERE purpose = 'login'").fetchall()
    assert outcomes == [(f"denied {MAX_FAILURES} times",)]


async def test_failures_are_written_while_the_stage_runs(
    app: FastAPI, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the application runs failures are written again and again, also after the database was away."""
    written = asyncio.Event()
    calls = iter([Unavailable("the database")])

    def write(*, whole: bool = False) -> None:
        del whole
        if trouble := next(calls, None):
            raise trouble
        if not loop.is_closed():  # the store writes once more when it is closed
            loop.call_soon_threadsafe(written.set)

    loop = asyncio.get_running_loop()
    monkeypatch.setattr("plugin.web.app.TRAIL_EVERY_S", 0.001)
    monkeypatch.setattr(store, "write_failed_logins", write)
    async with app.router.lifespan_context(app), asyncio.timeout(DEADLOCK_S):
        await written.wait()


async def test_a_login_in_one_browser_is_none_in_another(browsers: Callable[[], Browser]) -> None:
    """A login in one browser does not log in another browser."""
    one, other = browsers(), browsers()
    await one.log_in(SUPERVISOR)
    assert (await other.get("/")).status_code == 303
    assert (await one.get("/")).status_code == 200
