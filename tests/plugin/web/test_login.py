"""Tests of the login in the signed cookie: its content, its end and its CSRF token."""

from uuid import UUID, uuid4

import pytest

from plugin.web.login import (
    Cookie,
    Expiry,
    Login,
    csrf_token,
    current_login,
    is_valid_token,
    remember_page,
    remembered_page,
    start_login,
)

LIFETIME_S, IDLE_S = 8 * 3600, 1800
EXPIRY = Expiry(LIFETIME_S, IDLE_S)
NOW = 1_800_000_000.0
USER = UUID("7f3c1a5e-2a57-4f2e-9d38-3d3c1b0a9f11")
LOGIN = Login(USER, generation=3)


@pytest.fixture
def cookie() -> Cookie:
    """Return the cookie of a person who has just logged in."""
    fresh: Cookie = {}
    start_login(fresh, LOGIN, NOW)
    return fresh


def test_a_login_names_its_user(cookie: Cookie) -> None:
    """A login cookie names its user and contains no rights, which are read on every request."""
    assert current_login(cookie, NOW + 1, EXPIRY) == LOGIN
    assert set(cookie) == {"user", "generation", "since", "seen", "csrf"}


def test_an_empty_cookie_is_nobody() -> None:
    """An empty cookie has no user."""
    assert current_login({}, NOW, EXPIRY) is None


def test_a_login_ends_after_idle_time(cookie: Cookie) -> None:
    """A login ends after the idle time, and its cookie is cleared."""
    assert current_login(cookie, NOW + IDLE_S, EXPIRY) is None
    assert not cookie


def test_use_keeps_a_login_alive(cookie: Cookie) -> None:
    """The idle time counts from the last request."""
    assert current_login(cookie, NOW + IDLE_S - 1, EXPIRY) == LOGIN
    assert current_login(cookie, NOW + 2 * IDLE_S - 2, EXPIRY) == LOGIN


def test_a_login_ends_after_its_lifetime_however_busy(cookie: Cookie) -> None:
    """A login ends after its lifetime of one working day, even in constant use."""
    at = NOW
    while at + IDLE_S / 2 < NOW + LIFETIME_S:
        at += IDLE_S / 2
        if at < NOW + LIFETIME_S:
            assert current_login(cookie, at, EXPIRY) == LOGIN
    assert current_login(cookie, NOW + LIFETIME_S, EXPIRY) is None


@pytest.mark.parametrize(
    "broken",
    [
        {"user": str(USER), "generation": 3},
        {"user": 7, "generation": 3, "since": NOW, "seen": NOW},
        {"user": str(USER), "since": NOW, "seen": NOW},
        {"user": str(USER), "generation": "3", "since": NOW, "seen": NOW},
        {"since": NOW},
    ],
)
def test_a_cookie_of_another_shape_is_nobody(broken: Cookie) -> None:
    """A cookie with missing or wrong fields has no user."""
    assert current_login(broken, NOW, EXPIRY) is None


def test_a_new_login_leaves_nothing_of_the_cookie_before() -> None:
    """A new login clears the former cookie, so that a token planted before it is invalid (session fixation)."""
    cookie: Cookie = {"next": "/operations"}
    before = csrf_token(cookie)
    start_login(cookie, Login(uuid4(), 0), NOW)
    assert not is_valid_token(cookie, before)
    assert remembered_page(cookie) == "/"


def test_the_token_of_a_visitor_stays_the_same() -> None:
    """A visitor keeps the same token, so that two open tabs both work."""
    cookie: Cookie = {}
    assert csrf_token(cookie) == csrf_token(cookie)


def test_tokens_of_two_visitors_differ() -> None:
    """Tokens of two visitors differ and are long."""
    one, other = csrf_token({}), csrf_token({})
    assert one != other
    assert len(one) >= 40


def test_a_form_with_the_visitors_token_is_our_own(cookie: Cookie) -> None:
    """A form with the visitor's token is valid."""
    assert is_valid_token(cookie, csrf_token(cookie))


@pytest.mark.parametrize("token", ["", "guess", "ü", "\ud800".encode(errors="replace").decode()])
def test_a_form_with_any_other_token_is_not(cookie: Cookie, token: str) -> None:
    """A form with any other token is invalid, whatever characters it has."""
    assert not is_valid_token(cookie, token)


def test_no_token_was_served_no_form_is_ours() -> None:
    """An empty token is invalid for a visitor without a token."""
    assert not is_valid_token({}, "")


def test_the_page_wanted_before_the_login_is_remembered() -> None:
    """The page that was asked for before the login is remembered in the cookie."""
    cookie: Cookie = {}
    remember_page(cookie, "/sessions/1")
    assert remembered_page(cookie) == "/sessions/1"
