"""Tests of where people land: whose sessions which supervisor sees, who is nowhere, and who has no account."""

from datetime import UTC, datetime

import pytest

from plugin.database.viewer import AccountRole
from plugin.queue.people_landing import RecentCounsellor, land
from plugin.queue.people_views import Person

THEN = datetime(2026, 11, 29, 20, 0, tzinfo=UTC)


def therapist(*teams: str, tenant: str = "harbour", is_disabled: bool = False) -> Person:
    """Return Ana, in these teams."""
    return Person("ana", AccountRole.THERAPIST, "Ana", tenant, "p_ana", teams=frozenset(teams), is_disabled=is_disabled)


def supervisor(*teams: str, tenant: str | None = None, is_disabled: bool = False) -> Person:
    """Return Mara, in these teams."""
    return Person("mara", AccountRole.SUPERVISOR, "Mara", tenant, teams=frozenset(teams), is_disabled=is_disabled)


@pytest.mark.parametrize(
    ("ana", "mara", "sees"),
    [
        (therapist("North"), supervisor("North", "South"), True),
        (therapist("North"), supervisor("South"), False),
        (therapist("North"), supervisor(tenant="harbour"), False),  # she sees those of no team alone
        (therapist(), supervisor(tenant="harbour"), True),
        (therapist(), supervisor(tenant="pier"), False),
        (therapist(), supervisor("North"), False),
        (therapist("North"), supervisor("North", is_disabled=True), False),
    ],
)
def test_a_team_decides_who_sees_sessions(ana: Person, mara: Person, sees: bool) -> None:
    """A supervisor sees the sessions of her teams, and of her platform those without a team, while she may log in."""
    landing = land([ana, mara], ())
    assert [each.supervisors for each in landing.therapists] == [("mara",) if sees else ()]
    assert bool(landing.nowhere) is not sees


def test_a_lead_is_no_supervisor_of_a_team() -> None:
    """A therapist whom a lead alone sees lands nowhere, since nobody reviews her sessions by duty."""
    lena = Person("lena", AccountRole.LEAD, "Lena")
    assert [each.person.username for each in land([therapist("North"), lena], ()).nowhere] == ["ana"]


def test_recent_sessions_are_counted_by_counsellor() -> None:
    """A therapist's recent sessions are counted, and counsellors without an account are strangers."""
    mine, theirs = RecentCounsellor("harbour", "p_ana", 7, THEN), RecentCounsellor("harbour", "p_x", 2, THEN)
    elsewhere = RecentCounsellor("pier", "p_ana", 1, THEN)
    landing = land([therapist("North")], [theirs, mine, elsewhere])
    assert [each.sessions for each in landing.therapists] == [7]
    assert landing.strangers == (theirs, elsewhere)


def test_a_disabled_therapist_is_neither_landed_nor_a_stranger() -> None:
    """Whoever cannot log in is not said to be nowhere, but their sessions are of somebody known."""
    landing = land([therapist(is_disabled=True)], [RecentCounsellor("harbour", "p_ana", 7, THEN)])
    assert (landing.therapists, landing.strangers) == ((), ())


def test_a_supervisor_whom_nobody_lands_with_is_named() -> None:
    """A supervisor in whose teams there is no therapist has nothing to do, which may be a misspelt team."""
    assert land([therapist("North"), supervisor("Noth")], ()).supervisors_of_nobody == (supervisor("Noth"),)
    assert land([therapist("North"), supervisor("North")], ()).supervisors_of_nobody == ()
