"""Tests of the login at a provider from the button to the start page, and of each way in which it is refused."""

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text

from plugin.database.engine import connect
from plugin.queue.provider_refusals import Refusal
from plugin.queue.store import Store
from plugin.web.attempts import MAX_FAILURES_OF_ADDRESS
from plugin.web.provider.attempt import LIFETIME_S
from stream.runtime.metrics import PROVIDER_LOGINS_REFUSED
from tests.fixtures.small_provider import CANARY, CLIENT_ID, ISSUER, SmallProvider
from tests.plugin.web.conftest import OPERATOR, PASSWORD, SUPERVISOR, WAITING, Browser, Clock, address
from tests.plugin.web.provider.conftest import MARIA, LogIn


def refused(refusal: Refusal) -> float:
    """Return how many logins were refused for a reason."""
    value: float = PROVIDER_LOGINS_REFUSED.labels(reason=refusal.value)._value.get()
    return value


def trail(url: str) -> list[tuple[str, str]]:
    """Return purpose and outcome of the entries of the audit trail about accounts, in order."""
    engine = connect(url)
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT purpose, outcome FROM audit WHERE object_type = 'account' ORDER BY seq")
        ).all()
    engine.dispose()
    return [(row[0], row[1]) for row in rows]


async def test_the_button_leads_to_the_provider_and_back(
    browser: Browser, provider: SmallProvider, log_in: LogIn, page_database: str
) -> None:
    """A person presses the button, logs in at the provider, and is a supervisor of the team that the claims name."""
    page = (await browser.get("/login")).text
    assert page.index("Log in with the Example login") < page.index('name="password"')
    answer = await log_in(browser)
    assert answer.status_code == 200
    assert 'content="0; url=/"' in answer.text
    start = (await browser.get("/")).text
    assert "Maria K." in start
    assert "supervisor" in start
    assert trail(page_database)[-2:] == [("account added", "done"), ("login", "done")]
    assert provider.asked == ["/care/.well-known/openid-configuration", "/care/token", "/care/keys"]


async def test_the_request_has_pkce_state_and_nonce(browser: Browser) -> None:
    """The provider gets a challenge by S256, a state and a nonce, of which the cookie tells nothing."""
    answer = await browser.get("/login/provider")
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert answer.headers["location"].startswith(f"{ISSUER}/authorize?")
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["https://page.example/login/return"]
    assert asked["scope"] == ["openid profile"]
    cookie = answer.headers["set-cookie"]
    flags = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "secure", "samesite=lax", "path=/", f"max-age={LIFETIME_S}"} == flags
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[name][0]) == 43
        assert asked[name][0] not in cookie


async def test_a_person_comes_back_to_the_page_that_was_asked_for(browser: Browser, log_in: LogIn) -> None:
    """After the login the browser is led to the page that was asked for before it."""
    await browser.get("/decided")
    assert 'content="0; url=/decided"' in (await log_in(browser)).text


async def test_the_code_is_taken_once(browser: Browser, provider: SmallProvider) -> None:
    """The address of the way back works once, even with a copy of the cookie, and asks the provider nothing more."""
    begun = await browser.get("/login/provider")
    cookie = browser.client.cookies["__Host-counterpoint-provider"]
    back = provider.let_in(begun.headers["location"], **MARIA)
    assert (await browser.get(back)).status_code == 200
    assert "__Host-counterpoint-provider" not in browser.client.cookies
    browser.client.cookies.set("__Host-counterpoint-provider", cookie, domain="page.example")
    before, count = len(provider.asked), refused(Refusal.USED)
    assert (await browser.get(back)).status_code == 403
    assert len(provider.asked) == before
    assert refused(Refusal.USED) == count + 1


async def test_another_browsers_way_back_is_refused(
    browser: Browser, browsers: Callable[[], Browser], provider: SmallProvider
) -> None:
    """A person who is sent the address of somebody else's login is not logged in by it, with or without an attempt."""
    begun = await browser.get("/login/provider")
    back = provider.let_in(begun.headers["location"], **MARIA)
    for prepare, refusal in (("/login", Refusal.NO_ATTEMPT), ("/login/provider", Refusal.STATE)):
        victim = browsers()
        await victim.get(prepare)
        before = refused(refusal)
        assert (await victim.get(back)).status_code == 403
        assert refused(refusal) == before + 1
        assert (await victim.get("/")).status_code == 303
    assert "/care/token" not in provider.asked


async def test_an_attempt_is_over_after_ten_minutes(browser: Browser, provider: SmallProvider, clock: Clock) -> None:
    """A way back that comes too late is refused."""
    begun = await browser.get("/login/provider")
    clock.seconds += LIFETIME_S
    before = refused(Refusal.NO_ATTEMPT)
    assert (await browser.get(provider.let_in(begun.headers["location"], **MARIA))).status_code == 403
    assert refused(Refusal.NO_ATTEMPT) == before + 1


