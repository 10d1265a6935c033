"""Finished sessions with what was kept of them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, Computed, Index, false
from sqlmodel import Field

from plugin.database.tables.base import Json, Table, json, json_or_null, utc


class StoredSession(Table, table=True):
    """The highest revision of a session that has come; see `plugin.sink.apply` for what "highest" means."""

    __tablename__ = "sessions"
    __table_args__ = (
        Index(None, "tenant", "conversation_id", "started_at"),
        Index(None, "need", "ended_at"),
        Index(None, "stored_at"),
    )

    session_id: UUID = Field(primary_key=True)
    tenant: str
    conversation_id: str
    revision: int
    state: str
    started_at: datetime = utc()
    ended_at: datetime = utc()
    closed_at: datetime = utc()
    stored_at: datetime = utc()
    """When this revision came."""
    end_reason: str
    left_out: str | None
    language: str | None
    consent: Json = json()
    counts: Json = json()
    marks: Json = json()
    """Kinds, concerns and message ids."""
    detector: Json = json_or_null()
    need: int
    facts: Json = json()
    restricted: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """Kept for a legal hold alone, after a withdrawal or an erasure: shown to nobody."""


class SessionCounsellor(Table, table=True):
    """Who wrote in a session as a counsellor: decides whose team sees it."""

    __tablename__ = "session_counsellors"
    __table_args__ = (Index(None, "tenant", "counsellor"),)

    session_id: UUID = Field(primary_key=True, foreign_key="sessions.session_id", ondelete="CASCADE")
    counsellor: str = Field(primary_key=True)
    tenant: str
    position: int
    """Order of first appearance."""


class SessionClient(Table, table=True):
    """Who wrote in a session as the client: so that an erasure finds all that is theirs."""

    __tablename__ = "session_clients"
    __table_args__ = (Index(None, "tenant", "client"),)

    session_id: UUID = Field(primary_key=True, foreign_key="sessions.session_id", ondelete="CASCADE")
    client: str = Field(primary_key=True)
    tenant: str


class StoredMessage(Table, table=True):
    """A message that a moment or a mark needs."""

    __tablename__ = "messages"

    session_id: UUID = Field(primary_key=True, foreign_key="sessions.session_id", ondelete="CASCADE")
    message_id: str = Field(primary_key=True)
    position: int
    revision: int = Field(sa_type=BigInteger)
    """0, or an edit's time in ms since 1970."""
    role: str
    author: str
    sent_at: datetime = utc()
    text: bytes = Field(repr=False)
    """Sealed."""


class StoredExchange(Table, table=True):
    """A shown moment: ids of its messages, the detector's finding, whose reply it is."""

    __tablename__ = "exchanges"
    __table_args__ = (Index(None, "session_id"),)

    exchange_id: UUID = Field(primary_key=True)
    session_id: UUID = Field(foreign_key="sessions.session_id", ondelete="CASCADE")
    position: int
    context: Json = json()
    client_turn: Json = json()
    reply: Json = json()
    counsellor: str | None
    score: float
    cues: Json = json()
    """Spans and weights."""


class StoredAnswer(Table, table=True):
    """An assessment or an abstention; one table, for both are the first answer to the same question.

    It never changes while it stands. When a new revision no longer has it, `superseded_by` names that revision and the
    words go: they may quote a message that has since been edited or deleted. The levels stay.
    """

    __tablename__ = "answers"
    __table_args__ = (Index(None, "session_id"),)

    assessment_id: UUID = Field(primary_key=True)
    session_id: UUID = Field(foreign_key="sessions.session_id", ondelete="CASCADE")
    exchange_id: UUID
    input_id: UUID
    model: Json = json()
    abstained: str | None
    """The reason of an abstention; None for an assessment."""
    verdict: str | None
    resistance_type: str | None
    ratings: Json = json()
    """Mechanisms, levels and evidence spans."""
    words: bytes | None = Field(repr=False)
    """Reasons, quotes, strengths and alternatives as JSON, sealed."""
    has_words: bool = Field(
        default=None, sa_column=Column(Boolean, Computed("words IS NOT NULL", persisted=True), nullable=True)
    )
    """For those who may not read them: whether there are any."""
    revision: int
    """The session revision it came with."""
    superseded_by: int | None = None
    stored_at: datetime = utc()


class StoredDecision(Table, table=True):
    """A supervisor's decision about one revision. It never speaks for another: a new revision needs a new one."""

    __tablename__ = "decisions"

    session_id: UUID = Field(primary_key=True, foreign_key="sessions.session_id", ondelete="CASCADE")
    revision: int = Field(primary_key=True)
    kind: str
    account_id: UUID = Field(foreign_key="accounts.account_id")
    decided_at: datetime = utc()
