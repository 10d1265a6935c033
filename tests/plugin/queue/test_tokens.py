"""Tests of the life of a token: made for an account, used within its rights, and ended in each way."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from plugin.database.engine import transaction
from plugin.queue.account_changes import Accounts
from plugin.queue.store import Store
from plugin.queue.token_views import MAX_DAYS, Scope, TokenState, new_token
from stream.contracts.errors import Misconfigured
from tests.plugin.conftest import People
from tests.plugin.samples import KEK, NOW, PASSWORD

READ = {Scope.SESSIONS_READ}


def at(engine: Engine, now: datetime) -> Store:
    """Return the store at a time."""
    return Store(engine, KEK, now=lambda: now)


def trail(engine: Engine) -> list[tuple[str, str, str]]:
    """Return the purposes of the trail with their objects and requests."""
    with transaction(engine) as session:
        found = session.execute(text("SELECT purpose, object_id, request_id FROM audit ORDER BY seq"))
        return [(row.purpose, row.object_id, row.request_id) for row in found]


def test_a_token_acts_for_its_person(store: Store, people: People) -> None:
    """A token gives the person as they are now, and the scopes that it was made with."""
    token, expires_at = store.tokens.create(" MARA ", {Scope.SESSIONS_RELEASE, Scope.SESSIONS_READ})
    used = store.tokens.use(token)
    assert used is not None
    assert used.viewer == people.supervisor
    assert used.scopes == {Scope.SESSIONS_READ, Scope.SESSIONS_RELEASE}
    assert used.expires_at == expires_at == NOW + timedelta(days=90)


@pytest.mark.usefixtures("people")
def test_the_secret_is_nowhere(store: Store, engine: Engine) -> None:
    """Neither the token nor its random part is in the list or in any row."""
    token, _ = store.tokens.create("mara", READ)
    secret = token.removeprefix("cp_")
    with transaction(engine) as session:
        rows = session.execute(text("SELECT t::text FROM api_tokens t UNION ALL SELECT a::text FROM audit a")).all()
    assert len(rows) == 2
    assert not [row for row in rows if secret in row[0]]
    assert secret not in repr(store.tokens.entries())


@pytest.mark.usefixtures("people")
def test_an_unknown_token_is_nobodys(store: Store) -> None:
    """A token that was not made, and a text that is none, give nobody."""
    assert store.tokens.use(new_token()) is None
    assert store.tokens.use("words \u0000 of anybody") is None


@pytest.mark.usefixtures("people")
def test_a_token_expires(store: Store, engine: Engine) -> None:
    """A token is valid until the moment at which it expires."""
    token, expires_at = store.tokens.create("mara", READ, 1)
    assert at(engine, expires_at - timedelta(microseconds=1)).tokens.use(token) is not None
    assert at(engine, expires_at).tokens.use(token) is None
    assert [entry.state for entry in at(engine, expires_at).tokens.entries()] == [TokenState.EXPIRED]


@pytest.mark.usefixtures("people")
def test_a_token_is_revoked_for_good(store: Store, engine: Engine) -> None:
    """A revoked token is over at once; revoking it again changes nothing and adds no entry."""
    token, _ = store.tokens.create("mara", READ)
    other, _ = store.tokens.create("mara", READ)
    (used, _) = store.tokens.use(token), store.tokens.use(other)
    assert used is not None
    for _ in range(2):
        store.tokens.revoke(used.token_id)
    assert store.tokens.use(token) is None
    assert store.tokens.use(other) is not None
    assert [purpose for purpose, *_ in trail(engine)] == ["token created", "token created", "token revoked"]


Change = Callable[[Accounts, People], object]
ENDS: dict[str, Change] = {
    "disabled": lambda accounts, people: accounts.disable(people.supervisor.user_id),
    "another password": lambda accounts, people: accounts.set_password(people.supervisor.user_id, PASSWORD + "!"),
    "left a team": lambda accounts, people: accounts.change_teams(
        people.supervisor.user_id, add=["west"], remove=["north"]
    ),
    "removed": lambda accounts, people: accounts.remove(people.supervisor.user_id),
}


@pytest.mark.parametrize("change", ENDS.values(), ids=ENDS)
def test_a_token_ends_as_logins_do(store: Store, people: People, change: Change) -> None:
    """A token ends with the person's logins; an account that is enabled again does not bring it back."""
    token, _ = store.tokens.create("mara", READ)
    change(store.accounts, people)
    assert store.tokens.use(token) is None
    assert [entry.state for entry in store.tokens.entries()] == [TokenState.ENDED]


def test_an_enabled_account_has_no_old_tokens(store: Store, people: People) -> None:
    """A token of before an account was disabled stays ended when the account is enabled again."""
    token, _ = store.tokens.create("mara", READ)
    store.accounts.disable(people.supervisor.user_id)
    store.accounts.enable(people.supervisor.user_id)
    assert store.tokens.use(token) is None


def test_a_logout_leaves_valid_tokens(store: Store, people: People) -> None:
    """A logout ends what browsers hold: a valid token stays, one that had ended stays ended, another's is untouched."""
    ended, _ = store.tokens.create("mara", READ)
    store.accounts.set_password(people.supervisor.user_id, PASSWORD + "!")
    valid, _ = store.tokens.create("mara", READ)
    anas, _ = store.tokens.create("ana", READ)
    for _ in range(2):
        store.accounts.end_logins(people.supervisor)
    assert [store.tokens.use(token) is not None for token in (ended, valid, anas)] == [False, True, True]


def test_a_new_team_counts_at_once(store: Store, people: People) -> None:
    """A token sees a team that its person joins, since rights are read at each use."""
    token, _ = store.tokens.create("mara", READ)
    store.accounts.change_teams(people.supervisor.user_id, add=["south"])
    used = store.tokens.use(token)
    assert used is not None
    assert len(used.viewer.team_ids) == 2


@pytest.mark.usefixtures("people")
def test_the_last_day_of_use_is_kept(store: Store, engine: Engine) -> None:
    """The list says on which day a token was last used, and no more than that."""
    token, _ = store.tokens.create("mara", READ)
    assert [entry.last_used_on for entry in store.tokens.entries()] == [None]
    for now in (NOW, NOW + timedelta(hours=3), NOW + timedelta(days=2)):
        at(engine, now).tokens.use(token)
    assert [entry.last_used_on for entry in store.tokens.entries()] == [(NOW + timedelta(days=2)).date()]


def test_making_and_revoking_are_entries_about_the_person(store: Store, people: People, engine: Engine) -> None:
    """Both entries are about the account and name the token, so that an export of the person's data has them."""
    store.tokens.create("ana", READ)
    (entry,) = store.tokens.entries()
    store.tokens.revoke(entry.token_id)
    about = str(people.ana.user_id), f"token {entry.token_id}"
    assert trail(engine) == [("token created", *about), ("token revoked", *about)]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("name", "scopes", "days"),
    [("nobody", READ, 90), ("mara", set(), 90), ("mara", READ, 0), ("mara", READ, MAX_DAYS + 1)],
)
def test_what_is_no_token_is_not_made(store: Store, name: str, scopes: set[Scope], days: int) -> None:
    """An unknown account, no scope, and a time that is too short or too long are refused with a sentence."""
    with pytest.raises(Misconfigured):
        store.tokens.create(name, scopes, days)
    assert store.tokens.entries() == ()


def test_a_disabled_account_gets_no_token(store: Store, people: People) -> None:
    """No token is made for an account that may not log in."""
    store.accounts.disable(people.ana.user_id)
    with pytest.raises(Misconfigured, match="may log in"):
        store.tokens.create("ana", READ)
