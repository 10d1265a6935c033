"""Accounts: who may log in, in which role and teams. Passwords are kept as Argon2id."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Final
from uuid import UUID, uuid4

from pwdlib import PasswordHash
from sqlmodel import Session, col, select

from plugin.crypto.keys import key_from_base64
from plugin.crypto.pseudonyms import Pseudonyms
from plugin.database.engine import connect, transaction
from plugin.database.tables import Account, Membership, Team
from plugin.database.viewer import AccountRole, Viewer
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import Settings, required

MIN_PASSWORD: Final = 12  # characters; the login is slowed down besides
MAX_PASSWORD: Final = 1024  # characters; longer ones only cost time

_HASHES: Final = PasswordHash.recommended()


@dataclass(frozen=True)
class NewAccount:
    """An account to be made. `counsellor` is the pseudonym already."""

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
    """Make an account; teams that do not exist yet are made. `counsellor` is the platform's own reference.

    A supervisor may have a tenant: the sessions of that platform whose counsellors are in no team are then hers too.

    Raises:
        Misconfigured: the parts do not fit together, or the account exists; a sentence says which.
        Unavailable: the database is away.
    """
    pseudonym = None
    if counsellor is not None:
        if tenant not in settings.tenants:
            raise Misconfigured(f"--tenant {tenant} is not among the tenants of the settings.")
        place = f"tenants.{tenant}.pseudonym_key"
        try:
            key = key_from_base64(required(settings.tenants[tenant].pseudonym_key, place))
        except ValueError as error:
            raise Misconfigured(f"{place}: {error}") from None
        pseudonym = Pseudonyms(key).person(counsellor)
    account = NewAccount(
        username, password, AccountRole(role), display_name, teams=teams, tenant=tenant, counsellor=pseudonym
    )
    engine = connect(required(settings.database.url, "database.url"))
    try:
        with transaction(engine) as session:
            add(session, account, now=datetime.now(UTC))
    finally:
        engine.dispose()


def add(session: Session, account: NewAccount, *, now: datetime) -> UUID:
    """Make an account in the caller's transaction, and return its id.

    Raises:
        Misconfigured: the parts do not fit together, or the account exists.
    """
    _check(account)
    if named(session, account.username) is not None:
        raise Misconfigured(f"There is an account {account.username} already.")
    if account.counsellor is not None:
        same = select(Account).where(
            col(Account.tenant) == account.tenant, col(Account.counsellor) == account.counsellor
        )
        if other := session.exec(same).first():
            raise Misconfigured(f"That counsellor has an account already: {other.username}.")
    row = Account(
        account_id=uuid4(),
        username=folded(account.username),
        password_hash=_HASHES.hash(account.password),
        role=account.role.value,
        display_name=account.display_name,
        tenant=account.tenant,
        counsellor=account.counsellor,
        created_at=now,
    )
    session.add(row)
    session.flush()
    for name in dict.fromkeys(account.teams):
        session.add(Membership(team_id=_team(session, name), account_id=row.account_id))
    session.flush()
    return row.account_id


def folded(username: str) -> str:
    """The form in which two spellings of a user name are one."""
    return unicodedata.normalize("NFKC", username).strip().casefold()


def named(session: Session, username: str) -> Account | None:
    """The account with this user name, however it is spelt."""
    if not username.isprintable():
        return None  # nobody's name; and PostgreSQL takes no NUL
    return session.exec(select(Account).where(col(Account.username) == folded(username))).first()


def with_password(session: Session, username: str, password: str) -> Viewer | None:
    """The person, if the password is theirs. Takes as long for a name that does not exist."""
    row = named(session, username)
    known = row.password_hash if row is not None else _nobodys_hash()
    fits = len(password) <= MAX_PASSWORD and _HASHES.verify(password, known)
    return viewer_of(session, row) if fits and row is not None else None


def viewer_of(session: Session, row: Account) -> Viewer:
    """A person with the rights they have now."""
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


def _check(account: NewAccount) -> None:
    if not account.username.strip() or not account.username.isprintable():
        raise Misconfigured("A user name needs at least one character, all of them printable.")
    if not MIN_PASSWORD <= len(account.password) <= MAX_PASSWORD:
        raise Misconfigured(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.")
    if account.role is AccountRole.THERAPIST and (account.tenant is None or account.counsellor is None):
        raise Misconfigured("A therapist needs --tenant and --counsellor: whose platform, and who they are there.")
    if account.role is not AccountRole.THERAPIST and account.counsellor is not None:
        raise Misconfigured("Only a therapist has a --counsellor.")
    if account.role is AccountRole.SUPERVISOR and not account.teams and account.tenant is None:
        raise Misconfigured("A supervisor needs a --team, or a --tenant whose sessions of no team are hers.")
    if account.role is AccountRole.OPERATOR and (account.teams or account.tenant is not None):
        raise Misconfigured("An operator sees no session, so there is no --team and no --tenant.")


def _team(session: Session, name: str) -> UUID:
    known = session.exec(select(Team).where(col(Team.name) == name)).first()
    if known is not None:
        return known.team_id
    team = Team(team_id=uuid4(), name=name)
    session.add(team)
    session.flush()
    return team.team_id


@cache
def _nobodys_hash() -> str:
    return _HASHES.hash(uuid4().hex)
