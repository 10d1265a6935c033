"""The values of a plan for a service's people: accounts as they are, what would become of each, and why not."""

import hashlib
import json
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Final
from uuid import UUID

from plugin.database.viewer import AccountRole

_CODE_CHARACTERS: Final = 16
"""Of the hash of a plan's changes: 64 bits, which no two plans of one service share by chance."""


class PeopleRefusal(StrEnum):
    """Why a person of a mapping cannot be placed; the values are for programs."""

    TWICE = "twice"
    ROLE_DIFFERS = "role_differs"
    NAME_TAKEN = "name_taken"
    REMOVED = "removed"
    UNKNOWN_PROVIDER = "unknown_provider"
    UNKNOWN_TENANT = "unknown_tenant"
    NO_COUNSELLOR = "no_counsellor"
    NO_THERAPIST = "no_therapist"
    COUNSELLOR_TAKEN = "counsellor_taken"
    NO_SCOPE = "no_scope"
    NEEDS_NO_SCOPE = "needs_no_scope"
    UNKNOWN_SUPERVISOR = "unknown_supervisor"
    SUPERVISOR_WITHOUT_TEAM = "supervisor_without_team"
    SUPERVISOR_ELSEWHERE = "supervisor_elsewhere"
    PROVIDER_SAYS = "provider_says"


REFUSAL_SENTENCES: Final = {
    PeopleRefusal.TWICE: "named more than once",
    PeopleRefusal.ROLE_DIFFERS: "has an account in another role, and a role is never changed",
    PeopleRefusal.NAME_TAKEN: "another account has this user name",
    PeopleRefusal.REMOVED: "the account was removed, and stays so",
    PeopleRefusal.UNKNOWN_PROVIDER: "has a subject, but the settings name no provider (oidc.issuer)",
    PeopleRefusal.UNKNOWN_TENANT: "the settings have no such tenant",
    PeopleRefusal.NO_COUNSELLOR: "a therapist needs a counsellor, and a tenant where there are several",
    PeopleRefusal.NO_THERAPIST: "only a therapist has a counsellor or a supervisor",
    PeopleRefusal.COUNSELLOR_TAKEN: "another account has this counsellor",
    PeopleRefusal.NO_SCOPE: "a supervisor needs a team or a tenant",
    PeopleRefusal.NEEDS_NO_SCOPE: "this role has no team and no tenant",
    PeopleRefusal.UNKNOWN_SUPERVISOR: "nobody is a supervisor of this user name",
    PeopleRefusal.SUPERVISOR_WITHOUT_TEAM: "the supervisor has no team to be put into",
    PeopleRefusal.SUPERVISOR_ELSEWHERE: "the supervisor is in none of these teams",
    PeopleRefusal.PROVIDER_SAYS: "the provider says this at each login; leave it out, or change it there",
}
"""Each reason, for people."""


@dataclass(frozen=True)
class Person:
    """A person as their account has them. `counsellor` is the pseudonym; without an id there is no account yet."""

    username: str
    role: AccountRole
    display_name: str
    tenant: str | None = None
    counsellor: str | None = None
    teams: frozenset[str] = frozenset()
    account_id: UUID | None = None
    issuer: str | None = None
    subject_hash: str | None = field(default=None, repr=False)
    is_disabled: bool = False


@dataclass(frozen=True)
class People:
    """Everybody who has an account, and the hashes of the subjects whose accounts were removed."""

    accounts: tuple[Person, ...]
    removed_subjects: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ProviderSays:
    """What the provider's claims say at each login, so that a mapping would change it in vain."""

    teams: bool = False
    counsellor: bool = False


@dataclass(frozen=True)
class Changed:
    """An account as it is and as it would be."""

    before: Person
    after: Person

    @property
    def what(self) -> tuple[str, ...]:
        """The names of what differs."""
        return tuple(
            each.name for each in fields(Person) if getattr(self.before, each.name) != getattr(self.after, each.name)
        )

    @property
    def takes_away(self) -> bool:
        """Whether the person may see less than before, so that their logins end."""
        of_others = {"tenant", "counsellor"} & set(self.what)
        return bool(self.before.teams - self.after.teams) or bool(of_others)


@dataclass(frozen=True)
class Refused:
    """A person of the mapping who cannot be placed."""

    username: str
    reason: PeopleRefusal
    account: Person | None = None


@dataclass(frozen=True)
class PeoplePlan:
    """What would become of everybody; each list is in the order of user names.

    Each person of the mapping is in exactly one of `added`, `changed`, `unchanged` and `refused`; each account that it
    does not name is in exactly one of `disabled` and `absent`.
    """

    added: tuple[Person, ...] = ()
    changed: tuple[Changed, ...] = ()
    unchanged: tuple[Person, ...] = ()
    refused: tuple[Refused, ...] = ()
    disabled: tuple[Person, ...] = ()
    absent: tuple[Person, ...] = ()
    """Accounts that the mapping does not name, and that stay as they are."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.added or self.changed or self.disabled)

    @property
    def after(self) -> tuple[Person, ...]:
        """Everybody as they would be; of those who cannot be placed, the accounts as they are."""
        refused = (each.account for each in self.refused if each.account is not None)
        disabled = (replace(each, is_disabled=True) for each in self.disabled)
        changed = (each.after for each in self.changed)
        return (*self.added, *changed, *self.unchanged, *dict.fromkeys(refused), *disabled, *self.absent)

    @property
    def code(self) -> str:
        """A name for exactly these changes of exactly these accounts."""
        changes = [
            [_values(each) for each in self.added],
            [[_values(each.before), _values(each.after)] for each in self.changed],
            [_values(each) for each in self.disabled],
        ]
        return hashlib.sha256(json.dumps(changes).encode()).hexdigest()[:_CODE_CHARACTERS]


def _values(person: Person) -> list[object]:
    return [
        sorted(value) if isinstance(value, frozenset) else value if value is None else str(value)
        for value in (getattr(person, each.name) for each in fields(Person))
    ]
