"""Accounts: who may log in, in which role and teams. Passwords are stored as Argon2id hashes."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Final
from uuid import UUID, uuid4

from pwdlib import PasswordHash
from sqlmodel import Session, col, select

from plugin.database.engine import temporary_engine, transaction
from plugin.database.tables import Account, Membership, Team
from plugin.database.viewer import AccountRole, Viewer
from plugin.tenants import pseudonyms_of
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import Settings, required_secret

MIN_PASSWORD: Final = 12  # characters; attempts to log in are slowed down as well
MAX_PASSWORD: Final = 1024  # characters; longer ones only cost time

_PASSWORD_HASH: Final = PasswordHash.recommended()


@dataclass(frozen=True)
class NewAccount:
    """An account to be created. `counsellor` is already the pseudonym."""

    username: str
    password: str = field(repr=False)
    role: AccountRole
    display_name: str
    teams: Sequence[str] = ()
    tenant: str | None = None
    counsellor: str | None = None


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
    pseudonym = None
    if counsellor is not None:
        if tenant not in settings.tenants:
            raise Misconfigured(f"--tenant {tenant} is not among the tenants of the settings.")
        pseudonym = pseudonyms_of(settings.tenants, tenant).person(counsellor)
    account = NewAccount(
        username, password, AccountRole(role), display_name, teams=teams, tenant=tenant, counsellor=pseudonym
    )
    url = required_secret(settings.database.url, "database.url")
    with temporary_engine(url) as engine, transaction(engine) as session:
        insert_account(session, account, now=datetime.now(UTC))


def insert_account(session: Session, account: NewAccount, *, now: datetime) -> UUID:
    """Create an account in the caller's transaction, and return its id.

    Raises:
        Misconfigured: the values do not fit together, or the account exists.
    """
    _check_account(account)
    if find_account(session, account.username) is not None:
        raise Misconfigured(f"There is an account {account.username} already.")
    if account.counsellor is not None:
        same = select(Account).where(
            col(Account.tenant) == account.tenant, col(Account.counsellor) == account.counsellor
        )
        if other := session.exec(same).first():
            raise Misconfigured(f"That counsellor has an account already: {other.username}.")
    row = Account(
        account_id=uuid4(),
        username=normalise_username(account.username),
        password_hash=_PASSWORD_HASH.hash(account.password),
        role=account.role.value,
        display_name=account.display_name,
        tenant=account.tenant,
        counsellor=account.counsellor,
        created_at=now,
    )
    session.add(row)
    session.flush()
    for name in dict.fromkeys(account.teams):
        session.add(Membership(team_id=_find_or_add_team(session, name), account_id=row.account_id))
    session.flush()
    return row.account_id


def normalise_username(username: str) -> str:
    """Return a user name in the form that is equal for all its spellings."""
    return unicodedata.normalize("NFKC", username).strip().casefold()


def find_account(session: Session, username: str) -> Account | None:
    """Return the account with this user name in any spelling, or None."""
    if not username.isprintable():
        return None  # not a user name; and PostgreSQL accepts no NUL
    return session.exec(select(Account).where(col(Account.username) == normalise_username(username))).first()


def authenticate(session: Session, username: str, password: str) -> Viewer | None:
    """Return the person if the password is theirs. An unknown name takes as long as a known one."""
    row = find_account(session, username)
    expected = row.password_hash if row is not None else _dummy_hash()
    is_correct = len(password) <= MAX_PASSWORD and _PASSWORD_HASH.verify(password, expected)
    return viewer_of(session, row) if is_correct and row is not None else None


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
    )


def _check_account(account: NewAccount) -> None:
    if not account.username.strip() or not account.username.isprintable():
        raise Misconfigured("A user name needs at least one character, all of them printable.")
    if not MIN_PASSWORD <= len(account.password) <= MAX_PASSWORD:
        raise Misconfigured(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.")
    if account.role is AccountRole.THERAPIST and (account.tenant is None or account.counsellor is None):
        raise Misconfigured("A therapist needs --tenant and --counsellor: the platform, and its id for this person.")
    if account.role is not AccountRole.THERAPIST and account.counsellor is not None:
        raise Misconfigured("Only a therapist has a --counsellor.")
    if account.role is AccountRole.SUPERVISOR and not account.teams and account.tenant is None:
        raise Misconfigured("A supervisor needs a --team, or a --tenant, whose sessions without a team she then sees.")
    if account.role is AccountRole.OPERATOR and (account.teams or account.tenant is not None):
        raise Misconfigured("An operator sees no session: leave out --team and --tenant.")


def _find_or_add_team(session: Session, name: str) -> UUID:
    team = session.exec(select(Team).where(col(Team.name) == name)).first()
    if team is not None:
        return team.team_id
    team = Team(team_id=uuid4(), name=name)
    session.add(team)
    session.flush()
    return team.team_id


@cache
def _dummy_hash() -> str:
    return _PASSWORD_HASH.hash(uuid4().hex)
