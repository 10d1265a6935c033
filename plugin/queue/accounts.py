"""Accounts: who may log in, under which name, in which role and teams."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlmodel import Session, col, select

from plugin.database.locks import lock_accounts
from plugin.database.tables import Account, Membership, Team
from plugin.database.viewer import AccountRole, Viewer
from plugin.tenants import pseudonyms_of
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import TenantSettings

_WITHOUT_SCOPE: Final = {
    AccountRole.OPERATOR: "An operator sees no session",
    AccountRole.AUDITOR: "An auditor sees no session",
    AccountRole.LEAD: "A lead sees the sessions of every team",
}
"""Why an account of one of these roles belongs to no team and no platform."""
MAX_NAME: Final = 200  # characters of a user name, a display name or a team's name; longer ones break every list


@dataclass(frozen=True)
class NewAccount:
    """An account to be created. `counsellor` is already the pseudonym; one with an issuer has no password."""

    username: str
    password: str = field(repr=False)
    role: AccountRole
    display_name: str
    teams: Sequence[str] = ()
    tenant: str | None = None
    counsellor: str | None = None
    issuer: str | None = None
    subject_hash: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class AccountEntry:
    """An account as those who manage accounts see it."""

    account_id: UUID
    username: str
    display_name: str
    role: AccountRole
    tenant: str | None
    teams: tuple[str, ...]
    is_disabled: bool
    issuer: str | None = None
    """The provider that the account comes from; None for a local account."""
    needs_password: bool = False
    """Whether nobody has set a password yet, without which a local account logs in nowhere."""

    @property
    def state(self) -> str:
        """Whether the person may log in, in words."""
        if self.is_disabled:
            return "disabled"
        return "needs a password" if self.needs_password else "may log in"


def normalise_username(username: str) -> str:
    """Return a user name in the form that is equal for all its spellings.

    Accounts are found under this form, and attempts to log in are counted under it.
    """
    return unicodedata.normalize("NFKC", username).strip().casefold()


def find_account(session: Session, username: str) -> Account | None:
    """Return the account with this user name in any spelling, or None."""
    name = normalise_username(username)
    if not name.isprintable():
        return None  # not a user name; and PostgreSQL accepts no NUL
    return session.exec(select(Account).where(col(Account.username) == name, col(Account.removed_at).is_(None))).first()


def viewer_of(session: Session, row: Account) -> Viewer:
    """Return the person of an account, with the rights they have now."""
    teams = session.exec(select(Membership.team_id).where(col(Membership.account_id) == row.account_id)).all()
    return Viewer(
        user_id=row.account_id,
        username=row.username,
        display_name=row.display_name,
        role=AccountRole(row.role),
        team_ids=frozenset(teams),
        tenant=row.tenant,
        counsellor=row.counsellor,
        generation=row.generation,
        issuer=row.issuer,
    )


def list_accounts(session: Session) -> tuple[AccountEntry, ...]:
    """Return every account that was not removed, by user name."""
    rows = session.exec(select(Account).where(col(Account.removed_at).is_(None)).order_by(Account.username)).all()
    teams: dict[UUID, list[str]] = {}
    for account_id, name in session.exec(
        select(Membership.account_id, Team.name)
        .join(Team, col(Team.team_id) == col(Membership.team_id))
        .order_by(Team.name)
    ):
        teams.setdefault(account_id, []).append(name)
    return tuple(
        AccountEntry(
            account_id=row.account_id,
            username=row.username,
            display_name=row.display_name,
            role=AccountRole(row.role),
            tenant=row.tenant,
            teams=tuple(teams.get(row.account_id, ())),
            is_disabled=row.disabled_at is not None,
            issuer=row.issuer,
            needs_password=row.issuer is None and not row.password_hash,
        )
        for row in rows
    )


def counsellor_pseudonym(tenants: Mapping[str, TenantSettings], tenant: str | None, counsellor: str) -> str:
    """Return the pseudonym that the gateway makes of the platform's own reference to a counsellor.

    Raises:
        Misconfigured: there is no such tenant in the settings, or its pseudonym key is missing.
    """
    if tenant is None:
        raise Misconfigured("A counsellor's reference needs the tenant: the platform that it is from.")
    check_tenant(tenants, tenant)
    return pseudonyms_of(tenants, tenant).person(counsellor)


def check_tenant(tenants: Mapping[str, TenantSettings], tenant: str) -> None:
    """Check that a tenant is in the settings.

    Raises:
        Misconfigured: it is not; the message names those that are.
    """
    if tenant not in tenants:
        known = ", ".join(sorted(tenants)) or "none"
        raise Misconfigured(f"The tenant {tenant} is not among the tenants of the settings; known: {known}.")


def insert_account(session: Session, account: NewAccount, password_hash: str, *, now: datetime) -> UUID:
    """Create an account in the caller's transaction, and return its id.

    Raises:
        Misconfigured: the values do not fit together, or the account exists.
    """
    check_account(account)
    lock_accounts(session)
    if find_account(session, account.username) is not None:
        raise Misconfigured(f"There is an account {account.username} already.")
    if other := account_of_counsellor(session, account.tenant, account.counsellor):
        raise Misconfigured(f"That counsellor has an account already: {other.username}.")
    row = Account(
        account_id=uuid4(),
        username=normalise_username(account.username),
        password_hash=password_hash,
        role=account.role.value,
        display_name=account.display_name,
        tenant=account.tenant,
        counsellor=account.counsellor,
        created_at=now,
        issuer=account.issuer,
        subject_hash=account.subject_hash,
    )
    session.add(row)
    session.flush()
    add_to_teams(session, row.account_id, account.teams)
    return row.account_id


def account_of_counsellor(session: Session, tenant: str | None, counsellor: str | None) -> Account | None:
    """Return the account of a counsellor (pseudonym) on a platform, or None."""
    if counsellor is None:
        return None
    same = select(Account).where(col(Account.tenant) == tenant, col(Account.counsellor) == counsellor)
    return session.exec(same).first()


def add_to_teams(session: Session, account_id: UUID, teams: Iterable[str]) -> None:
    """Put an account into teams, and create those that do not exist.

    Raises:
        Misconfigured: a name cannot be a team's.
    """
    names = dict.fromkeys(team.strip() for team in teams)
    check_team_names(names)
    for name in names:
        session.merge(Membership(team_id=_find_or_add_team(session, name), account_id=account_id))
    session.flush()


def check_team_names(names: Iterable[str]) -> None:
    """Check that names can be those of teams.

    Raises:
        Misconfigured: one cannot.
    """
    for name in names:
        _check_name("A team's name", name)


def check_account(account: NewAccount) -> None:
    """Check that the values of a new account fit together.

    Raises:
        Misconfigured: they do not; the message says which.
    """
    _check_name("A user name", normalise_username(account.username))
    _check_name("A display name", account.display_name)
    if account.role is AccountRole.THERAPIST and (account.tenant is None or account.counsellor is None):
        raise Misconfigured("A therapist needs a tenant and a counsellor: the platform, and its id for this person.")
    if account.role is not AccountRole.THERAPIST and account.counsellor is not None:
        raise Misconfigured("Only a therapist has a counsellor, the platform's id for this person.")
    check_scope(account.role, account.teams, account.tenant)


def check_scope(role: AccountRole, teams: Sequence[str], tenant: str | None) -> None:
    """Check that the teams and the tenant of an account fit its role.

    Raises:
        Misconfigured: they do not; the message says why.
    """
    if role is AccountRole.SUPERVISOR and not teams and tenant is None:
        raise Misconfigured("A supervisor needs a team, or a tenant, whose sessions without a team she then sees.")
    if role in _WITHOUT_SCOPE and (teams or tenant is not None):
        raise Misconfigured(f"{_WITHOUT_SCOPE[role]}: leave out team and tenant.")


def _check_name(what: str, name: str) -> None:
    if not name.strip() or not name.isprintable() or len(name) > MAX_NAME:
        raise Misconfigured(f"{what} has 1 to {MAX_NAME} characters, all of them printable.")


def _find_or_add_team(session: Session, name: str) -> UUID:
    team = session.exec(select(Team).where(col(Team.name) == name)).first()
    if team is not None:
        return team.team_id
    team = Team(team_id=uuid4(), name=name)
    session.add(team)
    session.flush()
    return team.team_id
