"""Accounts of people who log in at the OpenID Connect provider: made at the first login, and kept to its claims.

An account belongs to an issuer and a subject. A local account is never found here, whatever its name.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, delete, select

from plugin.database.audit import add_audit_entry
from plugin.database.engine import Database, transaction
from plugin.database.locks import lock_accounts
from plugin.database.tables import Account, Membership, Team
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.accounts import (
    MAX_NAME,
    NewAccount,
    account_of_counsellor,
    add_to_teams,
    check_account,
    check_team_names,
    find_account,
    insert_account,
    normalise_username,
    viewer_of,
)
from plugin.queue.provider_refusals import Refusal
from stream.contracts.errors import Misconfigured

_NO_PASSWORD: Final = ""
"""The hash that no password has."""
_SUFFIX_CHARACTERS: Final = 8
"""Of the subject's hash, behind a user name that another account has: enough among the people of one service."""


@dataclass(frozen=True)
class ProviderPerson:
    """A person as a verified token of the provider describes them. `counsellor` is already the pseudonym."""

    issuer: str
    subject: str = field(repr=False)
    username: str
    display_name: str
    role: AccountRole | None
    """None where no claim gives one."""
    teams: tuple[str, ...] | None = None
    """None where the provider says nothing of teams, so that an operator decides."""
    tenant: str | None = None
    counsellor: str | None = None
    says_counsellor: bool = True
    """Whether the provider says which counsellor a therapist is; if not, a mapping has said it before they log in."""

    @property
    def subject_hash(self) -> str:
        """The hash under which the account is found."""
        return subject_hash(self.issuer, self.subject)


def subject_hash(issuer: str, subject: str) -> str:
    """Return the hash of a provider's id of a person."""
    return hashlib.sha256(f"{issuer}\n{subject}".encode("utf-8", "surrogatepass")).hexdigest()


class ProviderAccounts:
    """The accounts of a database that come from a provider. Every method may raise `Unavailable`."""

    def __init__(
        self, database: Database, *, now: Callable[[], datetime], count_denied: Callable[[UUID | None], None]
    ) -> None:
        self._database = database
        self._now = now
        self._count_denied = count_denied

    def let_in(self, person: ProviderPerson, *, request_id: str = "") -> Viewer | Refusal:
        """Return the person with the rights that their claims give them, or why they stay out; the trail records it."""
        with transaction(self._database) as session:
            _act_for_provider(session, person.issuer)
            lock_accounts(session)
            row = _find(session, person.issuer, person.subject_hash)
            refusal = _refusal(session, person, row)
            if refusal is Refusal.NO_ROLE and row is not None:
                row.generation += 1  # the role is gone, so other browsers are out too
            if refusal is None:
                row = (
                    self._add(session, person, request_id)
                    if row is None
                    else self._follow(session, person, row, request_id)
                )
                viewer = viewer_of(session, row)
                _audit(session, viewer, "login", row.account_id, request_id)
                return viewer
            account_id = None if row is None else row.account_id
        self._count_denied(account_id)
        return refusal

    def denied(self) -> None:
        """Count a refusal of somebody whom no valid token names; the trail gets the number."""
        self._count_denied(None)

    def end_logins(self, issuer: str, hashed_subject: str, *, request_id: str = "") -> None:
        """End the logins of a person whose login at the provider has ended; nothing happens without an account."""
        with transaction(self._database) as session:
            _act_for_provider(session, issuer)
            row = _find(session, issuer, hashed_subject)
            if row is not None and row.removed_at is None:
                row.generation += 1
                session.flush()
                _audit(session, None, "logout at the provider", row.account_id, request_id)

    def _add(self, session: Session, person: ProviderPerson, request_id: str) -> Account:
        account_id = insert_account(
            session, replace(_as_account(person), username=_free_name(session, person)), _NO_PASSWORD, now=self._now()
        )
        _audit(session, None, "account added", account_id, request_id)
        return session.get_one(Account, account_id)

    def _follow(self, session: Session, person: ProviderPerson, row: Account, request_id: str) -> Account:
        """Change what differs from the claims; every such change ends the person's logins in other browsers."""
        changed = []
        account = _as_account(person, row)
        if row.role != account.role:
            _change_role(session, row, account.role)
            changed.append("role")
        for name in ("display_name", "tenant", "counsellor"):
            if getattr(row, name) != getattr(account, name):
                setattr(row, name, getattr(account, name))
                changed.append(name.replace("_", " "))
        if person.teams is not None and set(person.teams) != _team_names(session, row):
            session.exec(delete(Membership).where(col(Membership.account_id) == row.account_id))
            add_to_teams(session, row.account_id, person.teams)
            changed.append("teams")
        if changed:
            row.generation += 1
            session.flush()
            _audit(session, None, f"account follows provider: {', '.join(changed)}", row.account_id, request_id)
        return row


