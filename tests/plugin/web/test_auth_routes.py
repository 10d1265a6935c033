"""Tests of login and logout: valid passwords, the cookie, the CSRF token and the limit on failures."""

import asyncio
import re
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from plugin.database.viewer import Viewer
from plugin.queue.account_changes import Accounts
from plugin.queue.accounts import MAX_NAME
from plugin.queue.passwords import MAX_PASSWORD
from plugin.queue.store import Store
from plugin.web.app import create_app
from plugin.web.attempts import MAX_FAILURES, MAX_FAILURES_OF_ADDRESS, Visitor
from plugin.web.login_queue import MAX_IN_LANE
from stream.contracts.errors import Unavailable
from stream.runtime.settings import Settings, WebSettings
from tests.fixtures.waiting import DEADLOCK_S
from tests.plugin.web.conftest import PASSWORD, SUPERVISOR, WAITING, Browser, Clock, address


@asynccontextmanager
async def open_browser(app: FastAPI, address: str) -> AsyncIterator[Browser]:
    """Open a browser without cookies at an address."""
    transport = httpx.ASGITransport(app, client=(address, 40000))
    async with httpx.AsyncClient(transport=transport, base_url="https://page.example") as client:
        yield Browser(client)


def without_token(page: str) -> str:
    """Return a page without its CSRF token, which differs from visit to visit."""
    return re.sub(r'name="csrf" value="[^"]+"', "", page)


async def test_a_person_with_the_password_gets_in(browser: Browser) -> None:
    """A person with the right password is logged in and sees their name and role."""
    answer = await browser.log_in(SUPERVISOR)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    page = (await browser.get("/")).text
    assert "Maria Keller" in page
    assert "supervisor" in page


@pytest.mark.parametrize(
    ("username", "password"),
    [(SUPERVISOR, "wrong password"), ("nobody", PASSWORD), ("", ""), ("nul\0", PASSWORD), ("\U0001f644", "x" * 900)],
)
async def test_a_failed_login_has_the_same_page_for_every_cause(browser: Browser, username: str, password: str) -> None:
    """A failed login has the same page for every cause, without what was typed."""
    wrong = await browser.log_in(SUPERVISOR, "some other password")
    answer = await browser.log_in(username, password)
    assert answer.status_code == 401
    assert without_token(answer.text) == without_token(wrong.text)
    assert (await browser.get("/")).status_code == 303


@pytest.mark.parametrize("form", [{"username": "x" * (MAX_NAME + 1)}, {"password": "x" * (MAX_PASSWORD + 1)}])
async def test_a_form_with_too_long_values_is_refused(browser: Browser, form: dict[str, str]) -> None:
    """A login form with too long values is answered by a page of our own that does not repeat them."""
    await browser.get("/login")
    answer = await browser.post("/login", **form)
    assert answer.status_code == 400
    assert "xxxx" not in answer.text


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(browser: Browser) -> None:
    """The login cookie is HttpOnly, Secure, SameSite=Strict and bound to this host."""
    answer = await browser.log_in(SUPERVISOR)
    (cookie,) = [each for each in answer.headers.get_list("set-cookie") if "device" not in each.partition("=")[0]]
    name, *flags = [part.strip().lower() for part in cookie.split(";")]
    assert name.startswith("__host-counterpoint=")
    assert {"httponly", "secure", "samesite=strict", "path=/", "max-age=28800"} == set(flags)


@pytest.mark.parametrize("character", ["x", "\U0001f644"])
async def test_the_longest_password_that_can_be_set_can_be_typed(
    browser: Browser, store: Store, character: str
) -> None:
    """The form takes every password that can be set, of any characters, and the browser is told no shorter limit."""
    person = store.find_viewer(SUPERVISOR)
    assert person is not None
    store.accounts.set_password(person.user_id, character * MAX_PASSWORD)
    assert (await browser.log_in(SUPERVISOR, character * MAX_PASSWORD)).status_code == 303
    assert "maxlength" not in (await browser.get("/login")).text


async def test_the_cookie_holds_no_name_and_no_right(browser: Browser) -> None:
    """The login cookie does not contain the user name."""
    answer = await browser.log_in(SUPERVISOR)
    assert SUPERVISOR not in answer.headers["set-cookie"]


async def test_a_changed_cookie_is_no_login(browser: Browser) -> None:
    """A cookie whose content was changed is not a login, since its signature is wrong."""
    await browser.log_in(SUPERVISOR)
    value = browser.client.cookies["__Host-counterpoint"]
    browser.client.cookies.clear()
    browser.client.cookies.set("__Host-counterpoint", "A" + value[1:], domain="page.example")
    assert (await browser.get("/")).headers["location"] == "/login"