async def test_a_refusal_leaves_a_login_as_it_is(supervisor: Browser) -> None:
    """A page of another site that leads to our way back ends nobody's login."""
    answer = await supervisor.client.get("/login/return?error=access_denied", headers={"cookie": ""})
    assert answer.status_code == 403
    assert "__Host-counterpoint=" not in answer.headers.get("set-cookie", "")
    assert (await supervisor.get("/")).status_code == 200


async def test_a_wrong_claim_has_the_page_of_every_refusal(browser: Browser, log_in: LogIn) -> None:
    """A wrong claim is counted by its reason, the person sees the same page as for every cause, and nobody is in."""
    before = refused(Refusal.AUDIENCE)
    answer = await log_in(browser, aud="somebody else")
    assert answer.status_code == 403
    assert "Nothing was changed. Please begin again" in answer.text
    assert refused(Refusal.AUDIENCE) == before + 1
    assert (await browser.get("/")).headers["location"] == "/login"


PROVEN: dict[str, tuple[dict[str, Any], str]] = {
    "no role": ({"roles": ["staff"]}, "has not given you a role"),
    "no roles at all": ({"roles": None}, "has not given you a role"),
    "no team": ({"groups": []}, "not the team or the platform"),
    "no reference": ({"roles": "cp-counsellor"}, "not the team or the platform"),
}


@pytest.mark.parametrize(("claims", "words"), PROVEN.values(), ids=PROVEN)
async def test_a_person_without_rights_is_told_so(
    browser: Browser, log_in: LogIn, store: Store, claims: dict[str, Any], words: str
) -> None:
    """A person whom the claims give no role, or one without what belongs to it, reads that, and gets no account."""
    before = store.accounts.entries()
    answer = await log_in(browser, **claims)
    assert answer.status_code == 403
    assert words in answer.text
    assert CANARY not in answer.text
    assert store.accounts.entries() == before


async def test_a_local_account_is_never_taken_over(browser: Browser, log_in: LogIn, store: Store) -> None:
    """A person of the provider with the name of a local account gets an account of their own."""
    local = store.accounts.named(SUPERVISOR)
    assert (await log_in(browser, preferred_username=SUPERVISOR)).status_code == 200
    assert store.accounts.named(SUPERVISOR) == local
    theirs = [entry for entry in store.accounts.entries() if entry.issuer == ISSUER]
    assert [entry.username.startswith("maria-") for entry in theirs] == [True]
    assert store.authenticate(SUPERVISOR, PASSWORD) is not None


async def test_a_disabled_account_stays_out(browser: Browser, log_in: LogIn, store: Store) -> None:
    """A person whose account was disabled, or removed, stays out with a valid login at the provider."""
    await log_in(browser)
    entry = store.accounts.named("m.keller")
    store.accounts.disable(entry.account_id)
    assert "account is disabled" in (await log_in(browser)).text
    store.accounts.remove(entry.account_id)
    assert "account was removed" in (await log_in(browser)).text
    assert (await browser.get("/")).headers["location"] == "/login"


async def test_too_many_refusals_slow_an_address_down(
    browser: Browser, log_in: LogIn, provider: SmallProvider, page_database: str, store: Store
) -> None:
    """Refused logins are limited by the address and are one entry of the trail."""
    for _ in range(MAX_FAILURES_OF_ADDRESS):
        assert (await log_in(browser, iss="https://other.example")).status_code == 403
    before = len(provider.asked)
    answer = await log_in(browser)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert len(provider.asked) == before
    store.write_failed_logins(whole=True)
    assert trail(page_database) == [("login", f"denied {MAX_FAILURES_OF_ADDRESS} times")]


@pytest.mark.parametrize("query", ["error=access_denied", "", "code=x", "code=&state=", "state=\u00e9"])
async def test_a_way_back_without_a_code_is_refused(browser: Browser, provider: SmallProvider, query: str) -> None:
    """An address that the provider did not make is answered by the same page, and asks the provider nothing."""
    await browser.get("/login/provider")
    answer = await browser.get(f"/login/return?{query}")
    assert answer.status_code == 403
    assert "/care/token" not in provider.asked


