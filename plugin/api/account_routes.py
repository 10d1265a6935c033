"""The routes of an operator's program for single accounts; whole lists of people come by a mapping.

A password is set on the page alone, and nobody's words or sessions are here.
"""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response

from plugin.api.account_models import AccountPart, AccountQuery, ChangeTeams, RemoveAccount, SingleAccount
from plugin.api.caller import Caller, PeopleWriter
from plugin.api.cursors import account_of, cursor_after_account
from plugin.api.once import Once, OnceDep
from plugin.api.problems import documented, invalid_request, nothing_here, place_lost, refusals
from plugin.api.read_routes import READING
from plugin.api.results import GONE, Done
from plugin.api.review_routes import STEPPING
from plugin.queue.account_changes import Accounts, Actor, NoAccount
from plugin.queue.accounts import AccountEntry, normalise_username
from plugin.queue.replies import Reply
from plugin.queue.store import Store
from stream.contracts.errors import Misconfigured

router = APIRouter(prefix="/accounts", tags=["accounts"])


@router.get("", responses={**READING, **documented(GONE)})
def list_accounts(caller: PeopleWriter, asked: Annotated[AccountQuery, Query()]) -> AccountPart:
    """Return a part of the accounts, by user name."""
    entries = caller.store.accounts.entries()
    begin = 0 if asked.cursor is None else _place(entries, asked.cursor)
    shown = entries[begin : begin + asked.limit]
    goes_on = begin + asked.limit < len(entries)
    cursor = cursor_after_account(shown[-1].account_id) if goes_on else None
    return AccountPart.model_validate({"accounts": shown, "next_cursor": cursor})


@router.get("/{account_id}", responses=READING)
def read_account(caller: PeopleWriter, account_id: UUID) -> SingleAccount:
    """Return one account."""
    entry = caller.store.accounts.entry(account_id)
    if entry is None:
        raise nothing_here()
    return SingleAccount.model_validate(entry)


@router.post("/{account_id}/disable", response_model=Done, responses=STEPPING)
def disable_account(caller: PeopleWriter, once: OnceDep, account_id: UUID) -> Response:
    """End a person's logins and tokens, and let nobody log in with the account; never one's own."""
    return _change(once, lambda accounts: accounts.disable(account_id, _actor(caller)))


@router.post("/{account_id}/enable", response_model=Done, responses=STEPPING)
def enable_account(caller: PeopleWriter, once: OnceDep, account_id: UUID) -> Response:
    """Let a person log in again; tokens that ended stay so."""
    return _change(once, lambda accounts: accounts.enable(account_id, _actor(caller)))


@router.post("/{account_id}/teams", response_model=Done, responses=STEPPING)
def change_account_teams(caller: PeopleWriter, once: OnceDep, account_id: UUID, asked: ChangeTeams) -> Response:
    """Put a person into teams, and take them out of others, which decides what they see."""
    by = _actor(caller)
    return _change(once, lambda accounts: accounts.change_teams(account_id, add=asked.add, remove=asked.remove, by=by))


@router.post("/{account_id}/remove", response_model=Done, responses=STEPPING)
def remove_account(caller: PeopleWriter, once: OnceDep, account_id: UUID, asked: RemoveAccount) -> Response:
    """Remove an account for good, with names, password and teams; what its person decided stays. Never one's own."""

    def remove(accounts: Accounts) -> None:
        entry = accounts.entry(account_id)
        if entry is None:
            raise NoAccount
        if entry.username != normalise_username(asked.username):
            raise Misconfigured("Nothing was removed: the account has another user name.")
        accounts.remove(account_id, _actor(caller))

    return _change(once, remove)


def _place(entries: tuple[AccountEntry, ...], cursor: str) -> int:
    """Return the place after the account of a cursor; it is lost where the account is."""
    try:
        after = account_of(cursor)
    except ValueError:
        raise invalid_request("cursor") from None
    ids = [each.account_id for each in entries]
    if after not in ids:
        raise place_lost()
    return ids.index(after) + 1


def _actor(caller: Caller) -> Actor:
    return Actor(caller.viewer, caller.request_id)


def _change(once: Once, change: Callable[[Accounts], None]) -> Response:
    def act(store: Store) -> Reply:
        change(store.accounts)
        return Reply(200, {"outcome": "done"})

    with refusals("account-refused", gone=NoAccount):
        return once.do(act)
