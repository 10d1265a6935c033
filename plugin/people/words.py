"""The plan for a service's people in words, as a terminal shows it."""

from collections.abc import Iterable, Iterator
from typing import Final

from plugin.plain_text import counted
from plugin.queue.people import RECENT, Planned
from plugin.queue.people_landing import Landed, Landing
from plugin.queue.people_views import REFUSAL_SENTENCES, Changed, PeoplePlan, Person

_PSEUDONYM_CHARACTERS: Final = 12
"""Of a pseudonym, enough to tell people apart in one list; `session_counsellors` has all of it."""


def plan_lines(planned: Planned, *, disable_absent: bool) -> Iterator[str]:
    """Yield the lines of a plan: what would change, who cannot be placed, where people land, and its code."""
    plan, landing = planned.plan, planned.landing
    yield from _change_lines(plan)
    yield from _list("Would be disabled, since the file does not name them", map(_named, plan.disabled))
    yield from _list(
        "Cannot be placed", (f"{each.username}: {REFUSAL_SENTENCES[each.reason]}" for each in plan.refused)
    )
    yield from _landing_lines(landing)
    if plan.absent and not disable_absent:
        yield f"Not named by the file, and left as they are: {', '.join(each.username for each in plan.absent)}."
    yield f"Unchanged: {counted(len(plan.unchanged), 'person', 'people')}."
    yield _closing_line(plan)


def _change_lines(plan: PeoplePlan) -> Iterator[str]:
    yield from _list("Would be added", map(_described, plan.added))
    yield from _list("Would change", map(_change, plan.changed))


def _closing_line(plan: PeoplePlan) -> str:
    if plan.refused:
        return "Nothing can be applied while somebody cannot be placed."
    return "There is nothing to do." if plan.is_empty else f"This is the plan {plan.code}."


def _landing_lines(landing: Landing) -> Iterator[str]:
    days = RECENT.days
    yield from _list("Whose sessions who sees", map(_landed, (each for each in landing.therapists if each.supervisors)))
    yield from _list("Land nowhere: no supervisor sees their sessions", map(_landed, landing.nowhere))
    yield from _list(
        f"Counsellors of the last {days} days who have no account",
        (
            f"{each.tenant}/{each.counsellor[:_PSEUDONYM_CHARACTERS]}: {counted(each.sessions, 'session')},"
            f" the last on {each.last_ended_at:%Y-%m-%d}"
            for each in landing.strangers
        ),
    )
    yield from _list("Supervisors of nobody", map(_named, landing.supervisors_of_nobody))


def _landed(landed: Landed) -> str:
    seen = counted(landed.sessions, "session") if landed.sessions else "no session"
    by = f" by {', '.join(landed.supervisors)}" if landed.supervisors else ""
    return f"{landed.person.username}{by}: {seen} in {RECENT.days} days"


def _described(person: Person) -> str:
    where = f", {', '.join(sorted(person.teams))}" if person.teams else ""
    password = "" if person.issuer else "; needs a password"
    return f"{person.username}: {person.role.value}{where}{password}"


def _change(changed: Changed) -> str:
    before, after = changed.before, changed.after
    said = [f"{name.replace('_', ' ')}" for name in changed.what if name != "teams"]
    if before.teams != after.teams:
        said.append(f"teams from {_teams(before)} to {_teams(after)}")
    disabled = " (disabled)" if after.is_disabled else ""
    return f"{after.username}{disabled}: {', '.join(said)}{'; ends their logins' if changed.takes_away else ''}"


def _teams(person: Person) -> str:
    return ", ".join(sorted(person.teams)) or "none"


def _named(person: Person) -> str:
    return f"{person.username}: {person.role.value}"


def _list(heading: str, lines: Iterable[str]) -> Iterator[str]:
    listed = list(lines)
    if listed:
        yield f"{heading} ({len(listed)}):"
        yield from (f"  {line}" for line in listed)