async def test_no_token_code_or_claim_is_logged(
    browser: Browser,
    log_in: LogIn,
    provider: SmallProvider,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A login that succeeds and one of each kind that fails leave no token, code or claim in the log."""
    with caplog.at_level(logging.DEBUG):
        await log_in(browser, name=CANARY)
        for name in ("aud", "exp", "roles", "groups", "sub"):
            await log_in(browser, note=CANARY, **{name: [CANARY]})
        provider.bend = lambda token: token[:-3]
        await log_in(browser)
    # The browser of these tests logs where it goes; a browser is not ours.
    ours = [record.getMessage() for record in caplog.records if "https://page.example" not in record.getMessage()]
    written = "".join([*ours, *capfd.readouterr()])
    assert "provider_login_refused" in written
    assert CANARY not in written
    assert "eyJ" not in written


async def test_the_provider_away_leaves_passwords(browser: Browser, provider: SmallProvider, clock: Clock) -> None:
    """While the provider does not answer, the page says so and a password gets in; a moment later it is asked again."""
    provider.is_away = True
    answer = await browser.get("/login/provider")
    assert answer.status_code == 503
    assert "does not answer at the moment. You can log in with a password." in answer.text
    assert "did not answer a moment ago" in (await browser.get("/login")).text
    asked = len(provider.asked)
    await browser.get("/login/provider")
    assert len(provider.asked) == asked
    assert (await browser.log_in(SUPERVISOR)).status_code == 303
    provider.is_away = False
    clock.seconds += 60
    assert (await browser.get("/login/provider")).status_code == 303


async def test_the_provider_going_away_in_between_is_no_failure_of_the_person(
    browser: Browser, provider: SmallProvider
) -> None:
    """A provider that goes away before the code is exchanged is named as the cause, and nobody is slowed down."""
    begun = await browser.get("/login/provider")
    back = provider.let_in(begun.headers["location"], **MARIA)
    provider.is_away = True
    assert (await browser.get(back)).status_code == 503


async def test_logging_out_leads_to_the_provider(browser: Browser, log_in: LogIn) -> None:
    """A person of the provider who logs out is led to its logout, without a token in the address, and is out here."""
    await log_in(browser)
    await browser.get("/")
    answer = await browser.post("/logout")
    assert answer.status_code == 200
    assert (
        f"url={ISSUER}/logout?client_id={CLIENT_ID}&amp;post_logout_redirect_uri=https%3A%2F%2Fpage.example%2Flogin"
        in answer.text
    )
    assert "eyJ" not in answer.text
    assert (await browser.get("/")).headers["location"] == "/login"


async def test_logging_out_of_a_local_account_stays_here(supervisor: Browser) -> None:
    """A person with a local account who logs out sees the login page."""
    answer = await supervisor.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


async def test_a_logout_at_the_provider_ends_the_login_here(
    browser: Browser, log_in: LogIn, provider: SmallProvider, clock: Clock, page_database: str
) -> None:
    """A logout token of the provider ends the person's logins; any other token ends nothing."""
    await log_in(browser)
    now = int(clock.seconds)
    claims = {
        "iss": ISSUER, "aud": CLIENT_ID, "iat": now, "jti": "1", "sub": f"{CANARY}-subject",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }  # fmt: skip
    for token in ("", CANARY, provider.signed(claims | {"aud": "other"})):
        assert (await browser.client.post("/login/ended", data={"logout_token": token})).status_code == 400
    assert (await browser.get("/")).status_code == 200
    answer = await browser.client.post("/login/ended", data={"logout_token": provider.signed(claims)})
    assert answer.status_code == 200
    assert (await browser.get("/")).headers["location"] == "/login"
    assert trail(page_database)[-1] == ("logout at the provider", "done")
    gone = provider.signed(claims | {"sub": "nobody"})
    assert (await browser.client.post("/login/ended", data={"logout_token": gone})).status_code == 200


async def test_an_operator_sees_where_an_account_comes_from(
    browser: Browser, browsers: Callable[[], Browser], log_in: LogIn, store: Store
) -> None:
    """The operator's page of such an account names the provider and has no form for a password."""
    await log_in(browser)
    operator = browsers()
    await operator.log_in(OPERATOR)
    page = (await operator.get(f"/accounts/{store.accounts.named('m.keller').account_id}")).text
    assert f"from {ISSUER}" in page
    assert 'name="password"' not in page


async def test_a_logged_in_person_sees_what_the_role_sees(browser: Browser, log_in: LogIn) -> None:
    """A supervisor of the provider in the team of the sample's counsellor reads that counsellor's sessions."""
    await log_in(browser, groups=["North"])
    assert (await browser.get(address(WAITING.session_id))).status_code == 200
    await log_in(browser, groups=["South"])
    assert (await browser.get(address(WAITING.session_id))).status_code == 404


async def test_a_password_is_changed_at_the_provider(browser: Browser, log_in: LogIn) -> None:
    """An account of the provider has no password here: its page says where to change it, and a form changes nothing."""
    await log_in(browser)
    await browser.get("/")
    page = (await browser.get("/password")).text
    assert "You log in at the Example login" in page
    assert 'name="present"' not in page
    answer = await browser.post("/password", present=PASSWORD, password=PASSWORD, repeated=PASSWORD)
    assert answer.status_code == 400
    assert "You log in at the Example login" in answer.text