def _refusal(session: Session, person: ProviderPerson, row: Account | None) -> Refusal | None:
    if row is not None and row.removed_at is not None:
        return Refusal.REMOVED
    if row is not None and row.disabled_at is not None:
        return Refusal.DISABLED
    if person.role is None:
        return Refusal.NO_ROLE
    account = _as_account(person, row)
    if person.teams is None and row is not None:
        account = replace(account, teams=sorted(_team_names(session, row)))
    try:
        check_account(account)
        check_team_names(account.teams)
    except Misconfigured:
        return Refusal.UNFIT
    other = account_of_counsellor(session, account.tenant, account.counsellor)
    is_taken = other is not None and (row is None or other.account_id != row.account_id)
    return Refusal.COUNSELLOR_TAKEN if is_taken else None


def _as_account(person: ProviderPerson, row: Account | None = None) -> NewAccount:
    """Return the account that the claims describe; what they leave open is that of the account that there is."""
    assert person.role is not None  # noqa: S101 - refused before
    tenant, counsellor = person.tenant, person.counsellor
    if row is not None and person.role is AccountRole.THERAPIST and not person.says_counsellor:
        tenant, counsellor = row.tenant, row.counsellor
    return NewAccount(
        person.username,
        _NO_PASSWORD,
        person.role,
        person.display_name,
        teams=person.teams or (),
        tenant=tenant,
        counsellor=counsellor,
        issuer=person.issuer,
        subject_hash=person.subject_hash,
    )


def _free_name(session: Session, person: ProviderPerson) -> str:
    """Return the user name, or one like it where another account, local or not, has it."""
    name = normalise_username(person.username)
    if find_account(session, name) is None:
        return name
    suffix = f"-{person.subject_hash[:_SUFFIX_CHARACTERS]}"
    return name[: MAX_NAME - len(suffix)] + suffix


def _find(session: Session, issuer: str, hashed_subject: str) -> Account | None:
    """Return the account, removed or not, locked for a change."""
    return session.exec(
        select(Account)
        .where(col(Account.issuer) == issuer, col(Account.subject_hash) == hashed_subject)
        .with_for_update()
    ).first()


def _change_role(session: Session, row: Account, role: AccountRole) -> None:
    """Change a role by the owner's function, which changes none of a local account."""
    statement = text("SELECT public.counterpoint_provider_role(:account, :role)")
    session.execute(statement, {"account": row.account_id, "role": role.value})
    session.refresh(row)


def _team_names(session: Session, row: Account) -> set[str]:
    teams = select(Team.name).join(Membership, col(Membership.team_id) == col(Team.team_id))
    return set(session.exec(teams.where(col(Membership.account_id) == row.account_id)))


def _act_for_provider(session: Session, issuer: str) -> None:
    """Name the provider to the database, whose policies then let the web role write this provider's accounts."""
    session.execute(text("SELECT set_config('counterpoint.issuer', :issuer, true)"), {"issuer": issuer})


def _audit(session: Session, viewer: Viewer | None, purpose: str, account_id: UUID, request_id: str) -> None:
    add_audit_entry(
        session,
        viewer,
        purpose=purpose,
        object_type="account",
        object_id=account_id,
        outcome="done",
        request_id=request_id,
    )