IDLE_S = WebSettings().login_idle_s


async def test_a_login_ends_when_nobody_uses_it(supervisor: Browser, clock: Clock) -> None:
    """A login that was not used for the idle time ends, and the next request leads to the login page."""
    clock.seconds += IDLE_S - 1
    assert (await supervisor.get("/")).status_code == 200
    clock.seconds += IDLE_S
    assert (await supervisor.get("/")).headers["location"] == "/login"


async def test_the_settings_say_when_a_login_ends(settings: Settings, store: Store, clock: Clock) -> None:
    """The settings shorten both times: without a request, and in constant use."""
    shorter = settings.web.model_copy(update={"login_lifetime_s": 120, "login_idle_s": 90})
    app = create_app(settings.model_copy(update={"web": shorter}), store, now=clock)
    async with open_browser(app, "192.0.2.9") as browser:
        await browser.log_in(SUPERVISOR)
        clock.seconds += 89
        assert (await browser.get("/")).status_code == 200
        clock.seconds += 31
        assert (await browser.get("/")).headers["location"] == "/login"


async def test_after_logging_out_nothing_is_left(supervisor: Browser) -> None:
    """Logging out deletes the cookie and ends the login."""
    answer = await supervisor.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert "__Host-counterpoint" not in supervisor.client.cookies
    assert (await supervisor.get("/")).headers["location"] == "/login"


def copy_of(browser: Browser, browsers: Callable[[], Browser]) -> Browser:
    """Return another browser with a copy of all cookies."""
    copy = browsers()
    for cookie in browser.client.cookies.jar:
        copy.client.cookies.set(cookie.name, cookie.value or "", domain="page.example")
    return copy


def disable_and_enable(store: Store, person: Viewer) -> None:
    """Disable an account and enable it again, which does not bring its logins back."""
    store.accounts.disable(person.user_id)
    store.accounts.enable(person.user_id)


ENDINGS: dict[str, Callable[[Store, Viewer], None]] = {
    "logout": lambda store, person: store.accounts.end_logins(person),
    "password": lambda store, person: store.accounts.set_password(person.user_id, "another password altogether"),
    "disabling": lambda store, person: store.accounts.disable(person.user_id),
    "disabling and enabling": disable_and_enable,
    "removal": lambda store, person: store.accounts.remove(person.user_id),
    "a smaller scope": lambda store, person: store.accounts.change_teams(
        person.user_id, add=["South"], remove=["North"]
    ),
}


@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS)
async def test_a_copied_cookie_ends_with_the_login(
    supervisor: Browser, browsers: Callable[[], Browser], store: Store, end: Callable[[Store, Viewer], None]
) -> None:
    """A copy of the cookie works until the person's logins are ended, in whatever way, and never again."""
    copy = copy_of(supervisor, browsers)
    assert (await copy.get("/")).status_code == 200
    person = store.find_viewer(SUPERVISOR)
    assert person is not None
    end(store, person)
    for browser in (copy_of(supervisor, browsers), copy, supervisor):
        assert (await browser.get("/")).headers["location"] == "/login"


async def test_logging_out_ends_the_logins_of_other_browsers(
    supervisor: Browser, therapist: Browser, browsers: Callable[[], Browser]
) -> None:
    """Logging out in one browser ends the person's logins everywhere, and nobody else's; a new one works."""
    copy = copy_of(supervisor, browsers)
    await supervisor.post("/logout")
    assert (await copy.get("/")).headers["location"] == "/login"
    assert (await therapist.get("/")).status_code == 200
    await supervisor.log_in(SUPERVISOR)
    assert (await supervisor.get("/")).status_code == 200
    assert (await copy.get("/")).headers["location"] == "/login"


