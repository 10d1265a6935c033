"""Tests of the people of a mapping: what a row may say, and the pseudonyms and hashes that are compared."""

import base64
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from plugin.database.viewer import AccountRole
from plugin.queue.accounts import counsellor_pseudonym
from plugin.queue.people_rows import PersonRow, WantedPerson, provider_says, wanted_people
from plugin.queue.people_views import ProviderSays
from plugin.queue.provider_accounts import subject_hash
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import OidcSettings, TenantSettings

ISSUER = "https://id.example/care"


def tenant(byte: bytes) -> TenantSettings:
    """Return the settings of a platform with a pseudonym key of one byte."""
    return TenantSettings(pseudonym_key=SecretStr(base64.b64encode(byte * 32).decode()))


ONE = {"harbour": tenant(b"h")}
TWO = {**ONE, "pier": tenant(b"p")}


def person(tenants: dict[str, TenantSettings] = ONE, issuer: str = ISSUER, **values: Any) -> WantedPerson:
    """Return the person of a row."""
    row = PersonRow.model_validate({"username": "Ana", "role": "therapist", **values})
    (found,) = wanted_people([row], tenants, issuer)
    return found


def test_references_become_what_the_gateway_makes_of_them() -> None:
    """A reference becomes the pseudonym under which the sessions come, on the only platform if none is named."""
    made = person(counsellor="user/7")
    assert (made.tenant, made.counsellor) == ("harbour", counsellor_pseudonym(ONE, "harbour", "user/7"))
    assert person(TWO, counsellor="user/7", tenant="pier").counsellor != made.counsellor


def test_among_several_platforms_one_is_named() -> None:
    """Without a platform's name among several there is no pseudonym, and the row says that it has a reference."""
    made = person(TWO, counsellor="user/7")
    assert (made.tenant, made.counsellor, made.names_counsellor) == (None, None, True)


def test_an_unknown_platform_is_known_as_such() -> None:
    """A platform that the settings do not have gives no pseudonym."""
    made = person(counsellor="7", tenant="elsewhere")
    assert (made.has_unknown_tenant, made.counsellor) == (True, None)


def test_a_platform_without_its_key_is_said() -> None:
    """Where the pseudonym key is missing, no reference can be compared."""
    with pytest.raises(Misconfigured, match="pseudonym_key"):
        person({"harbour": TenantSettings()}, counsellor="7")


def test_a_subject_becomes_the_hash_of_the_provider() -> None:
    """A subject is compared as the hash under which a login finds the account; without a provider it is said."""
    assert person(subject="0f3c").subject_hash == subject_hash(ISSUER, "0f3c")
    assert person(subject="0f3c", issuer="").has_unknown_provider
    assert person().issuer is None


def test_names_are_compared_in_any_spelling() -> None:
    """User names are those of the login: in any spelling."""
    made = person(username=" ANA ", supervisor="Mara")
    assert (made.username, made.supervisor, made.role) == ("ana", "mara", AccountRole.THERAPIST)


def test_what_a_row_leaves_out_it_does_not_say() -> None:
    """Teams that are left out are open; an empty list takes the person out of all."""
    assert person().teams is None
    assert person(teams=[]).teams == frozenset()


@pytest.mark.parametrize(
    "values",
    [
        {"username": ""},
        {"username": "a\x1b[31m"},
        {"role": "boss"},
        {"teams": ["x" * 201]},
        {"teams": [" "]},
        {"password": "secret"},
        {"counsellor": "x" * 256},
    ],
)
def test_a_row_that_is_not_as_described_is_refused_without_its_values(values: dict[str, Any]) -> None:
    """A wrong row is refused by the place of the mistake; no value of it is repeated."""
    with pytest.raises(ValidationError) as caught:
        PersonRow.model_validate({"username": "ana", "role": "therapist", **values})
    assert not any(repr(value) in str(caught.value) for value in values.values() if value)


def test_a_row_shows_no_reference_when_it_is_printed() -> None:
    """References and subjects are not in the text of a row, which may come into a log."""
    row = PersonRow(username="ana", role=AccountRole.THERAPIST, counsellor="user/4711", subject="0f3c")
    assert not {"4711", "0f3c"} & set(repr(row).replace("'", "/").split("/"))


def test_the_provider_says_what_its_claims_hold() -> None:
    """A claim of teams, or of the reference, is what a mapping must not change."""
    assert provider_says(OidcSettings()) == ProviderSays()
    claims = OidcSettings.model_construct(teams_claim="groups", counsellor_claim="staff_no")
    assert provider_says(claims) == ProviderSays(teams=True, counsellor=True)
