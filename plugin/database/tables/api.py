"""The tables of the JSON API: the tokens with which programs read and act for a person, and their latest replies."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import DateTime
from sqlmodel import Field

from plugin.database.tables.base import Json, Table, json, utc


class ApiToken(Table, table=True):
    """A token of an account. It is valid until it expires, is revoked, or the person's logins end."""

    __tablename__ = "api_tokens"

    token_id: UUID = Field(primary_key=True)
    account_id: UUID = Field(foreign_key="accounts.account_id", index=True)
    secret_hash: bytes = Field(unique=True, repr=False)
    scopes: Json = json()
    generation: int
    """The generation of the person's logins to which it belongs."""
    created_at: datetime = utc()
    expires_at: datetime = utc()
    revoked_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    last_used_on: date | None = None
    """The last day, in UTC, on which it was used: enough to find a forgotten token, too little to follow a person."""


class ApiReply(Table, table=True):
    """The reply to a request with an idempotency key. It has no words: codes, ids and keyed hashes alone."""

    __tablename__ = "api_replies"

    token_id: UUID = Field(primary_key=True, foreign_key="api_tokens.token_id", ondelete="CASCADE")
    key_hash: bytes = Field(primary_key=True, repr=False)
    request_hash: bytes = Field(repr=False)
    begun_at: datetime = utc()
    status: int
    """The HTTP status of the reply."""
    result: Json = json()
