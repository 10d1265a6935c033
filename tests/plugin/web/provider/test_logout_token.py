"""Tests of the logout token: what it must say before it ends a person's logins."""

from typing import Any

import pytest

from plugin.queue.provider_refusals import LoginRefusedError
from plugin.web.provider.logout_token import EVENT, MAX_AGE_S, check_logout_claims

NOW = 1_800_000_000.0
GOOD: dict[str, Any] = {
    "iss": "https://id.example",
    "aud": ["counterpoint"],
    "iat": NOW,
    "jti": "1",
    "sub": "s-1",
    "events": {EVENT: {}},
}


def subject(claims: dict[str, Any]) -> str:
    """Return the subject of a token with these claims, those that are None left out."""
    said = {name: value for name, value in claims.items() if value is not None}
    return check_logout_claims(said, "https://id.example", "counterpoint", NOW)


@pytest.mark.parametrize("more", [{}, {"exp": NOW + 60}, {"sid": "x"}, {"iat": NOW - MAX_AGE_S}, {"iat": NOW + 60}])
def test_a_logout_token_names_the_person(more: dict[str, Any]) -> None:
    """A token about a logout of a person, for us, and not too old, names the subject."""
    assert subject(GOOD | more) == "s-1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://other.example"}, {"iss": None}, {"aud": "other"}, {"aud": None}, {"iat": None},
        {"iat": NOW - MAX_AGE_S - 1}, {"iat": NOW + 61}, {"iat": "now"}, {"exp": NOW - 61}, {"jti": None},
        {"events": None}, {"events": {}}, {"events": EVENT}, {"nonce": "n"}, {"sub": None}, {"sub": ["s-1"]},
    ],
)  # fmt: skip
def test_any_other_token_ends_nothing(wrong: dict[str, Any]) -> None:
    """A token that is wrong, too old, without a subject, or an ID token (which has a nonce) is refused."""
    with pytest.raises(LoginRefusedError):
        subject(GOOD | wrong)
