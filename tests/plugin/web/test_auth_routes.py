"""Tests of login and logout: valid passwords, the cookie, the CSRF token and the limit on failures."""

import re
from collections.abc import Callable

import pytest
from fastapi import FastAPI

from plugin.web.attempts import MAX_FAILURES
from plugin.web.login import IDLE_S
from tests.plugin.web.conftest import PASSWORD, SUPERVISOR, WAITING, Browser, Clock, address


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


@pytest.mark.parametrize("form", [{"username": "x" * 201}, {"password": "x" * 1001}])
async def test_a_form_with_too_long_values_is_refused(browser: Browser, form: dict[str, str]) -> None:
    """A login form with too long values is answered by a page of our own that does not repeat them."""
    await browser.get("/login")
    answer = await browser.post("/login", **form)
    assert answer.status_code == 400
    assert "xxxx" not in answer.text


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(browser: Browser) -> None:
    """The login cookie is HttpOnly, Secure, SameSite=Strict and bound to this host."""
    answer = await browser.log_in(SUPERVISOR)
    cookie = answer.headers["set-cookie"]
    name, *flags = [part.strip().lower() for part in cookie.split(";")]
    assert name.startswith("__host-counterpoint=")
    assert {"httponly", "secure", "samesite=strict", "path=/", "max-age=28800"} == set(flags)


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


async def test_a_login_ends_when_nobody_uses_it(supervisor: Browser, clock: Clock) -> None:
    """A login that was not used for the idle time ends, and the next request leads to the login page."""
    clock.seconds += IDLE_S - 1
    assert (await supervisor.get("/")).status_code == 200
    clock.seconds += IDLE_S
    assert (await supervisor.get("/")).headers["location"] == "/login"


async def test_after_logging_out_nothing_is_left(supervisor: Browser) -> None:
    """Logging out deletes the cookie and ends the login."""
    answer = await supervisor.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert "__Host-counterpoint" not in supervisor.client.cookies
    assert (await supervisor.get("/")).headers["location"] == "/login"


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


async def test_logins_are_on_the_trail_without_what_was_typed(
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
