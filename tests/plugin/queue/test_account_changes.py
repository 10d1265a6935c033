"""Tests of changes of accounts: what each one does, which logins it ends, and its entry in the audit trail."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from plugin.database.account_removal import REMOVED_NAME, anonymise_account
from plugin.database.engine import transaction
from plugin.database.tables import Account, AuditEntry, Membership
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.account_changes import Accounts, Actor
from plugin.queue.accounts import NewAccount
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome
from stream.contracts.errors import Misconfigured
from tests.plugin.conftest import People
from tests.plugin.samples import NOW, PASSWORD, TENANT, add_person, apply_records, record

OTHER_PASSWORD = "another password altogether"


@pytest.fixture
def accounts(engine: Engine) -> Accounts:
    """Return the accounts of the emptied database."""
    return Accounts(engine, now=lambda: NOW)


def generation(engine: Engine, viewer: Viewer) -> int:
    """Return the generation of an account's logins that is valid now."""
    with Session(engine) as session:
        return session.get_one(Account, viewer.user_id).generation


def change_own(accounts: Accounts, who: Viewer) -> int | None:
    """Let a person change their own password."""
    return accounts.change_own_password(who, PASSWORD, OTHER_PASSWORD)


CHANGES: dict[str, tuple[Callable[[Accounts, Viewer], object], bool]] = {
    "password set": (lambda accounts, who: accounts.set_password(who.user_id, OTHER_PASSWORD), True),
    "account disabled": (lambda accounts, who: accounts.disable(who.user_id), True),
    "account removed": (lambda accounts, who: accounts.remove(who.user_id), True),
    "password changed": (change_own, True),
    "logout": (lambda accounts, who: accounts.end_logins(who), True),
    "account enabled": (lambda accounts, who: accounts.enable(who.user_id), False),
    "taken out of a team": (
        lambda accounts, who: accounts.change_teams(who.user_id, add=["west"], remove=["north"]),
        True,
    ),
    "put into a team": (lambda accounts, who: accounts.change_teams(who.user_id, add=["west"]), False),
}


@pytest.mark.parametrize(("change", "ends"), CHANGES.values(), ids=CHANGES)
def test_what_takes_a_right_away_ends_logins(
    engine: Engine, accounts: Accounts, people: People, change: Callable[[Accounts, Viewer], object], ends: bool
) -> None:
    """Every change after which a person may do less ends that person's logins, and nobody else's."""
    change(accounts, people.supervisor)
    assert (generation(engine, people.supervisor) > people.supervisor.generation) == ends
    assert generation(engine, people.ana) == people.ana.generation


@pytest.mark.parametrize("purpose", [name for name in CHANGES if "team" not in name])
def test_a_change_is_on_the_trail_with_who_made_it(
    engine: Engine, accounts: Accounts, people: People, purpose: str
) -> None:
    """Every change is one entry about the account; one by a command names nobody, for nobody was logged in."""
    CHANGES[purpose][0](accounts, people.supervisor)
    with Session(engine) as session:
        (entry,) = session.exec(select(AuditEntry)).all()
    assert (entry.purpose, entry.object_type, entry.object_id, entry.outcome) == (
        purpose,
        "account",
        str(people.supervisor.user_id),
        "done",
    )
    assert entry.account_id == (people.supervisor.user_id if purpose in {"logout", "password changed"} else None)


def test_a_change_on_the_page_names_the_operator(engine: Engine, accounts: Accounts, people: People) -> None:
    """A change that an operator makes on the page names the operator and the request."""
    accounts.disable(people.ana.user_id, Actor(people.operator, "r-9"))
    with Session(engine) as session:
        (entry,) = session.exec(select(AuditEntry)).all()
    assert (entry.account_id, entry.role, entry.request_id) == (people.operator.user_id, "operator", "r-9")


@pytest.mark.parametrize("change", ["disable", "remove"])
def test_nobody_takes_away_their_own_account(accounts: Accounts, people: People, change: str) -> None:
    """An operator cannot disable or remove their own account, and a command still can."""
    with pytest.raises(Misconfigured, match="your own account"):
        getattr(accounts, change)(people.operator.user_id, Actor(people.operator))
    assert not accounts.named("otto").is_disabled
    getattr(accounts, change)(people.operator.user_id)


def test_another_password_replaces_the_one_before(accounts: Accounts, store: Store, people: People) -> None:
    """After a change the new password logs in, and the one before does not."""
    accounts.set_password(people.ana.user_id, OTHER_PASSWORD)
    assert store.authenticate("ana", PASSWORD) is None
    assert store.authenticate("ana", OTHER_PASSWORD) is not None


