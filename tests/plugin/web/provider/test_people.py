"""Tests of the mapping from claims to a person: role, teams, platform, reference and names."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from plugin.database.viewer import AccountRole
from plugin.queue.accounts import MAX_NAME, counsellor_pseudonym
from plugin.queue.provider_refusals import LoginRefusedError, Refusal
from plugin.web.provider.people import check_mapping, person_of
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import TenantSettings
from tests.plugin.web.provider.conftest import oidc_settings

TENANTS = {"riverside": TenantSettings(pseudonym_key=SecretStr(base64.b64encode(b"k" * 32).decode()))}
SUBJECT = {"sub": "s-1"}


@pytest.mark.parametrize(
    ("value", "role"),
    [
        ("cp-lead", AccountRole.SUPERVISOR),
        (["x", "cp-ops"], AccountRole.OPERATOR),
        (["cp-ops", "cp-lead"], AccountRole.SUPERVISOR),
        (["CP-LEAD", "", 7, None], None),
        (None, None),
        ({"cp-lead": True}, None),
    ],
)
def test_the_first_role_of_the_settings_counts(value: object, role: AccountRole | None) -> None:
    """The role is the first of the settings whose value the claim holds exactly, and none otherwise."""
    assert person_of(SUBJECT | {"roles": value}, oidc_settings(), TENANTS).role is role


def test_a_claim_may_be_deep_or_have_dots() -> None:
    """A claim is found by its name, be it an address, and otherwise by a path."""
    deep = SUBJECT | {"realm_access": {"roles": ["cp-lead"]}}
    assert person_of(deep, oidc_settings(roles_claim="realm_access.roles"), TENANTS).role is AccountRole.SUPERVISOR
    named = SUBJECT | {"https://id.example/roles": "cp-lead"}
    settings = oidc_settings(roles_claim="https://id.example/roles")
    assert person_of(named, settings, TENANTS).role is AccountRole.SUPERVISOR
    assert person_of(SUBJECT | {"realm_access": "x"}, oidc_settings(roles_claim="realm_access.roles"), {}).role is None


def test_teams_are_values_or_what_they_mean() -> None:
    """Teams are the claim's values; with a table, those of the table alone; without a claim, nobody says."""
    claims = SUBJECT | {"roles": "cp-lead", "groups": ["north", "all-staff", "north", " "]}
    assert person_of(claims, oidc_settings(), TENANTS).teams == ("all-staff", "north")
    assert person_of(claims, oidc_settings(teams={"north": "North"}), TENANTS).teams == ("North",)
    assert person_of(claims, oidc_settings(teams_claim=""), TENANTS).teams is None


def test_a_therapist_is_tied_to_the_counsellor() -> None:
    """A therapist gets the pseudonym that the gateway makes of the platform's reference."""
    claims = SUBJECT | {"roles": "cp-counsellor", "staff_no": "4711"}
    person = person_of(claims, oidc_settings(), TENANTS)
    assert person.tenant == "riverside"
    assert person.counsellor == counsellor_pseudonym(TENANTS, "riverside", "4711") != "4711"


def test_without_a_claim_of_the_reference_the_mapping_says_it() -> None:
    """Where no claim holds the reference, a therapist's platform and reference are left to the account."""
    claims = SUBJECT | {"roles": "cp-counsellor", "staff_no": "4711", "site": "riverside"}
    person = person_of(claims, oidc_settings(counsellor_claim="", tenant_claim="site"), TENANTS)
    assert (person.says_counsellor, person.tenant, person.counsellor) == (False, None, None)
    check_mapping(oidc_settings(counsellor_claim=""), {})


def test_among_several_platforms_a_claim_names_one() -> None:
    """A reference of the claims belongs to the only platform, or to one that a claim names."""
    with pytest.raises(Misconfigured, match="tenant_claim"):
        check_mapping(oidc_settings(), {**TENANTS, "harbour": TenantSettings()})


@pytest.mark.parametrize("claims", [{"staff_no": "1", "site": "elsewhere"}, {"site": "riverside"}, {"staff_no": "1"}])
def test_a_therapist_without_platform_or_reference_is_refused(claims: dict[str, Any]) -> None:
    """A therapist whose platform is unknown, or whose reference or platform is missing, is refused."""
    settings = oidc_settings(tenant_claim="site")
    with pytest.raises(LoginRefusedError) as caught:
        person_of(SUBJECT | {"roles": "cp-counsellor"} | claims, settings, TENANTS)
    assert caught.value.refusal is Refusal.UNFIT


def test_a_supervisor_gets_a_platform_by_the_claim_alone() -> None:
    """A supervisor sees a platform's sessions without a team only if a claim names that platform."""
    claims = SUBJECT | {"roles": "cp-lead", "site": "riverside"}
    assert person_of(claims, oidc_settings(), TENANTS).tenant is None
    assert person_of(claims, oidc_settings(tenant_claim="site"), TENANTS).tenant == "riverside"


@pytest.mark.parametrize("role", [AccountRole.OPERATOR, AccountRole.LEAD, AccountRole.AUDITOR])
def test_some_roles_have_no_team_and_no_platform(role: AccountRole) -> None:
    """An operator and an auditor see no session, and a lead those of all teams, whatever else the claims say."""
    claims = SUBJECT | {"roles": "cp-it", "groups": ["north"], "site": "riverside", "staff_no": "4711"}
    settings = oidc_settings(tenant_claim="site", roles={"cp-it": role.value})
    person = person_of(claims, settings, TENANTS)
    assert (person.role, person.teams, person.tenant, person.counsellor) == (role, (), None, None)


def test_of_two_roles_the_first_of_the_settings_counts() -> None:
    """Who is a supervisor and a lead is what the settings name first."""
    claims = SUBJECT | {"roles": ["cp-supervisor", "cp-head"]}
    settings = oidc_settings(roles={"cp-head": "lead", "cp-supervisor": "supervisor"})
    assert person_of(claims, settings, TENANTS).role is AccountRole.LEAD


@given(st.dictionaries(st.sampled_from(["preferred_username", "email", "name"]), st.text() | st.integers()))
def test_any_name_becomes_one_that_a_list_can_show(claims: dict[str, Any]) -> None:
    """Whatever the claims hold, the names are printable, not empty and not too long."""
    person = person_of(SUBJECT | {"roles": "cp-lead"} | claims, oidc_settings(), TENANTS)
    for name in (person.username, person.display_name):
        assert 0 < len(name) <= MAX_NAME
        assert name.isprintable()
        assert name.strip() == name
