"""Tests of the attempt to log in: what the cookie holds, when it is over, and where it may lead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response

from plugin.web.provider.attempt import LIFETIME_S, Attempt, Attempts, own_page
from tests.plugin.web.conftest import Clock

SECRET = "a secret of this test alone, long enough"


@pytest.fixture
def attempts(clock: Clock) -> Attempts:
    """Return the attempts of a web stage."""
    return Attempts(SECRET, secure=True, now=clock)


def cookie_of(attempts: Attempts, attempt: Attempt) -> str:
    """Return the value of the cookie that keeps an attempt."""
    answer = Response()
    attempts.keep(answer, attempt)
    return answer.headers["set-cookie"].partition("=")[2].partition(";")[0]


def test_an_attempt_is_found_by_its_cookie(attempts: Attempts, clock: Clock) -> None:
    """The cookie leads to the same attempt until ten minutes are over."""
    attempt = attempts.begin("/decided")
    cookie = cookie_of(attempts, attempt)
    clock.seconds += LIFETIME_S - 1
    assert attempts.recognise(cookie) == attempt
    clock.seconds += 1
    assert attempts.recognise(cookie) is None


def test_the_secrets_of_an_attempt_differ_and_are_in_no_cookie(attempts: Attempts) -> None:
    """State, nonce and verifier differ from each other and between attempts, and stand in no cookie and no repr."""
    one, other = attempts.begin("/"), attempts.begin("/")
    values = {value for each in (one, other) for value in (each.state, each.nonce, each.verifier)}
    assert len(values) == 6
    assert not [value for value in values if value in cookie_of(attempts, one) or value in repr(one)]
    assert all(43 <= len(value) <= 128 for value in values)  # as RFC 7636 wants a verifier


def test_another_secret_or_a_changed_cookie_is_no_attempt(attempts: Attempts, clock: Clock) -> None:
    """A cookie that was signed with another secret, changed, or is missing is no attempt."""
    cookie = cookie_of(attempts, attempts.begin("/"))
    assert Attempts("another secret altogether, long enough", secure=True, now=clock).recognise(cookie) is None
    for at in range(len(cookie)):
        other = "A" if cookie[at] != "A" else "B"
        changed = cookie[:at] + other + cookie[at + 1 :]
        found = attempts.recognise(changed)
        assert found is None or found == attempts.recognise(cookie)
    assert attempts.recognise(None) is None
    assert attempts.recognise("") is None


def test_an_attempt_is_used_once(attempts: Attempts, clock: Clock) -> None:
    """An attempt is used once for as long as its cookie is valid."""
    attempt = attempts.begin("/")
    assert attempts.use(attempt)
    clock.seconds += LIFETIME_S - 1
    assert not attempts.use(attempt)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "evil",
        "",
        "/\t/evil.example",
        "/a\r\nSet-Cookie: x",
    ],
)
def test_an_attempt_leads_to_no_other_host(attempts: Attempts, elsewhere: str) -> None:
    """An address that a browser may read as one of another host becomes the start page."""
    assert attempts.begin(elsewhere).next_page == "/"


@given(st.text())
def test_a_page_of_ours_begins_with_one_slash(path: str) -> None:
    """Whatever is asked for, the page begins with one slash and has no sign that a browser would leave out."""
    page = own_page(path)
    assert page.startswith("/")
    assert page[1:2] not in {"/", "\\"}
    assert page.isprintable()
