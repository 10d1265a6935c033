"""Tests of the settings of the login at a provider: what they need, and which addresses they take."""

from typing import Any

import pytest
from pydantic import ValidationError

from stream.runtime.settings import OidcSettings, Settings

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
