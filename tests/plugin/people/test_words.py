"""Tests of a plan in words: what an operator reads before anything changes."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from plugin.database.viewer import AccountRole
from plugin.people.words import plan_lines
from plugin.queue.people import Planned
from plugin.queue.people_landing import RecentCounsellor, land
from plugin.queue.people_views import REFUSAL_SENTENCES, Changed, PeoplePlan, PeopleRefusal, Person, Refused

ID = UUID("6d0f9a52-6a41-4c06-9a55-0f7f4b0a3c11")
NORTH, SOUTH = frozenset({"North"}), frozenset({"South"})
ANA = Person("ana", AccountRole.THERAPIST, "Ana", "harbour", "p_ana", NORTH, ID)
BEN = Person("ben", AccountRole.THERAPIST, "ben", "harbour", "p_ben")
MARA = Person("mara", AccountRole.SUPERVISOR, "Mara", teams=SOUTH, account_id=ID)
OLGA = Person("olga", AccountRole.SUPERVISOR, "Olga", teams=frozenset({"West"}), account_id=ID)
RECENT = (
    RecentCounsellor("harbour", "p_ana", 1, datetime(2026, 11, 29, tzinfo=UTC)),
    RecentCounsellor("harbour", "0123456789abcdef" * 4, 12, datetime(2026, 11, 28, tzinfo=UTC)),
)
PLAN = PeoplePlan(
    added=(BEN,),
    changed=(Changed(ANA, replace(ANA, teams=SOUTH, display_name="Ana S.")),),
    unchanged=(MARA,),
    absent=(OLGA,),
)


def said(plan: PeoplePlan, *, disable_absent: bool = False) -> list[str]:
    """Return the lines of a plan."""
    return list(plan_lines(Planned(plan, land(plan.after, RECENT)), disable_absent=disable_absent))


def test_a_plan_says_what_changes_and_where_everybody_lands() -> None:
    """The lines name each change, each therapist with who sees their sessions, and everybody who is left over."""
    assert said(PLAN) == [
        "Would be added (1):",
        "  ben: therapist; needs a password",
        "Would change (1):",
        "  ana: display name, teams from North to South; ends their logins",
        "Whose sessions who sees (1):",
        "  ana by mara: 1 session in 30 days",
        "Land nowhere: no supervisor sees their sessions (1):",
        "  ben: no session in 30 days",
        "Counsellors of the last 30 days who have no account (1):",
        "  harbour/0123456789ab: 12 sessions, the last on 2026-11-28",
        "Supervisors of nobody (1):",
        "  olga: supervisor",
        "Not named by the file, and left as they are: olga.",
        "Unchanged: 1 person.",
        f"This is the plan {PLAN.code}.",
    ]


def test_whoever_cannot_be_placed_stops_everything() -> None:
    """A refusal is said in words, and instead of a code there is a sentence: nothing can be applied."""
    lines = said(PeoplePlan(refused=(Refused("ana", PeopleRefusal.TWICE, ANA),)))
    assert "  ana: named more than once" in lines
    assert lines[-1] == "Nothing can be applied while somebody cannot be placed."


def test_an_empty_plan_says_so() -> None:
    """Where everybody is as the file says, there is nothing to do."""
    assert said(PeoplePlan(unchanged=(MARA,)))[-1] == "There is nothing to do."


def test_who_would_be_disabled_is_named() -> None:
    """With the whole list, accounts that it does not name would be disabled, and those that stay are of no interest."""
    lines = said(PeoplePlan(disabled=(MARA,), absent=(OLGA,)), disable_absent=True)
    assert "  mara: supervisor" in lines
    assert not any("left as they are" in line for line in lines)


def test_every_refusal_has_its_words() -> None:
    """Each reason has a sentence of its own."""
    assert set(REFUSAL_SENTENCES) == set(PeopleRefusal)
    assert len(set(REFUSAL_SENTENCES.values())) == len(PeopleRefusal)
