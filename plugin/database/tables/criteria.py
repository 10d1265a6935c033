"""The tables of a service's own criteria: what is asked, in which wording at which time, and what supervisors said."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    UniqueConstraint,
    text,
)
from sqlmodel import Field

from plugin.database.tables.base import Json, Table, json_or_null, utc


class StoredCriterion(Table, table=True):
    """A criterion: what never changes about it, its place in the order, and whether it is still asked."""

    __tablename__ = "criteria"
    __table_args__ = (UniqueConstraint("name"),)

    criterion_id: UUID = Field(primary_key=True)
    name: str
    """The short name by which commands and exports call it."""
    about: str
    """Whether it is asked of each moment or once about the session."""
    position: int
    """Its place among all criteria, from the first to the last."""
    retired_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """Since when it is asked no more."""


class StoredCriterionVersion(Table, table=True):
    """One version of a criterion. Versions are only ever added, and the highest one is asked.

    The words are the service's own form and speak of nobody, so they are not encrypted.
    """

    __tablename__ = "criterion_versions"

    criterion_id: UUID = Field(primary_key=True, foreign_key="criteria.criterion_id")
    version: int = Field(primary_key=True)
    question: str
    scale: str
    words: Json = json_or_null()
    """The service's own words for the steps of a scale from 0 to 3; none for other scales."""
    shared: bool
    """Whether a therapist reads the answers to this version after a release."""
    account_id: UUID | None = Field(default=None, foreign_key="accounts.account_id")
    """The operator who wrote it on the page; None for a command."""
    written_at: datetime = utc()


class StoredCriterionAnswer(Table, table=True):
    """What a supervisor said to one version of a criterion. Answers are only ever added; the latest one stands."""

    __tablename__ = "criterion_answers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["criterion_id", "version"],
            ["criterion_versions.criterion_id", "criterion_versions.version"],
            name="fk_criterion_answers_version",
        ),
        Index(None, "session_id"),
        Index(
            "ix_criterion_answers_standing",
            *("session_id", "criterion_id", "exchange_id"),
            unique=True,
            postgresql_where=text("stands"),
            postgresql_nulls_not_distinct=True,
        ),
    )

    number: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True, nullable=False)
    )
    """The order in which answers were added; the database counts."""
    session_id: UUID = Field(foreign_key="sessions.session_id", ondelete="CASCADE")
    revision: int
    """The session's revision that the supervisor read."""
    exchange_id: UUID | None
    """The moment; None for the session. Not a foreign key, since a new revision writes its exchanges again."""
    criterion_id: UUID
    version: int
    said: str
    """A step of the version's scale, that she cannot say, or that what was said before no longer counts."""
    words: bytes | None = Field(repr=False)
    """The encrypted note with the answer; it goes once another answer takes its place."""
    has_words: bool = Field(
        default=None, sa_column=Column(Boolean, Computed("words IS NOT NULL", persisted=True), nullable=True)
    )
    """Whether there is a note, for roles that may not read it."""
    stands: bool
    """Whether it is the latest one to its criterion about its moment or session."""
    account_id: UUID = Field(foreign_key="accounts.account_id")
    said_at: datetime = utc()
