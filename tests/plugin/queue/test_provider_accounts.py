"""Tests of accounts that come from a provider: who gets one, what follows the claims, and what the trail says."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from plugin.database.account_removal import anonymise_account
from plugin.database.engine import connect, transaction
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.accounts import MAX_NAME
from plugin.queue.provider_accounts import ProviderPerson, subject_hash
from plugin.queue.provider_refusals import Refusal
from plugin.queue.store import Store
from stream.contracts.errors import Misconfigured, Unavailable
from tests.plugin.conftest import People
from tests.plugin.samples import KEK, NOW, PASSWORD, TENANT

ISSUER = "https://id.example/care"
MARIA = ProviderPerson(ISSUER, "s-1", "M.Keller", "Maria K.", AccountRole.SUPERVISOR, teams=("north",))
JONAS = replace(MARIA, subject="s-2", username="jonas", role=AccountRole.THERAPIST, tenant=TENANT, counsellor="p_jonas")


@pytest.fixture(params=["owner", "web"])
def theirs(request: pytest.FixtureRequest, engine: Engine, role_engines: Mapping[str, Engine]) -> Store:
    """Return the store as the owner of the tables, and as the web stage's role, whose rights the database limits."""
    if request.param == "owner":
        return Store(engine, KEK, now=lambda: NOW)
    return Store(role_engines["web"], KEK, now=lambda: NOW)


def let_in(store: Store, person: ProviderPerson) -> Viewer:
    """Let a person in, whom the claims must not keep out."""
    viewer = store.provider_accounts.let_in(person, request_id="r-1")
    assert isinstance(viewer, Viewer)
    return viewer


def trail(engine: Engine) -> list[str]:
    """Return what the trail says of accounts, in order."""
    with transaction(engine) as session:
        return list(session.scalars(text("SELECT purpose FROM audit WHERE object_type = 'account' ORDER BY seq")))


def teams(store: Store, viewer: Viewer) -> tuple[str, ...]:
    """Return the names of a person's teams."""
    entry = store.accounts.entry(viewer.user_id)
    assert entry is not None
    return entry.teams


def test_the_first_login_makes_an_account(theirs: Store, engine: Engine) -> None:
    """A person with a role gets an account of the provider at the first login, and the same one at the next."""
    viewer = let_in(theirs, MARIA)
    assert (viewer.username, viewer.role, viewer.issuer) == ("m.keller", AccountRole.SUPERVISOR, ISSUER)
    assert let_in(theirs, MARIA) == viewer
    assert theirs.viewer(viewer.user_id) == viewer
    assert trail(engine) == ["account added", "login", "login"]


def test_an_account_belongs_to_issuer_and_subject(theirs: Store) -> None:
    """The same subject at another provider, and another subject of the same name, are other people."""
    accounts = {
        let_in(theirs, person).user_id
        for person in (MARIA, replace(MARIA, issuer="https://id.example/other"), replace(MARIA, subject="s-9"))
    }
    assert len(accounts) == 3


CHANGES: dict[str, tuple[ProviderPerson, str]] = {
    "role": (replace(JONAS, subject="s-1", display_name="Maria K."), "role, tenant, counsellor"),
    "lead": (replace(MARIA, role=AccountRole.LEAD, teams=()), "role, teams"),
    "teams": (replace(MARIA, teams=("south", "west")), "teams"),
    "name": (replace(MARIA, display_name="Maria Kern"), "display name"),
    "platform": (replace(MARIA, tenant=TENANT), "tenant"),
}


@pytest.mark.parametrize(("changed", "said"), CHANGES.values(), ids=CHANGES)
def test_what_the_claims_change_follows(theirs: Store, engine: Engine, changed: ProviderPerson, said: str) -> None:
    """A change of the claims changes the account, ends the person's other logins, and is on the trail."""
    before = let_in(theirs, MARIA)
    after = let_in(theirs, changed)
    assert after.user_id == before.user_id
    assert after.generation == before.generation + 1
    assert (after.role, after.tenant, after.counsellor) == (changed.role, changed.tenant, changed.counsellor)
    assert after.display_name == changed.display_name
    assert teams(theirs, after) == changed.teams
    assert trail(engine) == ["account added", "login", f"account follows provider: {said}", "login"]


