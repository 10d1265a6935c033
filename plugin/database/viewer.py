"""The person who reads the queue or acts on it, with the rights that person has now."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from plugin.time_zones import NO_ZONE


class AccountRole(StrEnum):
    """The role of an account, which decides what a person may see. Operators and auditors never see message text."""

    SUPERVISOR = "supervisor"
    THERAPIST = "therapist"
    OPERATOR = "operator"
    LEAD = "lead"
    """The clinical lead, who sees the sessions of every team as a supervisor sees those of hers."""
    AUDITOR = "auditor"
    """Reads the audit trail and nothing else."""

    @property
    def reviews(self) -> bool:
        """Whether this role reads, reviews and decides about sessions: a supervisor, or the lead in their place."""
        return self in REVIEWERS

    @property
    def reads_sessions(self) -> bool:
        """Whether this role reads sessions, and so has news and may have digests."""
        return self.reviews or self is AccountRole.THERAPIST


REVIEWERS: Final = frozenset({AccountRole.SUPERVISOR, AccountRole.LEAD})
"""The roles that read, review and decide about sessions of others."""


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
    zone: str = NO_ZONE
    """The time zone on whose clocks the person reads times and means days."""
