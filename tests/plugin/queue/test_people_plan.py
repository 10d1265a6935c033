"""Tests of the plan for a service's people: what a mapping makes of the accounts there are, as a pure function."""

from collections import Counter
from dataclasses import replace
from itertools import combinations
from random import Random
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.database.viewer import AccountRole
from plugin.queue.people_plan import plan_people
from plugin.queue.people_rows import WantedPerson
from plugin.queue.people_views import People, PeoplePlan, PeopleRefusal, Person, ProviderSays

SPACE = UUID("6d0f9a52-6a41-4c06-9a55-0f7f4b0a3c11")
ISSUER = "https://id.example/care"
NORTH, SOUTH = frozenset({"North"}), frozenset({"South"})
THERAPIST, SUPERVISOR = AccountRole.THERAPIST, AccountRole.SUPERVISOR
NOTHING = ProviderSays()


def account(username: str, role: AccountRole = THERAPIST, **values: Any) -> Person:
    """Return an account with an id of its own; a therapist is the counsellor `p_NAME` of one platform."""
    own: dict[str, Any] = {"tenant": "harbour", "counsellor": f"p_{username}"} if role is THERAPIST else {}
    made = Person(username, role, username.title(), account_id=uuid5(SPACE, username))
    return replace(made, **{**own, **values})


def wanted(username: str, role: AccountRole = THERAPIST, **values: Any) -> WantedPerson:
    """Return a person of a mapping; a therapist is named as the counsellor `p_NAME`."""
    own: dict[str, Any] = {"tenant": "harbour", "counsellor": f"p_{username}"} if role is THERAPIST else {}
    return replace(WantedPerson(username, role), **{**own, **values})


def planned(accounts: list[Person], *people: WantedPerson, disable_absent: bool = False) -> PeoplePlan:
    """Return the plan of a mapping, where no provider says anything."""
    return plan_people(People(tuple(accounts)), people, NOTHING, disable_absent=disable_absent)


MARA = account("mara", SUPERVISOR, teams=NORTH)
ANA = account("ana", teams=NORTH)


def test_whoever_has_no_account_gets_one() -> None:
    """A person without an account is added, with what the mapping says and the user name where it says no name."""
    plan = planned([MARA], wanted("ana", teams=NORTH))
    assert plan.added == (Person("ana", THERAPIST, "ana", "harbour", "p_ana", NORTH),)
    assert plan.absent == (MARA,)


def test_what_the_mapping_leaves_open_stays() -> None:
    """A row that names role and counsellor alone changes nothing of an account that has a name and teams."""
    assert planned([ANA], wanted("ana")).unchanged == (ANA,)


def test_teams_of_the_mapping_are_all_teams() -> None:
    """A row with teams moves the person: they leave the others, and their logins end."""
    (changed,) = planned([ANA], wanted("ana", teams=SOUTH)).changed
    assert (changed.after.teams, changed.what, changed.takes_away) == (SOUTH, ("teams",), True)


def test_another_team_takes_nothing_away() -> None:
    """Whoever gets a team and keeps the others stays logged in."""
    (changed,) = planned([ANA], wanted("ana", teams=NORTH | SOUTH)).changed
    assert not changed.takes_away


def test_another_reference_ends_logins() -> None:
    """A therapist who is another counsellor from now on reads other sessions, so their logins end."""
    (changed,) = planned([ANA], wanted("ana", counsellor="p_new")).changed
    assert (changed.what, changed.takes_away) == (("counsellor",), True)


def test_two_may_exchange_their_references() -> None:
    """What counts is who has a counsellor afterwards, so two people may exchange theirs."""
    ben = account("ben", teams=NORTH)
    plan = planned([ANA, ben], wanted("ana", counsellor="p_ben"), wanted("ben", counsellor="p_ana"))
    assert [each.after.counsellor for each in plan.changed] == ["p_ben", "p_ana"]
    assert plan.refused == ()


