"""People as a mapping names them, and the same people as the plan compares them: by pseudonyms and hashes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from plugin.database.viewer import AccountRole
from plugin.queue.accounts import MAX_NAME, counsellor_pseudonym, normalise_username
from plugin.queue.people_views import ProviderSays
from plugin.queue.provider_accounts import subject_hash
from stream.runtime.settings import OidcSettings, TenantSettings

MAX_REFERENCE: Final = 255
"""Characters of a reference or of a subject; OpenID Connect allows a subject no more."""


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("only what can be printed")
    return text


Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME), AfterValidator(_printable)
]
Reference = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_REFERENCE), AfterValidator(_printable)
]


class PersonRow(BaseModel):
    """A person as a file or a program names them. What is left out says nothing: what an account has, stays."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    username: Annotated[Name, Field(description="The user name of the account, in any spelling.")]
    role: Annotated[AccountRole, Field(description="An account keeps its role: another one is refused.")]
    display_name: Annotated[Name | None, Field(description="What pages call them; a new one: the user name.")] = None
    subject: Annotated[
        Reference | None, Field(repr=False, description="The provider's id (`sub`) of somebody who logs in there.")
    ] = None
    tenant: Annotated[
        Name | None,
        Field(description="A therapist's platform; without it, the only one of the settings."),
    ] = None
    counsellor: Annotated[
        Reference | None, Field(repr=False, description="The platform's own reference to a therapist.")
    ] = None
    teams: Annotated[
        tuple[Name, ...] | None, Field(max_length=50, description="All teams of the person: they leave the others.")
    ] = None
    supervisor: Annotated[
        Name | None,
        Field(description="The user name of a therapist's supervisor: without `teams`, hers are theirs."),
    ] = None


@dataclass(frozen=True)
class WantedPerson:
    """A person as they shall be; None stands for what a mapping leaves open. `counsellor` is the pseudonym."""

    username: str
    role: AccountRole
    display_name: str | None = None
    issuer: str | None = None
    subject_hash: str | None = field(default=None, repr=False)
    tenant: str | None = None
    counsellor: str | None = None
    teams: frozenset[str] | None = None
    supervisor: str | None = None
    names_counsellor: bool = False
    """Whether the mapping has a reference; without a known tenant there is no pseudonym of it."""
    has_unknown_tenant: bool = False
    has_unknown_provider: bool = False


def provider_says(settings: OidcSettings) -> ProviderSays:
    """Return what the provider's claims say of people by these settings."""
    return ProviderSays(teams=bool(settings.teams_claim), counsellor=bool(settings.counsellor_claim))


def wanted_people(
    rows: Iterable[PersonRow], tenants: Mapping[str, TenantSettings], issuer: str
) -> tuple[WantedPerson, ...]:
    """Return the people of these rows, with pseudonyms in the place of a platform's references.

    Raises:
        Misconfigured: the pseudonym key of a tenant is missing.
    """
    return tuple(_wanted(row, tenants, issuer) for row in rows)


def _wanted(row: PersonRow, tenants: Mapping[str, TenantSettings], issuer: str) -> WantedPerson:
    tenant = row.tenant
    if tenant is None and row.role is AccountRole.THERAPIST and row.counsellor is not None and len(tenants) == 1:
        tenant = next(iter(tenants))
    is_known = tenant is None or tenant in tenants
    counsellor = None
    if row.counsellor is not None and tenant is not None and is_known:
        counsellor = counsellor_pseudonym(tenants, tenant, row.counsellor)
    return WantedPerson(
        username=normalise_username(row.username),
        role=row.role,
        display_name=row.display_name,
        issuer=issuer if row.subject is not None else None,
        subject_hash=None if row.subject is None else subject_hash(issuer, row.subject),
        tenant=tenant,
        counsellor=counsellor,
        teams=None if row.teams is None else frozenset(row.teams),
        supervisor=None if row.supervisor is None else normalise_username(row.supervisor),
        names_counsellor=row.counsellor is not None,
        has_unknown_tenant=not is_known,
        has_unknown_provider=row.subject is not None and not issuer,
    )