def test_a_disabled_account_logs_in_again_once_it_is_enabled(accounts: Accounts, store: Store, people: People) -> None:
    """A disabled account logs in nowhere and reads nothing until it is enabled; its earlier logins stay ended."""
    accounts.disable(people.ana.user_id)
    assert store.authenticate("ana", PASSWORD) is None
    assert store.viewer(people.ana.user_id) is None
    assert store.find_viewer("ana") is None
    accounts.enable(people.ana.user_id)
    again = store.authenticate("ana", PASSWORD)
    assert again is not None
    assert again.generation > people.ana.generation


def test_teams_decide_what_is_seen_from_the_next_request_on(
    engine: Engine, accounts: Accounts, store: Store, people: People
) -> None:
    """A supervisor sees the sessions of a team from the moment she is in it, and none from when she is out."""
    apply_records(engine, record())
    accounts.change_teams(people.other_supervisor.user_id, add=["north", " north "])
    olga = store.viewer(people.other_supervisor.user_id)
    assert olga is not None
    assert store.waiting(olga).total == 1
    accounts.change_teams(olga.user_id, remove=["north"])
    assert store.waiting(store.viewer(olga.user_id) or olga).total == 0


@pytest.mark.parametrize(
    ("who", "teams", "sentence"),
    [
        ("supervisor", {"remove": ["north"]}, "needs a team"),
        ("supervisor", {"remove": ["elsewhere"]}, "teams now: north"),
        ("operator", {"add": ["north"]}, "An operator sees no session"),
        ("ana", {"add": ["\x1b[31m"]}, "A team's name"),
    ],
)
def test_teams_that_do_not_fit_are_refused_and_nothing_changes(
    engine: Engine, accounts: Accounts, people: People, who: str, teams: dict[str, Any], sentence: str
) -> None:
    """A change of teams that does not fit the role, or names a team the person is not in, changes nothing."""
    before = accounts.entries()
    with pytest.raises(Misconfigured, match=sentence):
        accounts.change_teams(getattr(people, who).user_id, **teams)
    assert accounts.entries() == before
    with Session(engine) as session:
        assert session.exec(select(AuditEntry)).all() == []


@pytest.fixture
def removals(engine: Engine, accounts: Accounts, people: People) -> dict[str, Callable[[], object]]:
    """Return the two ways to remove Ana's account: by a command or page, and by an erasure."""

    def erase() -> None:
        with transaction(engine) as session:
            assert anonymise_account(session, TENANT, "p_ana", NOW)

    return {"removed": lambda: accounts.remove(people.ana.user_id), "erased": erase}


@pytest.mark.parametrize("way", ["removed", "erased"])
def test_nothing_of_a_removed_person_stays(
    engine: Engine, store: Store, people: People, removals: dict[str, Callable[[], object]], way: str
) -> None:
    """Of a removed account nothing of the person stays, and nobody logs in with it, under its new name either."""
    removals[way]()
    with Session(engine) as session:
        row = session.get_one(Account, people.ana.user_id)
        teams = session.exec(select(Membership).where(col(Membership.account_id) == people.ana.user_id)).all()
    assert (row.username, row.display_name, row.password_hash) == (f"removed {row.account_id}", REMOVED_NAME, "")
    assert (row.tenant, row.counsellor, row.removed_at, row.disabled_at) == (None, None, NOW, NOW)
    assert row.generation > people.ana.generation
    assert teams == []
    for name in ("ana", row.username):
        assert store.find_viewer(name) is None
        assert store.authenticate(name, PASSWORD) is None
    assert store.viewer(row.account_id) is None
    assert row.account_id not in {entry.account_id for entry in store.accounts.entries()}


def test_the_same_person_may_have_an_account_again(
    engine: Engine, store: Store, people: People, removals: dict[str, Callable[[], object]]
) -> None:
    """After a removal the name and the counsellor are free for another account, and again after its removal."""
    removals["removed"]()
    for _ in range(2):
        again = add_person(engine, "ana", AccountRole.THERAPIST, tenant=TENANT, counsellor="p_ana")
        assert again.user_id != people.ana.user_id
        store.accounts.remove(again.user_id)


def test_an_erasure_of_somebody_without_an_account_changes_nothing(accounts: Accounts, engine: Engine) -> None:
    """An erasure of a therapist without an account says so, and changes no account."""
    before = accounts.entries()
    with transaction(engine) as session:
        assert not anonymise_account(session, TENANT, "p_nobody", NOW)
    assert accounts.entries() == before


