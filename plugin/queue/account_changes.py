"""Changes of accounts, for commands, an operator's page and the API; each is one transaction with its audit entry."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, delete, select

from plugin.database.account_removal import remove_account
from plugin.database.audit import add_audit_entry
from plugin.database.engine import Database, temporary_engine, transaction, utc_now
from plugin.database.tables import Account, Membership, Team
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.accounts import (
    AccountEntry,
    NewAccount,
    add_to_teams,
    check_account,
    check_scope,
    check_tenant,
    counsellor_pseudonym,
    find_account,
    insert_account,
    list_accounts,
)
from plugin.queue.passwords import check_password, hash_password, is_correct
from plugin.queue.tokens import carry_tokens_over
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import Settings, required_secret


@dataclass(frozen=True)
class Actor:
    """Who changes an account or a criterion: a person, or nobody who is logged in, for a command."""

    viewer: Viewer | None = None
    request_id: str = ""


COMMAND = Actor()
AT_PROVIDER: Final = "This account logs in at its provider, and has no password here."


def add_account(
    settings: Settings,
    *,
    username: str,
    password: str,
    role: str,
    teams: Sequence[str],
    display_name: str,
    tenant: str | None,
    counsellor: str | None,
) -> None:
    """Create an account, and its teams if they do not exist. `counsellor` is the platform's own reference.

    A supervisor may have a tenant: she then also sees the sessions of that platform whose counsellors are in no team.

    Raises:
        Misconfigured: the values do not fit together, or the account exists; the message says which.
        Unavailable: the database is away.
    """
    if tenant is not None:
        check_tenant(settings.tenants, tenant)
    account = NewAccount(
        username,
        password,
        AccountRole(role),
        display_name,
        teams=teams,
        tenant=tenant,
        counsellor=counsellor_pseudonym(settings.tenants, tenant, counsellor) if counsellor is not None else None,
    )
    with temporary_engine(required_secret(settings.database.url, "database.url")) as engine:
        Accounts(engine, now=utc_now).add(account)


class NoAccount(Misconfigured):
    """The error for an account that is not there, or was removed."""

    def __init__(self) -> None:
        super().__init__("There is no such account any more, or the user of database.url may not change it.")


class Accounts:
    """The accounts of a database.

    Every method may raise `Unavailable`, and `Misconfigured` with a sentence for the person who asked for the change.
    """

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def entries(self) -> tuple[AccountEntry, ...]:
        """Return every account that was not removed, by user name."""
        with transaction(self._database) as session:
            return list_accounts(session)

    def entry(self, account_id: UUID) -> AccountEntry | None:
        """Return one account, or None if there is none or it was removed."""
        return next((entry for entry in self.entries() if entry.account_id == account_id), None)

    def named(self, username: str) -> AccountEntry:
        """Return the account with this user name in any spelling.

        Raises:
            Misconfigured: there is no such account.
        """
        with transaction(self._database) as session:
            row = find_account(session, username)
            account_id = None if row is None else row.account_id
        found = None if account_id is None else self.entry(account_id)
        if found is None:
            raise Misconfigured(f"There is no account {username}. `counterpoint users list` shows them.")
        return found

    def add(self, account: NewAccount, by: Actor = COMMAND) -> UUID:
        """Create an account, and its teams if they do not exist; returns its id."""
        check_account(account)
        password_hash = hash_password(account.password)
        with self._transaction(by) as session:
            account_id = insert_account(session, account, password_hash, now=self._now())
            self._audit(session, by, "account added", account_id)
            return account_id

    def set_password(self, account_id: UUID, password: str, by: Actor = COMMAND) -> None:
        """Set another password, and end the person's logins."""
        password_hash = hash_password(password)
        with self._change(account_id, by, "password set") as session:
            row = session.get(Account, account_id)
            if row is not None and row.issuer is not None:
                raise Misconfigured(AT_PROVIDER)
            _end_logins(session, account_id, password_hash=password_hash)

    def change_own_password(self, viewer: Viewer, present: str, password: str, *, request_id: str = "") -> int | None:
        """Set another password of a person's own, which ends their logins; return the generation that counts now.

        None where `present` is not their password. Both are hashed between two transactions.
        """
        check_password(password)
        with transaction(self._database, viewer.user_id) as session:
            row = session.get(Account, viewer.user_id)
            if row is not None and row.issuer is not None:
                raise Misconfigured(AT_PROVIDER)
            expected = None if row is None else row.password_hash
        if not is_correct(present, expected):
            return None
        password_hash = hash_password(password)
        with self._change(viewer.user_id, Actor(viewer, request_id), "password changed") as session:
            row = session.get_one(Account, viewer.user_id)
            if row.password_hash != expected:
                raise Misconfigured("Your password was changed elsewhere meanwhile. Nothing was changed here.")
            _end_logins(session, viewer.user_id, password_hash=password_hash)
            session.refresh(row)
            return row.generation

    def disable(self, account_id: UUID, by: Actor = COMMAND) -> None:
        """End the person's logins, and let nobody log in with this account until it is enabled again."""
        _check_other(by, account_id)
        with self._change(account_id, by, "account disabled") as session:
            _end_logins(session, account_id, disabled_at=self._now())

    def enable(self, account_id: UUID, by: Actor = COMMAND) -> None:
        """Let the person log in again."""
        with self._change(account_id, by, "account enabled") as session:
            _update(session, account_id, disabled_at=None)

    def change_teams(
        self, account_id: UUID, *, add: Sequence[str] = (), remove: Sequence[str] = (), by: Actor = COMMAND
    ) -> None:
        """Put an account into teams and take it out of others; taking it out ends the person's logins."""
        entry = self.entry(account_id)
        if entry is None:
            raise NoAccount
        if set(remove) - set(entry.teams):
            teams = ", ".join(entry.teams) or "none"
            raise Misconfigured(f"{entry.username} is not in each of these teams; teams now: {teams}.")
        left = [team for team in (*entry.teams, *add) if team not in remove]
        check_scope(entry.role, left, entry.tenant)
        with self._change(account_id, by, "account teams changed") as session:
            if remove:
                gone = select(Team.team_id).where(col(Team.name).in_(remove))
                session.exec(
                    delete(Membership).where(
                        col(Membership.account_id) == account_id, col(Membership.team_id).in_(gone)
                    )
                )
                _end_logins(session, account_id)
            add_to_teams(session, account_id, [team for team in add if team not in remove])

    def remove(self, account_id: UUID, by: Actor = COMMAND) -> None:
        """Remove an account: decisions stay as those of a removed account, and everything of the person goes."""
        _check_other(by, account_id)
        with self._change(account_id, by, "account removed") as session:
            if not remove_account(session, account_id, self._now()):
                raise _not_allowed()

    def end_logins(self, viewer: Viewer, *, request_id: str = "") -> None:
        """End all logins of a person who logs out, so that a copy of their cookie is worth nothing; tokens stay."""
        by = Actor(viewer, request_id)
        with self._change(viewer.user_id, by, "logout") as session:
            carry_tokens_over(session, viewer.user_id)
            _end_logins(session, viewer.user_id)

    @contextmanager
    def _change(self, account_id: UUID, by: Actor, purpose: str) -> Iterator[Session]:
        with self._transaction(by) as session:
            # Locked for a change, so that a role which may not change this account finds none and says nothing is done.
            row = session.get(Account, account_id, with_for_update=True)
            if row is None or row.removed_at is not None:
                raise NoAccount
            yield session
            session.flush()
            self._audit(session, by, purpose, account_id)

    @contextmanager
    def _transaction(self, by: Actor) -> Iterator[Session]:
        with transaction(self._database, None if by.viewer is None else by.viewer.user_id) as session:
            yield session

    def _audit(self, session: Session, by: Actor, purpose: str, account_id: UUID) -> None:
        add_audit_entry(
            session,
            by.viewer,
            purpose=purpose,
            object_type="account",
            object_id=account_id,
            outcome="done",
            request_id=by.request_id,
        )


def _check_other(by: Actor, account_id: UUID) -> None:
    """Check that nobody disables or removes their own account: the last operator could lock everybody out."""
    if by.viewer is not None and by.viewer.user_id == account_id:
        raise Misconfigured("That is your own account: another operator, or `counterpoint users`, can do this.")


def _end_logins(session: Session, account_id: UUID, **changes: object) -> None:
    """Raise the account's generation in the database itself, so that two changes at once both count."""
    _update(session, account_id, generation=Account.generation + 1, **changes)


def _update(session: Session, account_id: UUID, **changes: object) -> None:
    """Change a row; where row security hides it from a role, nothing would happen and nobody would know."""
    changed = session.exec(update(Account).where(col(Account.account_id) == account_id).values(**changes))
    if changed.rowcount != 1:
        raise _not_allowed()


def _not_allowed() -> Misconfigured:
    return Misconfigured(
        "The user of database.url may not change accounts, except for an operator on the page. Run the command as the"
        " owner of the tables."
    )
