"""The person whom the claims of a verified token describe, by the mapping of the settings."""

from collections.abc import Iterator, Mapping
from typing import Final

from plugin.database.viewer import AccountRole
from plugin.queue.accounts import MAX_NAME, counsellor_pseudonym
from plugin.queue.provider_accounts import ProviderPerson
from plugin.queue.provider_refusals import LoginRefusedError, Refusal
from plugin.web.provider.id_token import Claims, check_subject
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import OidcSettings, TenantSettings

MAX_VALUES: Final = 500
"""Values of one claim that are looked at; directories put people into hundreds of groups."""
_WITHOUT_SCOPE: Final = frozenset({AccountRole.OPERATOR, AccountRole.LEAD, AccountRole.AUDITOR})
"""The roles that belong to no team and no platform, whatever groups a person is in."""
_NAMES: Final = ("preferred_username", "email", "name")
"""The claims that may give a user name, the best first."""


def person_of(claims: Claims, settings: OidcSettings, tenants: Mapping[str, TenantSettings]) -> ProviderPerson:
    """Return the person, without a role where no claim gives one.

    Raises:
        LoginRefusedError: the platform is unknown, or a therapist has no reference on it.
    """
    subject = check_subject(claims)
    held = set(_values(claims, settings.roles_claim))
    role = next((AccountRole(role) for value, role in settings.roles.items() if value in held), None)
    username = next(filter(None, (_name(claims.get(name)) for name in _NAMES)), "") or _name(subject) or "person"
    tenant = _tenant(claims, settings, tenants, role)
    return ProviderPerson(
        issuer=settings.issuer,
        subject=subject,
        username=username,
        display_name=_name(claims.get("name")) or username,
        role=role,
        teams=() if role in _WITHOUT_SCOPE else _teams(claims, settings),
        tenant=tenant,
        counsellor=_counsellor(claims, settings, tenants, tenant) if role is AccountRole.THERAPIST else None,
        says_counsellor=bool(settings.counsellor_claim),
    )


def check_mapping(settings: OidcSettings, tenants: Mapping[str, TenantSettings]) -> None:
    """Check that a therapist's platform can be known.

    Raises:
        Misconfigured: it cannot.
    """
    gives_reference = "therapist" in settings.roles.values() and settings.counsellor_claim
    if gives_reference and not settings.tenant_claim and len(tenants) != 1:
        raise Misconfigured("oidc.roles gives the role therapist, so oidc.tenant_claim must name the platform's claim.")


def _tenant(
    claims: Claims, settings: OidcSettings, tenants: Mapping[str, TenantSettings], role: AccountRole | None
) -> str | None:
    if role is None or role in _WITHOUT_SCOPE:
        return None
    if role is AccountRole.THERAPIST and not settings.counsellor_claim:
        return None  # the platform goes with the reference, which the mapping says
    if not settings.tenant_claim:
        return next(iter(tenants)) if role is AccountRole.THERAPIST else None
    named = next(iter(_values(claims, settings.tenant_claim)), None)
    if named is not None and named not in tenants:
        raise LoginRefusedError(Refusal.UNFIT)
    return named


def _counsellor(
    claims: Claims, settings: OidcSettings, tenants: Mapping[str, TenantSettings], tenant: str | None
) -> str | None:
    if not settings.counsellor_claim:
        return None
    reference = next(iter(_values(claims, settings.counsellor_claim)), None)
    if reference is None:
        raise LoginRefusedError(Refusal.UNFIT)
    try:
        return counsellor_pseudonym(tenants, tenant, reference)
    except Misconfigured:
        raise LoginRefusedError(Refusal.UNFIT) from None


def _teams(claims: Claims, settings: OidcSettings) -> tuple[str, ...] | None:
    if not settings.teams_claim:
        return None
    held = list(_values(claims, settings.teams_claim))
    teams = [settings.teams[value] for value in held if value in settings.teams] if settings.teams else held
    return tuple(sorted({team.strip() for team in teams if team.strip()}))


def _values(claims: Claims, name: str) -> Iterator[str]:
    """Yield the text values of a claim: one, or a list of them."""
    value = _at(claims, name)
    listed = value[:MAX_VALUES] if isinstance(value, list) else [value]
    yield from (each for each in listed if isinstance(each, str) and each)


def _at(claims: Claims, name: str) -> object:
    """Return the claim of this name, or what is there if the name is read as a path with dots."""
    if name in claims or not name:
        return claims.get(name)
    value: object = claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _name(value: object) -> str:
    """Return a text as a name that a list can show, or nothing."""
    if not isinstance(value, str):
        return ""
    return "".join(character for character in value if character.isprintable()).strip()[:MAX_NAME].strip()
