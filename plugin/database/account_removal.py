"""Removal of an account: its row stays without anything of the person, since decisions and the trail refer to it."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text, update
from sqlmodel import Session, col, delete

from plugin.database.tables import Account, Membership

REMOVED_NAME: Final = "Removed account"
"""The name that pages show in place of a removed person's."""


def remove_account(session: Session, account_id: UUID, now: datetime) -> bool:
    """Remove an account: its logins end, its names, password and teams go, and nobody can log in with it again.

    Returns whether there was one that this role may change.
    """
    session.exec(delete(Membership).where(col(Membership.account_id) == account_id))
    removed = session.exec(
        update(Account)
        .where(col(Account.account_id) == account_id)
        .values(
            username=f"removed {account_id}",
            password_hash="",
            display_name=REMOVED_NAME,
            tenant=None,
            counsellor=None,
            generation=Account.generation + 1,
            disabled_at=now,
            removed_at=now,
        )
    )
    return removed.rowcount == 1


def anonymise_account(session: Session, tenant: str, therapist_pseudonym: str, now: datetime) -> bool:
    """Remove the account of a therapist, if there is one; returns whether there was."""
    # A function of the owner, since the role that erases may change no account.
    statement = text("SELECT public.counterpoint_therapist_remove(:tenant, :pseudonym, :now)")
    return bool(session.scalar(statement, {"tenant": tenant, "pseudonym": therapist_pseudonym, "now": now}))