def test_a_supervisor_stands_for_her_teams() -> None:
    """A row with a supervisor and without teams puts a therapist into hers, be she in the mapping or not."""
    olga = wanted("olga", SUPERVISOR, teams=SOUTH)
    plan = planned([MARA, ANA], wanted("ben", supervisor="mara"), wanted("ana", supervisor="olga"), olga)
    assert [each.teams for each in plan.added] == [NORTH, SOUTH]  # Ben, and Olga herself
    assert [each.after.teams for each in plan.changed] == [SOUTH]


def test_a_disabled_account_stays_so() -> None:
    """A mapping enables nobody: why an account is disabled is not in it."""
    plan = planned([replace(ANA, is_disabled=True)], wanted("ana", teams=SOUTH))
    assert [each.after.is_disabled for each in plan.changed] == [True]


REFUSED: dict[str, tuple[list[Person], list[WantedPerson], PeopleRefusal]] = {
    "named twice": ([], [wanted("ana"), wanted("ana", counsellor="p_2")], PeopleRefusal.TWICE),
    "by both names": (
        [account("ana", issuer=ISSUER, subject_hash="s-1")],
        [wanted("ana"), wanted("a.s", issuer=ISSUER, subject_hash="s-1")],
        PeopleRefusal.TWICE,
    ),
    "another role": ([MARA], [wanted("mara")], PeopleRefusal.ROLE_DIFFERS),
    "a local account": ([ANA], [wanted("ana", issuer=ISSUER, subject_hash="s-1")], PeopleRefusal.NAME_TAKEN),
    "no provider": ([], [wanted("ana", subject_hash="s", has_unknown_provider=True)], PeopleRefusal.UNKNOWN_PROVIDER),
    "unknown tenant": ([], [wanted("ana", has_unknown_tenant=True)], PeopleRefusal.UNKNOWN_TENANT),
    "no counsellor": ([], [wanted("ana", counsellor=None)], PeopleRefusal.NO_COUNSELLOR),
    "a reference on no platform": (
        [ANA],
        [wanted("ana", tenant=None, counsellor=None, names_counsellor=True)],
        PeopleRefusal.NO_COUNSELLOR,
    ),
    "another platform alone": ([ANA], [wanted("ana", tenant="pier", counsellor=None)], PeopleRefusal.NO_COUNSELLOR),
    "a supervisor as counsellor": (
        [MARA],
        [wanted("mara", SUPERVISOR, names_counsellor=True)],
        PeopleRefusal.NO_THERAPIST,
    ),
    "a supervisor's supervisor": ([MARA], [wanted("mara", SUPERVISOR, supervisor="mara")], PeopleRefusal.NO_THERAPIST),
    "a counsellor of another": ([ANA], [wanted("ben", counsellor="p_ana")], PeopleRefusal.COUNSELLOR_TAKEN),
    "one counsellor for two": (
        [],
        [wanted("ana", counsellor="p"), wanted("ben", counsellor="p")],
        PeopleRefusal.COUNSELLOR_TAKEN,
    ),
    "no scope": ([], [wanted("mara", SUPERVISOR)], PeopleRefusal.NO_SCOPE),
    "a lead in a team": ([], [wanted("lena", AccountRole.LEAD, teams=NORTH)], PeopleRefusal.NEEDS_NO_SCOPE),
    "nobody's supervisor": ([ANA], [wanted("ben", supervisor="ana")], PeopleRefusal.UNKNOWN_SUPERVISOR),
    "a supervisor without a team": (
        [account("mara", SUPERVISOR, tenant="harbour")],
        [wanted("ana", supervisor="mara")],
        PeopleRefusal.SUPERVISOR_WITHOUT_TEAM,
    ),
    "a supervisor elsewhere": (
        [MARA],
        [wanted("ben", supervisor="mara", teams=SOUTH)],
        PeopleRefusal.SUPERVISOR_ELSEWHERE,
    ),
}