def test_without_a_claim_of_teams_an_operator_decides(theirs: Store, engine: Engine) -> None:
    """Where the provider says nothing of teams, those that an operator chose stay."""
    viewer = let_in(theirs, MARIA)
    Store(engine, KEK, now=lambda: NOW).accounts.change_teams(viewer.user_id, add=["east"])
    again = let_in(theirs, replace(MARIA, teams=None))
    assert teams(theirs, again) == ("east", "north")


def test_without_a_claim_of_the_reference_the_account_keeps_it(theirs: Store, engine: Engine) -> None:
    """Where the provider does not say which counsellor a therapist is, the account that a mapping made says it."""
    silent = replace(JONAS, tenant=None, counsellor=None, says_counsellor=False)
    assert theirs.provider_accounts.let_in(silent) is Refusal.UNFIT
    let_in(theirs, JONAS)
    again = let_in(theirs, silent)
    assert (again.tenant, again.counsellor) == (TENANT, "p_jonas")
    assert trail(engine) == ["account added", "login", "login"]


REFUSED: dict[str, tuple[ProviderPerson, Refusal]] = {
    "no role": (replace(MARIA, role=None), Refusal.NO_ROLE),
    "a supervisor without a team": (replace(MARIA, teams=()), Refusal.UNFIT),
    "a supervisor without a team by anybody": (replace(MARIA, teams=None), Refusal.UNFIT),
    "a therapist without a reference": (replace(JONAS, counsellor=None), Refusal.UNFIT),
    "a team without a proper name": (replace(MARIA, teams=("x" * (MAX_NAME + 1),)), Refusal.UNFIT),
    "a counsellor with a local account": (replace(JONAS, counsellor="p_ana"), Refusal.COUNSELLOR_TAKEN),
}


@pytest.mark.parametrize(("person", "refusal"), REFUSED.values(), ids=REFUSED)
def test_who_does_not_fit_gets_no_account(
    theirs: Store, engine: Engine, people: People, person: ProviderPerson, refusal: Refusal
) -> None:
    """A person whose claims give no role, or do not fit together, gets no account and is counted on the trail."""
    del people  # they have accounts
    before = theirs.accounts.entries()
    assert theirs.provider_accounts.let_in(person) is refusal
    assert theirs.accounts.entries() == before
    theirs.write_failed_logins(whole=True)
    assert trail(engine) == ["login"]


def test_a_role_that_is_gone_ends_every_login(theirs: Store) -> None:
    """A person whose claims give no role any more stays out, and is out in other browsers."""
    viewer = let_in(theirs, MARIA)
    assert theirs.provider_accounts.let_in(replace(MARIA, role=None)) is Refusal.NO_ROLE
    now = theirs.viewer(viewer.user_id)
    assert now is not None
    assert now.generation == viewer.generation + 1


def test_a_local_account_of_the_same_name_stays_as_it_is(theirs: Store, people: People) -> None:
    """A person of the provider with a local account's name in any spelling gets another name and no right of it."""
    viewer = let_in(theirs, replace(MARIA, username=" OTTO "))
    assert viewer.username == f"otto-{MARIA.subject_hash[:8]}"
    assert viewer.user_id != people.operator.user_id
    assert theirs.authenticate("otto", PASSWORD) == people.operator


def test_nobody_logs_in_with_a_password(theirs: Store, engine: Engine) -> None:
    """An account of a provider has no password, and nobody can set one."""
    viewer = let_in(theirs, MARIA)
    assert theirs.authenticate(viewer.username, "") is None
    with pytest.raises(Misconfigured, match="at its provider"):
        Store(engine, KEK, now=lambda: NOW).accounts.set_password(viewer.user_id, PASSWORD)


