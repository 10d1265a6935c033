"""What the cookie says of a login, and when it stops being one."""

from uuid import UUID, uuid4

import pytest

from plugin.web.login import (
    IDLE_S,
    LIFETIME_S,
    Cookie,
    begin,
    csrf_token,
    current_user,
    is_own_form,
    page_wanted,
    remember_page,
)

NOW = 1_800_000_000.0
USER = UUID("7f3c1a5e-2a57-4f2e-9d38-3d3c1b0a9f11")


@pytest.fixture
def cookie() -> Cookie:
    """The cookie of somebody who has just logged in."""
    fresh: Cookie = {}
    begin(fresh, USER, NOW)
    return fresh


def test_a_login_names_its_user(cookie: Cookie) -> None:
    """And nothing about rights: those are read anew each time."""
    assert current_user(cookie, NOW + 1) == USER
    assert set(cookie) == {"user", "since", "seen", "csrf"}


def test_an_empty_cookie_is_nobody() -> None:
    """The first visit."""
    assert current_user({}, NOW) is None


def test_a_login_ends_after_idle_time(cookie: Cookie) -> None:
    """A screen left alone; the cookie forgets everything."""
    assert current_user(cookie, NOW + IDLE_S) is None
    assert not cookie


def test_use_keeps_a_login_alive(cookie: Cookie) -> None:
    """Idle time counts from the last request."""
    assert current_user(cookie, NOW + IDLE_S - 1) == USER
    assert current_user(cookie, NOW + 2 * IDLE_S - 2) == USER


def test_a_login_ends_after_its_lifetime_however_busy(cookie: Cookie) -> None:
    """One working day."""
    at = NOW
    while at + IDLE_S / 2 < NOW + LIFETIME_S:
        at += IDLE_S / 2
        if at < NOW + LIFETIME_S:
            assert current_user(cookie, at) == USER
    assert current_user(cookie, NOW + LIFETIME_S) is None


@pytest.mark.parametrize("broken", [{"user": str(USER)}, {"user": 7, "since": NOW, "seen": NOW}, {"since": NOW}])
def test_a_cookie_of_another_shape_is_nobody(broken: Cookie) -> None:
    """An older version's cookie, say."""
    assert current_user(broken, NOW) is None


def test_a_new_login_leaves_nothing_of_the_cookie_before() -> None:
    """A token planted before the login is worthless after it (session fixation)."""
    cookie: Cookie = {"next": "/operations"}
    before = csrf_token(cookie)
    begin(cookie, uuid4(), NOW)
    assert not is_own_form(cookie, before)
    assert page_wanted(cookie) == "/"


def test_the_token_of_a_visitor_stays_the_same() -> None:
    """Two open tabs both work."""
    cookie: Cookie = {}
    assert csrf_token(cookie) == csrf_token(cookie)


def test_tokens_of_two_visitors_differ() -> None:
    """And are long."""
    one, other = csrf_token({}), csrf_token({})
    assert one != other
    assert len(one) >= 40


def test_a_form_with_the_visitors_token_is_our_own(cookie: Cookie) -> None:
    """The usual case."""
    assert is_own_form(cookie, csrf_token(cookie))


@pytest.mark.parametrize("token", ["", "guess", "ü", "\ud800".encode(errors="replace").decode()])
def test_a_form_with_any_other_token_is_not(cookie: Cookie, token: str) -> None:
    """Whatever characters it has."""
    assert not is_own_form(cookie, token)


def test_no_token_was_served_no_form_is_ours() -> None:
    """An empty token does not match an absent one."""
    assert not is_own_form({}, "")


def test_the_page_wanted_before_the_login_is_remembered() -> None:
    """A link in a digest leads to its session after the password."""
    cookie: Cookie = {}
    remember_page(cookie, "/sessions/1")
    assert page_wanted(cookie) == "/sessions/1"