@pytest.mark.parametrize(("accounts", "people", "reason"), REFUSED.values(), ids=REFUSED)
def test_who_cannot_be_placed_is_named_with_the_reason(
    accounts: list[Person], people: list[WantedPerson], reason: PeopleRefusal
) -> None:
    """A person who cannot be placed is refused with the one reason, whatever the order, and nobody else is changed."""
    for rows in (people, people[::-1]):
        plan = planned(accounts, *rows)
        assert {each.reason for each in plan.refused} == {reason}
        assert plan.is_empty


def test_a_removed_person_stays_removed() -> None:
    """A subject whose account was removed gets none by a mapping either."""
    people = People((), frozenset({"s-1"}))
    plan = plan_people(people, [wanted("ana", issuer=ISSUER, subject_hash="s-1")], NOTHING)
    assert [each.reason for each in plan.refused] == [PeopleRefusal.REMOVED]


@pytest.mark.parametrize(
    ("says", "changed"),
    [(ProviderSays(teams=True), {"teams": SOUTH}), (ProviderSays(counsellor=True), {"counsellor": "p_new"})],
)
def test_what_the_provider_says_is_not_changed_in_vain(says: ProviderSays, changed: dict[str, Any]) -> None:
    """What the next login would change back is refused, and what the provider leaves open is not."""
    of_provider = replace(ANA, issuer=ISSUER, subject_hash="s-1")
    row = wanted("ana", issuer=ISSUER, subject_hash="s-1", **changed)
    people = People((of_provider,))
    assert [each.reason for each in plan_people(people, [row], says).refused] == [PeopleRefusal.PROVIDER_SAYS]
    assert len(plan_people(people, [row], NOTHING).changed) == 1
    assert plan_people(people, [wanted("ana")], says).unchanged == (of_provider,)


def test_an_account_is_found_by_its_subject_first() -> None:
    """A subject finds its account whatever the provider calls the person now, and the account keeps its name."""
    of_provider = account("a.stein", issuer=ISSUER, subject_hash="s-1", counsellor="p_ana")
    plan = planned([of_provider], wanted("ana", issuer=ISSUER, subject_hash="s-1", teams=NORTH))
    assert [(each.after.username, each.after.teams) for each in plan.changed] == [("a.stein", NORTH)]


def test_absence_disables_only_where_the_mapping_is_the_whole_list() -> None:
    """An account that is not named stays; with `disable_absent` a therapist and a supervisor go, an operator never."""
    ops, lena = account("ops", AccountRole.OPERATOR), account("lena", AccountRole.LEAD)
    everybody = [MARA, ANA, ops, lena]
    assert planned(everybody, wanted("ben")).absent == (ANA, lena, MARA, ops)
    plan = planned(everybody, wanted("ben"), disable_absent=True)
    assert (plan.disabled, plan.absent) == ((ANA, MARA), (lena, ops))


def test_whoever_cannot_be_placed_is_not_absent() -> None:
    """An account that a refused row names is not taken for one that nobody named."""
    plan = planned([ANA], wanted("ana", SUPERVISOR, teams=NORTH), disable_absent=True)
    assert (plan.disabled, plan.absent) == ((), ())
    assert [each.account for each in plan.refused] == [ANA]


TEAMS = st.sampled_from([frozenset[str](), NORTH, SOUTH, NORTH | SOUTH])
ROLES = {"ana": THERAPIST, "ben": THERAPIST, "mara": SUPERVISOR, "olga": SUPERVISOR, "ops": AccountRole.OPERATOR}
SOME = st.sampled_from([some for size in range(5) for some in combinations(ROLES, size)])


