"""Tests of a mapping of people against the database: what a plan reads, and what its application changes."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from plugin.database.engine import transaction
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.account_changes import COMMAND, Accounts, Actor
from plugin.queue.accounts import AccountEntry
from plugin.queue.people import PeopleMapping, PlanDiffersError
from plugin.queue.people_rows import WantedPerson
from plugin.queue.people_views import PeoplePlan, ProviderSays
from plugin.queue.provider_accounts import ProviderPerson, subject_hash
from plugin.queue.store import Store
from stream.contracts.errors import Misconfigured
from tests.plugin.conftest import People
from tests.plugin.samples import KEK, NOW, PASSWORD, TENANT, apply_records, record

NOTHING = ProviderSays()
ISSUER = "https://id.example/care"
THERAPIST, SUPERVISOR = AccountRole.THERAPIST, AccountRole.SUPERVISOR
CLEO = WantedPerson("cleo", THERAPIST, tenant=TENANT, counsellor="p_cleo", supervisor="mara")
ANA = WantedPerson("ana", THERAPIST, tenant=TENANT, counsellor="p_ana", teams=frozenset({"south", "west"}))


@pytest.fixture(params=["owner", "web"])
def mapped(request: pytest.FixtureRequest, engine: Engine, people: People) -> "Mapped":
    """Return the mapping as a command has it, and as an operator's program has it under the web stage's role."""
    if request.param == "owner":
        return Mapped(engine, COMMAND, engine)
    engines: Mapping[str, Engine] = request.getfixturevalue("role_engines")
    return Mapped(engines["web"], Actor(people.operator, "r-1"), engine)


class Mapped:
    """A mapping with whoever applies it."""

    def __init__(self, theirs: Engine, by: Actor, owner: Engine) -> None:
        self.mapping = PeopleMapping(theirs, now=lambda: NOW)
        self.by = by
        self.owner = owner

    def apply(self, *wanted: WantedPerson, code: str = "", disable_absent: bool = False) -> PeoplePlan:
        """Plan and apply."""
        code = code or self.mapping.plan(wanted, NOTHING, disable_absent=disable_absent, by=self.by).plan.code
        return self.mapping.apply(wanted, NOTHING, code, disable_absent=disable_absent, by=self.by)

    def entry(self, username: str) -> AccountEntry:
        """Return an account."""
        return Accounts(self.owner, now=lambda: NOW).named(username)

    def trail(self) -> list[tuple[str, str]]:
        """Return what the trail says of which account, in order."""
        with transaction(self.owner) as session:
            query = text(
                "SELECT purpose, coalesce(role, 'nobody') FROM audit WHERE object_type = 'account' ORDER BY seq"
            )
            return [(row[0], row[1]) for row in session.execute(query)]


def generation(engine: Engine, viewer: Viewer) -> int:
    """Return the generation of an account's logins."""
    found = Store(engine, KEK, now=lambda: NOW).viewer(viewer.user_id)
    assert found is not None
    return found.generation


def test_a_plan_is_applied_once_and_is_empty_afterwards(mapped: Mapped, people: People) -> None:
    """What the plan says is what happens, on the trail for each account; the same mapping then changes nothing."""
    plan = mapped.apply(CLEO, ANA)
    assert (len(plan.added), len(plan.changed)) == (1, 1)
    assert mapped.entry("ana").teams == ("south", "west")
    assert generation(mapped.owner, people.ana) == people.ana.generation + 1
    cleo = mapped.entry("cleo")
    assert (cleo.teams, cleo.tenant, cleo.state) == (("north",), TENANT, "needs a password")
    whom = "nobody" if mapped.by.viewer is None else "operator"
    assert mapped.trail() == [("account changed: teams", whom), ("account added", whom)]
    assert mapped.apply(CLEO, ANA).is_empty
    assert len(mapped.trail()) == 2


def test_a_new_local_account_logs_in_once_it_has_a_password(mapped: Mapped) -> None:
    """No password is in a mapping, and none fits before somebody has set one."""
    mapped.apply(CLEO)
    store = Store(mapped.owner, KEK, now=lambda: NOW)
    assert [store.authenticate("cleo", tried) for tried in ("", PASSWORD)] == [None, None]
    store.accounts.set_password(mapped.entry("cleo").account_id, PASSWORD)
    assert store.authenticate("cleo", PASSWORD) is not None
    assert mapped.entry("cleo").state == "may log in"


def test_a_plan_that_has_changed_is_not_applied(mapped: Mapped, people: People) -> None:
    """If an account that the plan changes was changed meanwhile, nothing is done; another account does not matter."""
    planned = mapped.mapping.plan([CLEO, ANA], NOTHING, by=mapped.by).plan
    accounts = Accounts(mapped.owner, now=lambda: NOW)
    accounts.change_teams(people.ben.user_id, add=["east"])
    accounts.change_teams(people.ana.user_id, add=["east"])
    with pytest.raises(PlanDiffersError):
        mapped.apply(CLEO, ANA, code=planned.code)
    assert mapped.entry("ana").teams == ("east", "north")
    with pytest.raises(Misconfigured, match="no account cleo"):
        mapped.entry("cleo")
    accounts.change_teams(people.ana.user_id, remove=["east"])
    mapped.apply(CLEO, ANA, code=planned.code)
    assert mapped.entry("cleo").teams == ("north",)


