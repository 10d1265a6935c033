"""The JSON of a mapping of a service's people: who they are, and the plan for them. It holds no words of a session."""

from typing import Annotated, Final, Self

from pydantic import BaseModel, Field, StringConstraints

from plugin.api.list_models import Part
from plugin.api.requests import Asked
from plugin.database.viewer import AccountRole
from plugin.queue.people import Planned
from plugin.queue.people_rows import PersonRow
from plugin.queue.people_views import REFUSAL_SENTENCES, PeoplePlan, PeopleRefusal

MAX_PEOPLE: Final = 100
"""People of one request, which fit into a body; a larger service takes several requests, or the command."""


class PlanPeople(Asked):
    """A mapping of people."""

    people: Annotated[tuple[PersonRow, ...], Field(min_length=1, max_length=MAX_PEOPLE)]
    disable_absent: Annotated[
        bool, Field(strict=True, description="Disable therapists and supervisors whom the mapping does not name.")
    ] = False


class ApplyPeople(PlanPeople):
    """A mapping of people, with the code of the plan that was read."""

    code: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]


class NamedPerson(Part):
    """An account, or one that would be made."""

    username: str
    role: AccountRole
    teams: tuple[str, ...]


class ChangedPerson(NamedPerson):
    """An account as it would be, with the names of what changes."""

    changes: tuple[str, ...]
    ends_logins: bool


class RefusedPerson(Part):
    """Somebody who cannot be placed."""

    username: str
    reason: PeopleRefusal
    sentence: str = Field(description="The reason, for people.")


class LandedPerson(Part):
    """A therapist who may log in, and who would see their sessions."""

    username: str
    supervisors: tuple[str, ...] = Field(description="Without any, nobody but a lead sees them.")
    sessions: int = Field(description="Of the last 30 days.")


class Stranger(Part):
    """A counsellor of recent sessions who would have no account, by pseudonym."""

    tenant: str
    counsellor: str
    sessions: int


class PlannedPeople(BaseModel):
    """What the mapping would change, and where everybody would land."""

    code: str = Field(description="What `apply` is sent, so that it makes these changes and no others.")
    added: tuple[NamedPerson, ...]
    changed: tuple[ChangedPerson, ...]
    unchanged: tuple[str, ...]
    refused: tuple[RefusedPerson, ...] = Field(description="While there is one, nothing is applied.")
    disabled: tuple[str, ...]
    absent: tuple[str, ...] = Field(description="Accounts that the mapping does not name, which stay as they are.")
    therapists: tuple[LandedPerson, ...]
    strangers: tuple[Stranger, ...]
    supervisors_of_nobody: tuple[str, ...]

    @classmethod
    def of(cls, planned: Planned) -> Self:
        """Return a plan as JSON values."""
        plan, landing = planned.plan, planned.landing
        return cls(
            code=plan.code,
            added=tuple(
                NamedPerson(username=each.username, role=each.role, teams=tuple(sorted(each.teams)))
                for each in plan.added
            ),
            changed=tuple(
                ChangedPerson(
                    username=each.after.username,
                    role=each.after.role,
                    teams=tuple(sorted(each.after.teams)),
                    changes=each.what,
                    ends_logins=each.takes_away,
                )
                for each in plan.changed
            ),
            unchanged=tuple(each.username for each in plan.unchanged),
            refused=tuple(
                RefusedPerson(username=each.username, reason=each.reason, sentence=REFUSAL_SENTENCES[each.reason])
                for each in plan.refused
            ),
            disabled=tuple(each.username for each in plan.disabled),
            absent=tuple(each.username for each in plan.absent),
            therapists=tuple(
                LandedPerson(username=each.person.username, supervisors=each.supervisors, sessions=each.sessions)
                for each in landing.therapists
            ),
            strangers=tuple(Stranger.model_validate(each) for each in landing.strangers),
            supervisors_of_nobody=tuple(each.username for each in landing.supervisors_of_nobody),
        )


class AppliedPeople(BaseModel):
    """How many accounts were changed."""

    added: int
    changed: int
    disabled: int

    @classmethod
    def of(cls, plan: PeoplePlan) -> Self:
        """Return what became of a plan."""
        return cls(added=len(plan.added), changed=len(plan.changed), disabled=len(plan.disabled))
