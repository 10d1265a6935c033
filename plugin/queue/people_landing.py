"""Where people land: whose sessions which supervisor would see, and what nobody would; pure functions.

They say of everybody at once what `plugin.queue.scope` asks of one viewer and one session.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from plugin.database.viewer import AccountRole
from plugin.queue.people_views import Person


@dataclass(frozen=True)
class RecentCounsellor:
    """A counsellor of recent sessions, by pseudonym."""

    tenant: str
    counsellor: str
    sessions: int
    last_ended_at: datetime


@dataclass(frozen=True)
class Landed:
    """A therapist who may log in, the supervisors who would see their sessions, and how many recent ones there are."""

    person: Person
    supervisors: tuple[str, ...]
    sessions: int


@dataclass(frozen=True)
class Landing:
    """Where everybody would land."""

    therapists: tuple[Landed, ...]
    strangers: tuple[RecentCounsellor, ...]
    """Counsellors of recent sessions who would have no account."""
    supervisors_of_nobody: tuple[Person, ...]

    @property
    def nowhere(self) -> tuple[Landed, ...]:
        """The therapists whose sessions no supervisor would see."""
        return tuple(each for each in self.therapists if not each.supervisors)


def land(people: Iterable[Person], recent: Iterable[RecentCounsellor]) -> Landing:
    """Return where these people land, who have had these sessions."""
    listed = sorted(people, key=lambda each: each.username)
    sessions = {(each.tenant, each.counsellor): each for each in recent}
    supervisors = [each for each in listed if each.role is AccountRole.SUPERVISOR and not each.is_disabled]
    counsellors = [each for each in listed if each.role is AccountRole.THERAPIST]
    landed = []
    for each in counsellors:
        if not each.is_disabled:
            seen = sessions.get((each.tenant or "", each.counsellor or ""))
            names = tuple(other.username for other in supervisors if _sees(other, each))
            landed.append(Landed(each, names, 0 if seen is None else seen.sessions))
    known = {(each.tenant, each.counsellor) for each in counsellors}
    return Landing(
        therapists=tuple(landed),
        strangers=tuple(sessions[key] for key in sorted(sessions.keys() - known)),
        supervisors_of_nobody=tuple(
            each for each in supervisors if not any(_sees(each, other) for other in counsellors)
        ),
    )


def _sees(supervisor: Person, therapist: Person) -> bool:
    """Whether a supervisor sees a therapist's sessions: by a team, or as those of her platform without a team."""
    if therapist.teams:
        return bool(supervisor.teams & therapist.teams)
    return supervisor.tenant is not None and supervisor.tenant == therapist.tenant
