"""Tests of who may change accounts in the database itself: the web role for an operator alone, the others nothing."""

from collections.abc import Callable, Iterator, Mapping

import pytest
from sqlalchemy import Engine

from plugin.database.account_removal import anonymise_account
from plugin.database.engine import transaction
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.account_changes import Accounts, Actor
from plugin.queue.accounts import NewAccount
from plugin.queue.store import Store
from stream.contracts.errors import Misconfigured
from tests.plugin.conftest import People
from tests.plugin.samples import KEK, NOW, PASSWORD, TENANT, apply_records, record

OTHER_PASSWORD = "another password altogether"


@pytest.fixture
def as_role(engine: Engine, role_engines: Mapping[str, Engine]) -> Callable[[str], Engine]:
    """Return a function that returns an engine as the role of a stage."""
    del engine  # emptied first
    return role_engines.__getitem__


def change_everything(accounts: Accounts, ana: Viewer, by: Actor) -> Iterator[Callable[[], object]]:
    """Yield every change of accounts, to be made by somebody."""
    new = NewAccount("erin", PASSWORD, AccountRole.SUPERVISOR, "Erin", teams=["west", "north"])
    yield lambda: accounts.add(new, by)
    yield lambda: accounts.set_password(ana.user_id, OTHER_PASSWORD, by)
    yield lambda: accounts.disable(ana.user_id, by)
    yield lambda: accounts.enable(ana.user_id, by)
    yield lambda: accounts.change_teams(ana.user_id, add=["east"], remove=["north"], by=by)
    yield lambda: accounts.remove(ana.user_id, by)


def test_the_web_role_changes_accounts_for_an_operator(as_role: Callable[[str], Engine], people: People) -> None:
    """As the web role every change succeeds that an operator makes."""
    accounts = Accounts(as_role("web"), now=lambda: NOW)
    for change in change_everything(accounts, people.ana, Actor(people.operator, "r-1")):
        change()
    assert "ana" not in {entry.username for entry in accounts.entries()}
    assert accounts.named("erin").teams == ("north", "west")


@pytest.mark.parametrize("who", [None, "supervisor", "ana", "ben", "a disabled operator"])
def test_the_web_role_changes_accounts_for_nobody_else(
    engine: Engine, as_role: Callable[[str], Engine], people: People, who: str | None
) -> None:
    """On behalf of anybody else, even where a route forgot to ask, the database changes no other account."""
    owner = Accounts(engine, now=lambda: NOW)
    if who == "a disabled operator":
        owner.disable(people.operator.user_id)
        viewer: Viewer | None = people.operator
    else:
        viewer = None if who is None else getattr(people, who)
    before = owner.entries()
    accounts = Accounts(as_role("web"), now=lambda: NOW)
    target = people.ben if viewer == people.ana else people.ana
    for change in change_everything(accounts, target, Actor(viewer)):
        with pytest.raises(Misconfigured):
            change()
    assert owner.entries() == before
    assert Store(engine, KEK, now=lambda: NOW).authenticate(target.username, PASSWORD) == target


def test_the_web_role_ends_a_persons_own_logins(as_role: Callable[[str], Engine], people: People) -> None:
    """As the web role a person of any role logs in and out, and their earlier logins are over."""
    store = Store(as_role("web"), KEK, now=lambda: NOW)
    for person in (people.supervisor, people.ana, people.operator):
        viewer = store.authenticate(person.username, PASSWORD)
        assert viewer == person
        store.accounts.end_logins(person)
        after = store.viewer(person.user_id)
        assert after is not None
        assert after.generation == person.generation + 1


def test_the_database_shows_a_disabled_account_nothing(
    engine: Engine, as_role: Callable[[str], Engine], people: People
) -> None:
    """On behalf of a disabled account the database shows no session, even if a query does not check."""
    apply_records(engine, record())
    store = Store(as_role("web"), KEK, now=lambda: NOW)
    assert store.waiting(people.supervisor).total == 1
    store_of_owner = Accounts(engine, now=lambda: NOW)
    store_of_owner.disable(people.supervisor.user_id)
    assert store.waiting(people.supervisor).total == 0


def test_the_privacy_role_anonymises_a_therapist(as_role: Callable[[str], Engine], people: People) -> None:
    """As the privacy role an erasure removes a therapist's account, and the role can change no account otherwise."""
    privacy = as_role("privacy")
    with transaction(privacy) as session:
        assert anonymise_account(session, TENANT, "p_ana", NOW)
    with pytest.raises(Misconfigured):
        Accounts(privacy, now=lambda: NOW).set_password(people.ben.user_id, OTHER_PASSWORD)
