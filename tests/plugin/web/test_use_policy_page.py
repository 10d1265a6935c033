"""Tests of the page that says how Counterpoint may be used, and of the link that leads to it."""

import html

import pytest

from plugin.use_policy import CORE, PARTS, TITLE
from tests.plugin.web.conftest import OPERATOR, SUPERVISOR, THERAPIST, Browser

LINK = f'<a href="/use-policy">{TITLE}</a>'


@pytest.mark.parametrize("person", [SUPERVISOR, THERAPIST, OPERATOR])
async def test_every_role_reads_the_whole_policy(browser: Browser, person: str) -> None:
    """The start page of every role links to the policy in its footer, and the page shows all of it."""
    await browser.log_in(person)
    assert LINK in (await browser.get("/")).text.partition("<footer>")[2]
    answer = await browser.get("/use-policy")
    assert answer.status_code == 200
    shown = html.unescape(answer.text)
    for words in (TITLE, CORE, *(part.title for part in PARTS), *(rule for part in PARTS for rule in part.rules)):
        assert words in shown


async def test_who_is_not_logged_in_is_not_led_to_it(browser: Browser) -> None:
    """The login page has no link to the policy, since the link would lead back to the login."""
    assert "/use-policy" not in (await browser.get("/login")).text


async def test_after_the_login_the_page_that_was_asked_for_opens(browser: Browser) -> None:
    """Whoever asks for the policy without a login is led to the login, and from there to the policy."""
    assert (await browser.get("/use-policy")).headers["location"] == "/login"
    assert (await browser.log_in(THERAPIST)).headers["location"] == "/use-policy"


async def test_the_page_has_no_form_but_the_logout(therapist: Browser) -> None:
    """The policy page decides nothing: its only form is the one that logs out."""
    assert (await therapist.get("/use-policy")).text.count("<form") == 1