def test_decisions_of_a_removed_supervisor_stay_and_name_nobody(
    engine: Engine, accounts: Accounts, store: Store, people: People
) -> None:
    """A removed supervisor's decisions stay: the therapist still reads, and the lists name a removed account."""
    sent = record()
    apply_records(engine, sent)
    assert store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED) is DecisionOutcome.DONE
    accounts.remove(people.supervisor.user_id)
    assert [row.session_id for row in store.own_sessions(people.ana)] == [sent.session_id]
    vera = add_person(engine, "vera", AccountRole.SUPERVISOR, teams=("north",))
    (row,) = store.decided(vera).rows
    assert row.decision is not None
    assert row.decision.by == REMOVED_NAME


@pytest.mark.parametrize("change", ["set_password", "disable", "enable", "remove", "change_teams"])
def test_a_removed_account_cannot_be_changed(accounts: Accounts, people: People, change: str) -> None:
    """Nothing brings a removed account back."""
    accounts.remove(people.ana.user_id)
    arguments = {"set_password": [OTHER_PASSWORD]}.get(change, [])
    with pytest.raises(Misconfigured, match="no such account"):
        getattr(accounts, change)(people.ana.user_id, *arguments)


def test_accounts_are_listed_with_their_teams_by_name(accounts: Accounts, people: People) -> None:
    """The list has every account by user name, with role, platform, teams and state."""
    accounts.disable(people.ben.user_id)
    assert [
        (each.username, each.role.value, each.tenant, each.teams, each.is_disabled) for each in accounts.entries()
    ] == [
        ("ana", "therapist", TENANT, ("north",), False),
        ("ben", "therapist", TENANT, ("south",), True),
        ("mara", "supervisor", None, ("north",), False),
        ("olga", "supervisor", None, ("south",), False),
        ("otto", "operator", None, (), False),
    ]
    assert accounts.named(" MARA ").account_id == people.supervisor.user_id
    with pytest.raises(Misconfigured, match="counterpoint users list"):
        accounts.named("nobody")


def test_a_new_account_is_hashed_before_its_transaction(
    engine: Engine, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Setting a password hashes it while no connection of the pool is in use."""
    in_use: list[int] = []

    def watched(password: str) -> str:
        in_use.append(engine.pool.checkedout())  # type: ignore[attr-defined]
        return f"hash of {len(password)} characters"

    monkeypatch.setattr("plugin.queue.account_changes.hash_password", watched)
    made = accounts.add(NewAccount("otto", PASSWORD, AccountRole.OPERATOR, "Otto"))
    accounts.set_password(made, OTHER_PASSWORD)
    assert in_use == [0, 0]


def test_who_changes_their_own_password_keeps_one_login(
    engine: Engine, accounts: Accounts, store: Store, people: People
) -> None:
    """The generation that counts now is returned, for the login that stays; the new password opens the account."""
    assert change_own(accounts, people.supervisor) == generation(engine, people.supervisor)
    assert store.authenticate("mara", PASSWORD) is None
    assert store.authenticate("mara", OTHER_PASSWORD) is not None


@pytest.mark.parametrize(
    ("present", "password"), [("not hers at all", OTHER_PASSWORD), (OTHER_PASSWORD, PASSWORD)], ids=["wrong", "swapped"]
)
def test_without_the_present_password_nothing_changes(
    engine: Engine, accounts: Accounts, people: People, present: str, password: str
) -> None:
    """A wrong password changes nothing, ends no login and leaves no entry of a change."""
    assert accounts.change_own_password(people.supervisor, present, password) is None
    assert generation(engine, people.supervisor) == people.supervisor.generation
    with Session(engine) as session:
        assert session.exec(select(AuditEntry)).all() == []


def test_a_wrong_present_password_is_a_failed_login(engine: Engine, store: Store, people: People) -> None:
    """Who tries passwords in an open browser is counted as who tries them on the login page."""
    for _ in range(2):
        assert store.change_password(people.supervisor, "not hers at all", OTHER_PASSWORD) is None
    store.write_failed_logins(whole=True)
    with Session(engine) as session:
        (entry,) = session.exec(select(AuditEntry)).all()
    assert (entry.purpose, entry.object_id, entry.outcome) == (
        "login",
        str(people.supervisor.user_id),
        "denied 2 times",
    )


def test_a_new_password_of_ones_own_keeps_to_the_limits(accounts: Accounts, people: People) -> None:
    """A password that is too short is refused before the present one is looked at."""
    with pytest.raises(Misconfigured, match="characters"):
        accounts.change_own_password(people.supervisor, "not hers at all", "short")
