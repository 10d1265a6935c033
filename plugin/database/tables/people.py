"""The tables of accounts, teams and memberships."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, UniqueConstraint
from sqlmodel import Field

from plugin.database.tables.base import Table, utc


class Account(Table, table=True):
    """An account with which a person logs in."""

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("tenant", "counsellor"), UniqueConstraint("issuer", "subject_hash"))

    account_id: UUID = Field(primary_key=True)
    username: str = Field(unique=True)
    """The normalised user name: `Ana` and `ana` are the same."""
    password_hash: str = Field(repr=False)
    """The hash of the password with Argon2id; empty once the account is removed."""
    role: str
    display_name: str
    tenant: str | None
    counsellor: str | None
    """The pseudonym of a therapist on the tenant's platform."""
    created_at: datetime = utc()
    generation: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How often the person's logins were ended. A login belongs to one generation and is over with it."""
    disabled_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """Since when nobody may log in with this account; also set once it is removed."""
    removed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """When everything of the person was removed from this row."""
    issuer: str | None = None
    """The OpenID Connect provider that the account comes from; None for a local account, which has a password."""
    subject_hash: str | None = None
    """The hash of the provider's own id of the person. It outlives a removal, so that the person stays out."""


class Team(Table, table=True):
    """A team of supervisors and therapists."""

    __tablename__ = "teams"

    team_id: UUID = Field(primary_key=True)
    name: str = Field(unique=True)


class Membership(Table, table=True):
    """The membership of an account in a team."""

    __tablename__ = "memberships"

    team_id: UUID = Field(primary_key=True, foreign_key="teams.team_id", ondelete="CASCADE")
    account_id: UUID = Field(primary_key=True, foreign_key="accounts.account_id", ondelete="CASCADE", index=True)
