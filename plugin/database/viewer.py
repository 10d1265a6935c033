"""The person who reads the queue or acts on it, with the rights that person has now."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class AccountRole(StrEnum):
    """The role of an account, which decides what a person may see. An operator never sees message text."""

    SUPERVISOR = "supervisor"
    THERAPIST = "therapist"
    OPERATOR = "operator"


@dataclass(frozen=True)
class Viewer:
    """A person who reads the queue or acts on it, with the rights they have now."""

    user_id: UUID
    username: str
    display_name: str
    role: AccountRole
    team_ids: frozenset[UUID] = frozenset()
    tenant: str | None = None
    """A therapist's platform; for a supervisor the platform whose sessions without a team are visible to her too."""
    counsellor: str | None = None
    """A therapist's own pseudonym on that platform."""
    generation: int = 0
    """The generation of logins that is valid now."""
    issuer: str | None = None
    """The provider that the account comes from; None for a local account."""