@st.composite
def services(draw: st.DrawFn) -> tuple[list[Person], list[WantedPerson]]:
    """Draw the accounts of a service and a mapping of it; mostly one that can be placed."""
    accounts, people = [], []
    for name in draw(SOME):
        scope = {} if ROLES[name] is AccountRole.OPERATOR else {"teams": draw(TEAMS) | {"West"}}
        accounts.append(account(name, ROLES[name], is_disabled=draw(st.booleans()), **scope))
    for name in draw(SOME) + draw(st.sampled_from([(), (), ("ana",)])):
        values: dict[str, Any] = {}
        if ROLES[name] is SUPERVISOR:
            values["teams"] = draw(TEAMS.filter(bool))
        if ROLES[name] is THERAPIST:
            values["teams"] = draw(st.none() | TEAMS)
            values["supervisor"] = (
                draw(st.none() | st.sampled_from(["mara", "olga"])) if values["teams"] is None else None
            )
            values["counsellor"] = draw(st.sampled_from(["p_ana", "p_ben", "p_3", "p_4"]))
        people.append(wanted(name, ROLES[name], **values))
    return accounts, people


def done(plan: PeoplePlan) -> list[Person]:
    """Return the accounts as they are after a plan, new ones with an id."""
    return [replace(each, account_id=each.account_id or uuid5(SPACE, each.username)) for each in plan.after]


@given(services(), st.booleans())
def test_after_a_plan_there_is_nothing_left_to_do(
    service: tuple[list[Person], list[WantedPerson]], whole: bool
) -> None:
    """The plan of a mapping that has been applied is empty, and everybody is where the first one said."""
    accounts, people = service
    plan = planned(accounts, *people, disable_absent=whole)
    if plan.refused:
        return  # then nothing is applied
    again = planned(done(plan), *people, disable_absent=whole)
    assert (again.is_empty, again.refused) == (True, ())
    assert sorted(done(again), key=str) == sorted(done(plan), key=str)


@given(services(), st.booleans(), st.randoms())
def test_the_order_of_people_does_not_matter(
    service: tuple[list[Person], list[WantedPerson]], whole: bool, random: Random
) -> None:
    """A mapping in another order, over accounts in another order, is the same plan with the same code."""
    accounts, people = service
    plan = planned(accounts, *people, disable_absent=whole)
    random.shuffle(accounts)
    random.shuffle(people)
    again = planned(accounts, *people, disable_absent=whole)
    assert again == plan
    assert again.code == plan.code


@given(services(), st.booleans())
def test_nobody_is_lost(service: tuple[list[Person], list[WantedPerson]], whole: bool) -> None:
    """Each person of the mapping is in one list of the plan, and every account is there afterwards."""
    accounts, people = service
    plan = planned(accounts, *people, disable_absent=whole)
    named = [each.username for each in (*plan.added, *plan.unchanged)]
    named += [each.username for each in plan.refused]
    named += [each.after.username for each in plan.changed]
    assert Counter(named) == Counter(each.username for each in people)
    after = {each.account_id: each for each in plan.after if each.account_id}
    assert after.keys() == {each.account_id for each in accounts}
    said = {each.account_id for each in plan.disabled} | {each.before.account_id for each in plan.changed}
    assert all(each in plan.after for each in accounts if each.account_id not in said)


@given(services())
def test_no_two_accounts_have_one_counsellor(service: tuple[list[Person], list[WantedPerson]]) -> None:
    """After a plan that can be applied each counsellor has one account at most, as the database demands."""
    accounts, people = service
    plan = planned(accounts, *people)
    if plan.refused:
        return
    held = Counter((each.tenant, each.counsellor) for each in plan.after if each.counsellor)
    assert max(held.values(), default=0) <= 1


def test_another_change_is_another_code() -> None:
    """The code names the changes and the accounts that they are about: it is another one once either differs."""
    rows = wanted("ana", teams=SOUTH)
    codes = {
        planned([ANA], rows).code,
        planned([replace(ANA, teams=NORTH | SOUTH)], rows).code,
        planned([ANA], wanted("ana", teams=frozenset({"West"}))).code,
        planned([replace(ANA, is_disabled=True)], rows).code,
    }
    assert len(codes) == 4
    assert planned([ANA, MARA], rows).code in codes  # who is not changed does not matter
