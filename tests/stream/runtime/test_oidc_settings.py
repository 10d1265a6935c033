"""Tests of the settings of the login at a provider: what they need, and which addresses they take."""

from typing import Any

import pytest
from pydantic import ValidationError

from stream.runtime.settings import OidcSettings, Settings, is_safe_url

GOOD: dict[str, Any] = {
    "issuer": "https://id.example/care",
    "client_id": "counterpoint",
    "roles": {"lead": "supervisor"},
}


def test_without_an_issuer_there_is_no_provider() -> None:
    """By default nobody logs in at a provider, and passwords are allowed."""
    assert Settings().oidc == OidcSettings()
    assert Settings().oidc.local_login


def test_good_settings_are_taken() -> None:
    """Settings with an issuer, a client and a role are enough."""
    assert OidcSettings.model_validate(GOOD).scopes == ("openid", "profile")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"issuer": ""}, "needs issuer"),
        ({"issuer": "http://id.example"}, "issuer must be an address with https"),
        ({"issuer": "https://id.example?x=1"}, "issuer must be an address with https"),
        ({"client_id": ""}, "needs client_id"),
        ({"roles": {}}, "and roles"),
        ({"roles": {"lead": "admin"}}, "supervisor"),
        ({"scopes": ["profile"]}, "openid"),
        ({"isuer": "x"}, "Extra inputs"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], words: str) -> None:
    """Settings that could not work, or that would send a login over plain HTTP, are refused with their name."""
    with pytest.raises(ValidationError, match=words):
        OidcSettings.model_validate(GOOD | changes)


def test_passwords_cannot_be_taken_away_without_a_provider() -> None:
    """Nobody could log in without passwords and without a provider."""
    with pytest.raises(ValidationError, match="needs issuer"):
        OidcSettings(local_login=False)


@pytest.mark.parametrize(
    ("url", "is_safe"),
    [
        ("https://id.example", True),
        ("https://id.example/a?policy=b", True),
        ("http://127.0.0.1:8080/a", True),
        ("http://localhost", True),
        ("http://[::1]:8080", True),
        ("http://localhost.example", False),
        ("https://user:secret@id.example", False),
        ("https://id.example/#a", False),
        ("https://", False),
        ("https://[", False),
        ("javascript:alert(1)", False),
        ("https://id.example/\n", False),
        ("", False),
    ],
)
def test_an_address_is_safe_over_https_or_on_loopback(url: str, is_safe: bool) -> None:
    """An address is one of HTTPS or of loopback, and holds no user and no fragment."""
    assert is_safe_url(url) is is_safe
