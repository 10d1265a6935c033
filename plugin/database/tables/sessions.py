"""The tables of finished sessions and their content."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, Computed, DateTime, Index, Text, false, text, true
from sqlmodel import Field

from plugin.database.tables.base import Json, Table, json, json_or_null, utc

_SCOPE: Final = ("tenant", "counsellor_keys", "state", "restricted")


class StoredSession(Table, table=True):
    """The highest revision of a session that has arrived; `plugin.sink.apply` says what "highest" means."""

    __tablename__ = "sessions"
    __table_args__ = (
        Index(None, "tenant", "conversation_id", "first_appended_at"),
        Index(None, "need", "ended_at"),
        # The three lists of who reviews, each with what says who may see a session, so that counting it reads no row.
        Index(
            "ix_sessions_waiting",
            *("need", "ended_at", "session_id"),
            postgresql_include=[*_SCOPE, "left_out", "decided"],
            postgresql_where=text("NOT decided AND (left_out IS NULL OR need = 0)"),
        ),
        Index(
            "ix_sessions_decided",
            *("decided_at", "session_id"),
            postgresql_include=[*_SCOPE, "decided_as", "left_out", "need", "ended_at", "decided", "started_at"],
            postgresql_where=text("decided"),
        ),
        Index(
            "ix_sessions_left_out",
            *("ended_at", "session_id"),
            postgresql_include=[*_SCOPE, "left_out", "need"],
            postgresql_where=text("left_out IS NOT NULL AND need <> 0"),
        ),
        Index(None, "ended_at", "session_id"),
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
    first_appended_at: datetime = utc()
    """The broker's append time of the first message, by which an erasure or a withdrawal finds the session."""
    last_appended_at: datetime = utc()
    """The broker's append time of the last message, from which retention counts."""
    stored_at: datetime = utc()
    """When this revision arrived."""
    end_reason: str
    left_out: str | None
    language: str | None
    consent: Json = json()
    counts: Json = json()
    marks: Json = json()
    """The kinds, concerns and message ids of the marks, and what the model says of an unanswered moment."""
    detector: Json = json_or_null()
    need: int
    facts: Json = json()
    restricted: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """Whether the session was withdrawn or erased and is only kept because of a legal hold; it is shown to nobody."""
    counsellor_keys: list[str] = Field(
        default=None,
        sa_column=Column(ARRAY(Text), server_default=text("'{}'"), nullable=False),
    )
    """The counsellors as PLATFORM/PSEUDONYM, in their order. The database takes them from `session_counsellors`."""
    decided_revision: int | None = None
    """The highest revision that was decided about. The database takes it from `decisions`, with kind and time."""
    decided_as: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    decided: bool = Field(
        default=None,
        sa_column=Column(Boolean, Computed("NOT (decided_revision IS DISTINCT FROM revision)", persisted=True)),
    )
    """Whether the present revision was decided about."""


class SessionCounsellor(Table, table=True):
    """A counsellor who wrote in a session, which decides whose team sees it."""

    __tablename__ = "session_counsellors"
    __table_args__ = (Index(None, "tenant", "counsellor"),)

    session_id: UUID = Field(primary_key=True, foreign_key="sessions.session_id", ondelete="CASCADE")
    counsellor: str = Field(primary_key=True)
    tenant: str
    position: int
    """The position in the order of first appearance."""


class SessionClient(Table, table=True):
    """A client who wrote in a session, so that an erasure finds all sessions of a client."""

    __tablename__ = "session_clients"
    __table_args__ = (Index(None, "tenant", "client"),)

    session_id: UUID = Field(primary_key=True, foreign_key="sessions.session_id", ondelete="CASCADE")
    client: str = Field(primary_key=True)
    tenant: str


class StoredMessage(Table, table=True):
    """A message that a moment or a mark refers to."""

    __tablename__ = "messages"

    session_id: UUID = Field(primary_key=True, foreign_key="sessions.session_id", ondelete="CASCADE")
    message_id: str = Field(primary_key=True)
    position: int
    revision: int = Field(sa_type=BigInteger)
    """0 for the original, or the edit's time in ms since 1970."""
    role: str
    author: str
    sent_at: datetime = utc()
    text: bytes = Field(repr=False)
    """The encrypted text."""


class StoredExchange(Table, table=True):
    """A moment: the ids of its messages, the detector's finding and the author of the reply."""

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
    """The spans and weights of the detector's cues."""
    shown: bool = Field(default=True, sa_column_kwargs={"server_default": true()})
    """Whether the moment is shown at once, and to its therapist after the release; see `plugin.database.shown`."""


class StoredAnswer(Table, table=True):
    """An assessment or an abstention; both are in one table, since each is the first answer for an exchange.

    A row does not change while the answer is valid. When a new revision no longer has the answer, `superseded_by` names
    that revision and the words are removed: they may quote a message that has since been edited or deleted. The levels
    stay.
    """

    __tablename__ = "answers"
    __table_args__ = (Index(None, "session_id", "exchange_id"),)

    assessment_id: UUID = Field(primary_key=True)
    session_id: UUID = Field(foreign_key="sessions.session_id", ondelete="CASCADE")
    exchange_id: UUID
    input_id: UUID
    model: Json = json()
    abstained: str | None
    """The reason for an abstention; None for an assessment."""
    verdict: str | None
    resistance_type: str | None
    confidence: float | None = None
    possible_injection: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    ratings: Json = json()
    """The mechanisms, levels and evidence spans."""
    words: bytes | None = Field(repr=False)
    """The reasons, quotes, strengths and alternatives as encrypted JSON."""
    has_words: bool = Field(
        default=None, sa_column=Column(Boolean, Computed("words IS NOT NULL", persisted=True), nullable=True)
    )
    """Whether there are words, for roles that may not read them."""
    revision: int
    """The session's revision with which the answer arrived."""
    superseded_by: int | None = None
    stored_at: datetime = utc()


class StoredDecision(Table, table=True):
    """A supervisor's decision about one revision of a session. A new revision needs a new decision."""

    __tablename__ = "decisions"
    __table_args__ = (Index(None, "decided_at", "session_id"),)

    session_id: UUID = Field(primary_key=True, foreign_key="sessions.session_id", ondelete="CASCADE")
    revision: int = Field(primary_key=True)
    kind: str
    account_id: UUID = Field(foreign_key="accounts.account_id")
    decided_at: datetime = utc()
    as_lead: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """Whether a lead decided, in place of a supervisor."""