def test_while_somebody_cannot_be_placed_nothing_is_changed(mapped: Mapped) -> None:
    """One person who cannot be placed keeps the whole mapping back."""
    with pytest.raises(Misconfigured, match="cannot be placed"):
        mapped.apply(ANA, replace(CLEO, counsellor=None))
    assert mapped.entry("ana").teams == ("north",)
    assert mapped.trail() == []


def test_references_are_exchanged(mapped: Mapped, people: People) -> None:
    """Two people exchange their references in one step, though the database lets no two have one, even for a moment."""
    ben = WantedPerson("ben", THERAPIST, tenant=TENANT, counsellor="p_ana")
    mapped.apply(replace(ANA, counsellor="p_ben", teams=None), ben)
    store = Store(mapped.owner, KEK, now=lambda: NOW)
    found = [store.viewer(each.user_id) for each in (people.ana, people.ben)]
    assert [each.counsellor for each in found if each is not None] == ["p_ben", "p_ana"]
    assert {purpose for purpose, _ in mapped.trail()} == {"account changed: counsellor"}


def test_the_whole_list_disables_the_others_and_no_operator(mapped: Mapped) -> None:
    """Whoever the whole list leaves out is disabled, on the trail; the operator who applied it is not."""
    plan = mapped.apply(replace(ANA, teams=None), disable_absent=True)
    assert [each.username for each in plan.disabled] == ["ben", "mara", "olga"]
    assert [mapped.entry(name).is_disabled for name in ("ben", "ana", "otto")] == [True, False, False]
    assert [purpose for purpose, _ in mapped.trail()] == ["account disabled"] * 3
    assert mapped.apply(replace(ANA, teams=None), disable_absent=True).is_empty


def test_recent_sessions_say_who_counsels(mapped: Mapped) -> None:
    """A plan counts the sessions of each therapist, and names counsellors without an account; old ones are past."""
    apply_records(
        mapped.owner,
        record(),
        record(conversation="c_2", counsellor="p_cleo"),
        record(conversation="c_3", counsellor="p_stranger"),
        record(conversation="c_4", counsellor="p_past", started_at=NOW.replace(month=1)),
        now=NOW,
    )
    landing = mapped.mapping.plan([CLEO], NOTHING, by=mapped.by).landing
    assert {each.person.username: (each.supervisors, each.sessions) for each in landing.therapists} == {
        "ana": (("mara",), 1),
        "ben": (("olga",), 0),
        "cleo": (("mara",), 1),
    }
    assert [each.counsellor for each in landing.strangers] == ["p_stranger"]


def test_a_provider_finds_the_account_that_a_mapping_made(mapped: Mapped) -> None:
    """A person whom a mapping names by the subject logs in at the provider as the counsellor that it says."""
    hashed = subject_hash(ISSUER, "s-1")
    mapped.apply(replace(CLEO, issuer=ISSUER, subject_hash=hashed))
    assert mapped.entry("cleo").state == "may log in"
    store = Store(mapped.owner, KEK, now=lambda: NOW)
    came = ProviderPerson(ISSUER, "s-1", "c.lang", "Cleo Lang", THERAPIST, says_counsellor=False)
    viewer = store.provider_accounts.let_in(came)
    assert isinstance(viewer, Viewer)
    assert (viewer.username, viewer.display_name, viewer.counsellor) == ("cleo", "Cleo Lang", "p_cleo")
    assert mapped.entry("cleo").teams == ("north",)


@pytest.mark.parametrize("who", ["supervisor", "ana"])
def test_nobody_but_an_operator_changes_people(
    role_engines: Mapping[str, Engine], people: People, engine: Engine, who: str
) -> None:
    """Under the web stage's role the database lets nobody but an operator apply a plan."""
    del engine
    mapping, by = PeopleMapping(role_engines["web"], now=lambda: NOW), Actor(getattr(people, who))
    code = mapping.plan([ANA], NOTHING, by=by).plan.code
    with pytest.raises((Misconfigured, PlanDiffersError)):
        mapping.apply([ANA], NOTHING, code, by=by)


def test_a_command_under_a_narrow_role_says_so(role_engines: Mapping[str, Engine], engine: Engine) -> None:
    """A role that sees no session would call every counsellor absent, so the plan is refused."""
    del engine
    with pytest.raises(Misconfigured, match="owner of the tables"):
        PeopleMapping(role_engines["web"], now=lambda: NOW).plan([ANA], NOTHING)
