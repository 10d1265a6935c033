"""Accounts and teams."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from plugin.database.tables.base import Table, utc


class Account(Table, table=True):
    """Somebody who may log in."""

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("tenant", "counsellor"),)

    account_id: UUID = Field(primary_key=True)
    username: str = Field(unique=True)
    """Folded: `Ana` and `ana` are one."""
    password_hash: str = Field(repr=False)
    """Argon2id."""
    role: str
    display_name: str
    tenant: str | None
    counsellor: str | None
    """A therapist's pseudonym on the tenant's platform."""
    created_at: datetime = utc()


class Team(Table, table=True):
    """Supervisors and therapists who belong together."""

    __tablename__ = "teams"

    team_id: UUID = Field(primary_key=True)
    name: str = Field(unique=True)


class Membership(Table, table=True):
    """Who is in which team."""

    __tablename__ = "memberships"

    team_id: UUID = Field(primary_key=True, foreign_key="teams.team_id", ondelete="CASCADE")
    account_id: UUID = Field(primary_key=True, foreign_key="accounts.account_id", ondelete="CASCADE", index=True)