def test_a_disabled_account_stays_out_until_it_is_enabled(theirs: Store, engine: Engine) -> None:
    """A person with a disabled account stays out, whatever the claims say."""
    owner = Store(engine, KEK, now=lambda: NOW).accounts
    viewer = let_in(theirs, MARIA)
    owner.disable(viewer.user_id)
    assert theirs.provider_accounts.let_in(replace(MARIA, teams=("west",))) is Refusal.DISABLED
    assert teams(theirs, viewer) == ("north",)
    owner.enable(viewer.user_id)
    assert let_in(theirs, MARIA).user_id == viewer.user_id


@pytest.mark.parametrize("erased", [False, True])
def test_a_removed_person_stays_out(theirs: Store, engine: Engine, erased: bool) -> None:
    """A removed account, an erased therapist's too, keeps the hash of its subject alone, and the person stays out."""
    viewer = let_in(theirs, JONAS)
    if erased:
        with transaction(engine) as session:
            assert anonymise_account(session, TENANT, "p_jonas", NOW)
    else:
        Store(engine, KEK, now=lambda: NOW).accounts.remove(viewer.user_id)
    assert theirs.provider_accounts.let_in(JONAS) is Refusal.REMOVED
    with transaction(engine) as session:
        row = str(session.execute(text("SELECT * FROM accounts")).all())
    assert "s-2" not in row
    assert "jonas" not in row


def test_a_logout_at_the_provider_ends_logins(theirs: Store, engine: Engine) -> None:
    """The end of a login at the provider raises the generation of that account, and of no other."""
    viewer, other = let_in(theirs, MARIA), let_in(theirs, JONAS)
    theirs.provider_accounts.end_logins(ISSUER, subject_hash(ISSUER, "s-1"))
    theirs.provider_accounts.end_logins(ISSUER, subject_hash(ISSUER, "nobody"))
    after = theirs.viewer(viewer.user_id)
    assert after is not None
    assert after.generation == viewer.generation + 1
    assert theirs.viewer(other.user_id) == other
    assert trail(engine)[-1] == "logout at the provider"


def test_the_database_lets_a_provider_change_no_other_account(
    engine: Engine, role_urls: Mapping[str, str], people: People, store: Store
) -> None:
    """For a provider the web role can write its accounts alone: no local account, no other provider's."""
    other = let_in(store, replace(MARIA, issuer="https://id.example/other"))
    limited = connect(role_urls["web"])
    changes: dict[str, Callable[[Viewer], tuple[str, dict[str, object]]]] = {
        "name": lambda who: ("UPDATE accounts SET username = 'x' WHERE account_id = :id", {"id": who.user_id}),
        "role": lambda who: ("SELECT 1 WHERE counterpoint_provider_role(:id, 'operator')", {"id": who.user_id}),
        "taken": lambda who: (
            "UPDATE accounts SET issuer = :i WHERE account_id = :id",
            {"i": ISSUER, "id": who.user_id},
        ),
        "teams": lambda who: ("DELETE FROM memberships WHERE account_id = :id", {"id": who.user_id}),
    }
    for who in (people.ana, other):
        for name, change in changes.items():
            statement, values = change(who)
            with limited.connect() as connection:
                connection.execute(text("SELECT set_config('counterpoint.issuer', :i, false)"), {"i": ISSUER})
                if name == "taken":  # the web role has no right to this column at all
                    with pytest.raises(Exception, match="permission denied"):
                        connection.execute(text(statement), values)
                else:
                    assert connection.execute(text(statement), values).rowcount == 0
    limited.dispose()
    assert Store(engine, KEK, now=lambda: NOW).viewer(people.ana.user_id) == people.ana


def test_without_the_database_nobody_gets_in() -> None:
    """While the database is away a login fails as it does for everybody, and nothing is counted."""
    away = Store(connect("postgresql+psycopg://u@127.0.0.1:9/d"), KEK, now=lambda: NOW)
    with pytest.raises(Unavailable):
        away.provider_accounts.let_in(MARIA)