async def test_a_login_that_could_not_be_ended_goes_on(supervisor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the database is away nobody is told that they are logged out: the cookie stays, and a later try works."""
    with monkeypatch.context() as patch:
        patch.setattr(Accounts, "end_logins", raise_unavailable)
        assert (await supervisor.post("/logout")).status_code == 503
    assert (await supervisor.get("/")).status_code == 200
    assert (await supervisor.post("/logout")).status_code == 303


def raise_unavailable(*_arguments: object, **_more: object) -> None:
    """Stand in for a method while PostgreSQL does not answer."""
    raise Unavailable("the database")


async def test_the_login_leads_to_the_page_asked_for_before_it(browser: Browser) -> None:
    """After the login a person is sent to the page they asked for before it."""
    wanted = address(WAITING.session_id)
    assert (await browser.get(wanted)).headers["location"] == "/login"
    await browser.get("/login")
    answer = await browser.post("/login", username=SUPERVISOR, password=PASSWORD)
    assert answer.headers["location"] == wanted


@pytest.mark.parametrize("path", ["//elsewhere.example/", "/login?next=//elsewhere.example", "/\\elsewhere.example"])
async def test_the_login_never_leads_to_another_site(browser: Browser, path: str) -> None:
    """The login never redirects to another site, whatever path was asked for before."""
    await browser.client.get(f"https://page.example{path}")
    answer = await browser.log_in(SUPERVISOR)
    assert answer.headers["location"] == "/"


async def test_after_too_many_failures_even_the_right_password_waits(browser: Browser) -> None:
    """After too many failures even the right password is refused, with the time to wait."""
    for _ in range(MAX_FAILURES):
        assert (await browser.log_in(SUPERVISOR, "wrong password")).status_code == 401
    answer = await browser.log_in(SUPERVISOR)
    assert answer.status_code == 429
    assert "Please wait 10 minutes" in answer.text
    assert 0 < int(answer.headers["retry-after"]) <= 600


async def test_failures_at_one_address_do_not_block_another(browsers: Callable[[], Browser]) -> None:
    """Failed logins from one address do not block the person's login from another address."""
    guesser, desk = browsers(), browsers()
    for _ in range(MAX_FAILURES):
        await guesser.log_in(SUPERVISOR, "wrong password")
    assert (await desk.log_in(SUPERVISOR)).status_code == 303


async def test_every_spelling_of_a_name_has_one_budget(browser: Browser) -> None:
    """Blanks, full-width letters and capitals give a guesser no further tries."""
    spellings = [" maria", "maria ", "MARIA", "\uff4daria", "\u3000Maria", "ma\uff32ia", "\tmaria", "mariA\u00a0"]
    answers = [(await browser.log_in(name, "wrong password")).status_code for name in spellings]
    assert answers == [401] * MAX_FAILURES + [429] * (len(spellings) - MAX_FAILURES)


async def test_a_known_device_gets_in_beside_a_guesser_at_the_same_address(app: FastAPI) -> None:
    """Where a guesser shares the address, a person still gets in on the device on which they have logged in before."""
    async with open_browser(app, "198.51.100.7") as desk, open_browser(app, "198.51.100.7") as guesser:
        assert (await desk.log_in(SUPERVISOR)).status_code == 303
        await desk.post("/logout")
        for number in range(3 * MAX_FAILURES_OF_ADDRESS):
            name = SUPERVISOR if number % 2 else f"made up {number}"
            await guesser.log_in(name, "wrong password")
        assert (await guesser.log_in(SUPERVISOR)).status_code == 429
        assert (await desk.log_in(SUPERVISOR, "mistyped password")).status_code == 401
        assert (await desk.log_in(SUPERVISOR)).status_code == 303


PROXY, OTHER_PROXY = "10.1.0.5", "10.2.0.7"
CASES = {
    "no proxy is trusted": ((), "203.0.113.9", "198.51.100.1", "203.0.113.9"),
    "a client that is no proxy": (("10.1.0.0/16",), "203.0.113.9", "198.51.100.1", "203.0.113.9"),
    "a proxy": (("10.1.0.0/16",), PROXY, "198.51.100.1", "198.51.100.1"),
    "a forged hop before a proxy": (("10.1.0.0/16",), PROXY, "192.0.2.66, 198.51.100.1", "198.51.100.1"),
    "a forged proxy before a proxy": (("10.1.0.0/16",), PROXY, "192.0.2.66, 10.1.0.9, 198.51.100.1", "198.51.100.1"),
    "two proxies": (("10.1.0.0/16", "10.2.0.7"), PROXY, "192.0.2.66, 198.51.100.1, 10.2.0.7", "198.51.100.1"),
    "a proxy without the header": (("10.1.0.0/16",), PROXY, None, PROXY),
    "IPv6": (("fd00::/8",), "fd00::1", "192.0.2.66, 2001:db8::1", "2001:db8::1"),
}


@pytest.mark.parametrize(("trusted", "peer", "forwarded", "expected"), CASES.values(), ids=CASES)
async def test_the_client_is_whom_a_trusted_proxy_names(
    settings: Settings,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    trusted: tuple[str, ...],
    peer: str,
    forwarded: str | None,
    expected: str,
) -> None:
    """The client is the last hop that is no trusted proxy; a header that anybody else sends changes nothing."""
    web = WebSettings.model_validate({**settings.web.model_dump(), "trusted_proxies": trusted})
    app = create_app(settings.model_copy(update={"web": web}), store)
    seen: list[str] = []

    def begin(visitor: Visitor, _now: float) -> float:
        seen.append(visitor.address)
        return 1.0

    monkeypatch.setattr(app.state.services.attempts, "begin", begin)
    async with open_browser(app, peer) as browser:
        if forwarded is not None:
            browser.client.headers["X-Forwarded-For"] = forwarded
        await browser.log_in(SUPERVISOR)
    assert seen == [expected]


async def test_a_forged_header_gives_no_further_guesses(browser: Browser) -> None:
    """A client that names another address with every guess has the one budget of its own address."""
    answers = []
    for number in range(2 * MAX_FAILURES):
        browser.client.headers["X-Forwarded-For"] = f"198.51.100.{number}"
        answers.append((await browser.log_in(SUPERVISOR, "wrong password")).status_code)
    assert answers == [401] * MAX_FAILURES + [429] * MAX_FAILURES


async def test_a_flood_of_logins_leaves_pages_and_known_devices_alone(
    supervisor: Browser, browsers: Callable[[], Browser], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While 300 logins of strangers are pending, pages are served, and a known device logs in.

    What does not fit into the queue is answered at once, with 503 and when to come again; nothing waits for a
    connection of the database.
    """
    go, real = threading.Event(), store.authenticate

    def slow(username: str, password: str, **more: str) -> Viewer | None:
        assert username == SUPERVISOR or go.wait(DEADLOCK_S)
        return real(username, password, **more)

    monkeypatch.setattr(store, "authenticate", slow)
    desk = browsers()
    await desk.log_in(SUPERVISOR)
    strangers = [browsers() for _ in range(300)]
    await strangers[0].get("/login")
    for stranger in strangers[1:]:  # one page's cookie and token let all of them send the form, as a flood would
        stranger.client.cookies.update(strangers[0].client.cookies)
        stranger.token = strangers[0].token
    pending = [
        asyncio.create_task(stranger.post("/login", username=f"made up {number}", password="x"))
        for number, stranger in enumerate(strangers)
    ]
    async with asyncio.timeout(DEADLOCK_S):
        await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for _ in range(20):
            assert (await supervisor.get("/")).status_code == 200
            assert (await supervisor.get(address(WAITING.session_id))).status_code == 200
        assert (await desk.log_in(SUPERVISOR)).status_code == 303
    assert not go.is_set()
    go.set()
    answers = await asyncio.gather(*pending)
    assert Counter(answer.status_code for answer in answers) == {401: MAX_IN_LANE, 503: 300 - MAX_IN_LANE}
    assert {answer.headers.get("retry-after") for answer in answers if answer.status_code == 503} == {"5"}


@pytest.mark.parametrize("path", ["/login", "/logout", address(WAITING.session_id, "/release")])
@pytest.mark.parametrize("token", ["", "guessed"])
async def test_a_form_of_another_site_does_nothing(supervisor: Browser, path: str, token: str) -> None:
    """A form without the visitor's own token is answered with 403 and changes nothing."""
    answer = await supervisor.client.post(path, data={"csrf": token, "revision": "1"})
    assert answer.status_code == 403
    page = (await supervisor.get(address(WAITING.session_id))).text
    assert "No counsellor can read this yet." in page


async def test_the_token_of_one_visitor_is_worthless_to_another(
    supervisor: Browser, browsers: Callable[[], Browser]
) -> None:
    """A form with the token of another visitor is refused."""
    attacker = browsers()
    await attacker.get("/login")
    answer = await supervisor.client.post("/logout", data={"csrf": attacker.token})
    assert answer.status_code == 403


async def test_a_token_from_before_the_login_is_worthless_after_it(browser: Browser) -> None:
    """A token from before the login is refused after it, so that an attacker cannot plant one."""
    await browser.get("/login")
    planted = browser.token
    await browser.log_in(SUPERVISOR)
    assert (await browser.client.post("/logout", data={"csrf": planted})).status_code == 403


async def test_logins_are_on_the_trail_with_their_request(
    browser: Browser, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login passes the request's id to the store, so that the log and the audit trail can be matched."""
    seen: list[dict[str, object]] = []
    store = app.state.services.store
    real = store.authenticate

    def watched(username: str, password: str, **more: object) -> object:
        seen.append(more)
        return real(username, password, **more)

    monkeypatch.setattr(store, "authenticate", watched)
    answer = await browser.log_in(SUPERVISOR)
    assert seen == [{"request_id": answer.headers["x-request-id"]}]
