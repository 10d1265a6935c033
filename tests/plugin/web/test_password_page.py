"""Tests of the page on which people change their own password: what it asks, what ends, and how tries are limited."""

from collections.abc import Callable

import pytest

from plugin.queue.store import Store
from plugin.queue.token_views import Scope
from plugin.web.attempts import MAX_FAILURES
from tests.plugin.web.conftest import AUDITOR, OPERATOR, PASSWORD, SUPERVISOR, THERAPIST, Browser
from tests.plugin.web.test_queue_pages import words_of

NEW = "another password altogether"
GOOD = {"present": PASSWORD, "password": NEW, "repeated": NEW}


@pytest.mark.parametrize("person", [SUPERVISOR, THERAPIST, OPERATOR, AUDITOR])
async def test_everybody_changes_their_own_and_stays_logged_in(
    browsers: Callable[[], Browser], person: str, store: Store
) -> None:
    """After the change this browser goes on, another one is logged out, and the new password opens the account."""
    here, elsewhere = browsers(), browsers()
    for browser in (here, elsewhere):
        await browser.log_in(person)
    await here.get("/password")
    answer = await here.post("/password", **GOOD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/password?changed=yes")
    assert "Your password was changed." in (await here.get("/password?changed=yes")).text
    assert (await elsewhere.get("/use-policy")).headers["location"] == "/login"
    assert store.authenticate(person, PASSWORD) is None
    assert store.authenticate(person, NEW) is not None


async def test_tokens_end_with_the_password(supervisor: Browser, store: Store) -> None:
    """A token that was made before the change opens nothing afterwards."""
    token, _ = store.tokens.create(SUPERVISOR, [Scope.SESSIONS_READ])
    await supervisor.get("/password")
    assert (await supervisor.post("/password", **GOOD)).status_code == 303
    assert store.tokens.use(token) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"present": ""}, "Please type your present password."),
        ({"present": "not this one at all"}, "That is not your present password."),
        ({"password": "short", "repeated": "short"}, "A password has 12 to 1024 characters."),
        ({"repeated": "another one entirely"}, "The two passwords are not the same."),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_changes(
    supervisor: Browser, store: Store, change: dict[str, str], said: str
) -> None:
    """A form that is not right is answered with a sentence that repeats nothing, and every login goes on."""
    await supervisor.get("/password")
    answer = await supervisor.post("/password", **{**GOOD, **change})
    assert answer.status_code == 400
    assert said in words_of(answer.text)
    assert NEW not in answer.text
    assert store.authenticate(SUPERVISOR, PASSWORD) is not None
    assert (await supervisor.get("/")).status_code == 200


async def test_tries_are_limited_as_logins_are(supervisor: Browser, store: Store) -> None:
    """After as many wrong passwords as a login allows the right one waits too; a bad new password is no try."""
    await supervisor.get("/password")
    for _ in range(MAX_FAILURES + 1):
        assert (
            await supervisor.post("/password", **{**GOOD, "password": "short", "repeated": "short"})
        ).status_code == 400
    for _ in range(MAX_FAILURES):
        assert (await supervisor.post("/password", **{**GOOD, "present": "guessed"})).status_code == 400
    answer = await supervisor.post("/password", **GOOD)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "Too many tries." in words_of(answer.text)
    assert store.authenticate(SUPERVISOR, PASSWORD) is not None


async def test_another_site_cannot_send_the_form(supervisor: Browser) -> None:
    """A form without this visitor's token is refused."""
    answer = await supervisor.client.post("/password", data=GOOD)
    assert answer.status_code == 403


async def test_every_page_leads_there(supervisor: Browser, auditor: Browser) -> None:
    """Whoever is logged in finds the way beside their name."""
    for browser, path in ((supervisor, "/"), (auditor, "/trail")):
        assert 'href="/password"' in (await browser.get(path)).text
