"""The tables of a supervisor's review: claims of sessions, labels of statements, coaching notes and their comments."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, text
from sqlmodel import Field

from plugin.database.tables.base import Json, Table, json, utc


class StoredClaim(Table, table=True):
    """The claim of a session by the supervisor who reviews it. It is over at `until`, and the row is used again."""

    __tablename__ = "claims"
    __table_args__ = (Index(None, "until"),)

    session_id: UUID = Field(primary_key=True, foreign_key="sessions.session_id", ondelete="CASCADE")
    account_id: UUID = Field(foreign_key="accounts.account_id")
    until: datetime = utc()
    read_revision: int | None = None
    """The latest revision that the supervisor has opened during this claim."""


class StoredLabel(Table, table=True):
    """What a supervisor said of one statement of an answer. Labels are only ever added; the latest one counts."""

    __tablename__ = "labels"
    __table_args__ = (Index(None, "assessment_id", "statement", "number"), Index(None, "session_id"))

    number: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True, nullable=False)
    )
    """The order in which labels were added; the database counts."""
    session_id: UUID = Field(foreign_key="sessions.session_id", ondelete="CASCADE")
    revision: int
    """The session's revision that the supervisor read."""
    exchange_id: UUID
    assessment_id: UUID = Field(foreign_key="answers.assessment_id", ondelete="CASCADE")
    """The answer that the label is about; a label goes with it."""
    statement: str
    """Which statement of the answer, in the form of `plugin.queue.statements.Statement`."""
    judgement: str
    reason: str | None
    """Why a statement is withheld."""
    level: int | None
    """The supervisor's own level."""
    machine: Json = json()
    """What the answer says in this statement, in codes; its words stay encrypted in the answer."""
    model: Json = json()
    """The version of the model that answered, with the rubric that it was given."""
    rubric: str
    """The version of the rubric that the supervisor had on her page."""
    account_id: UUID = Field(foreign_key="accounts.account_id")
    said_at: datetime = utc()


class StoredNote(Table, table=True):
    """A coaching note of a supervisor about a session or one of its moments."""

    __tablename__ = "notes"
    __table_args__ = (
        Index(None, "session_id"),
        Index(
            "ix_notes_follow_up",
            *("account_id", "follow_up_on"),
            postgresql_where=text("follow_up_on IS NOT NULL AND followed_up_at IS NULL"),
        ),
    )

    note_id: UUID = Field(primary_key=True)
    session_id: UUID = Field(foreign_key="sessions.session_id", ondelete="CASCADE")
    exchange_id: UUID | None
    """The moment; None for the session. Not a foreign key, since a new revision writes its exchanges again."""
    account_id: UUID = Field(foreign_key="accounts.account_id")
    shared: bool
    """Whether the therapist reads it after the release; otherwise its author alone does."""
    words: bytes = Field(repr=False)
    """The encrypted text."""
    written_at: datetime = utc()
    follow_up_on: date | None = None
    """The day on which its author wants to come back to it, on the clocks of their zone."""
    followed_up_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """When its author said that this is done."""


class StoredNoteComment(Table, table=True):
    """A comment under a coaching note, by one of those who read the note. It is never changed, only removed."""

    __tablename__ = "note_comments"
    __table_args__ = (Index(None, "session_id"), Index(None, "note_id"))

    comment_id: UUID = Field(primary_key=True)
    note_id: UUID = Field(foreign_key="notes.note_id", ondelete="CASCADE")
    session_id: UUID = Field(foreign_key="sessions.session_id", ondelete="CASCADE")
    account_id: UUID = Field(foreign_key="accounts.account_id")
    words: bytes = Field(repr=False)
    """The encrypted text."""
    written_at: datetime = utc()
