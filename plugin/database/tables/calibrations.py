"""The tables of calibrations: which moments several supervisors rate blind, what each says, and what they settle."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, Column, Computed, DateTime, ForeignKeyConstraint, Index, Uuid
from sqlmodel import Field

from plugin.database.tables.base import Json, Table, json, utc

_MOMENT = ["calibration_moments.calibration_id", "calibration_moments.number"]


class StoredCalibration(Table, table=True):
    """A calibration. A row is not changed but when it is cancelled; it has no text and names no session."""

    __tablename__ = "calibrations"

    calibration_id: UUID = Field(primary_key=True)
    account_id: UUID = Field(foreign_key="accounts.account_id")
    """The supervisor who opened it, who is one of the raters."""
    raters: list[UUID] = Field(sa_column=Column(ARRAY(Uuid()), nullable=False))
    """The accounts of all raters. In the row itself, so that the policy of the row needs no other table."""
    drawn: int
    """The number of moments that were drawn; fewer rows are left where some have dropped out."""
    model: Json = json()
    """The version of the model that answered all of them."""
    rubric: str
    """The version of the rubric by which all of them are rated."""
    opened_at: datetime = utc()
    deadline_at: datetime = utc()
    cancelled_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """When the opener cancelled it; then it has no moments, and nothing of what was said of them."""


class StoredCalibrationMoment(Table, table=True):
    """A moment of a calibration. It goes with its session and its answer, and with it what was said of it."""

    __tablename__ = "calibration_moments"
    __table_args__ = (Index(None, "session_id"), Index(None, "assessment_id"))

    calibration_id: UUID = Field(primary_key=True, foreign_key="calibrations.calibration_id", ondelete="CASCADE")
    number: int = Field(primary_key=True)
    """1, 2, 3 ... in the order in which the moments were shuffled."""
    session_id: UUID = Field(foreign_key="sessions.session_id", ondelete="CASCADE")
    exchange_id: UUID
    """Not a foreign key, since a new revision writes its exchanges again."""
    assessment_id: UUID = Field(foreign_key="answers.assessment_id", ondelete="CASCADE")
    """The answer of the model; once another has taken its place, the moment is no longer the one that was drawn."""
    reply_words: int
    """The length of the reply, against which agreement with a model is held when its words are gone."""
    asked_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """When the opener asked to settle the moment although nobody is two levels apart."""


class StoredCalibrationRating(Table, table=True):
    """What one rater says of one moment; the rater may change it until they are done or the deadline has passed."""

    __tablename__ = "calibration_ratings"
    __table_args__ = (
        ForeignKeyConstraint(
            ["calibration_id", "number"], _MOMENT, name="fk_calibration_ratings_moment", ondelete="CASCADE"
        ),
        Index(None, "session_id"),
    )

    calibration_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    account_id: UUID = Field(primary_key=True, foreign_key="accounts.account_id")
    session_id: UUID = Field(foreign_key="sessions.session_id", ondelete="CASCADE")
    levels: Json = json()
    """The level by mechanism; null where the rater cannot say."""
    blind: bool
    """Whether the rater had not seen the model's levels of this session anywhere."""
    words: bytes | None = Field(default=None, repr=False)
    """The encrypted note for the raters of this calibration."""
    has_words: bool = Field(
        default=None, sa_column=Column(Boolean, Computed("words IS NOT NULL", persisted=True), nullable=True)
    )
    """Whether there is a note, for roles that may not read it."""
    said_at: datetime = utc()


class StoredCalibrationDone(Table, table=True):
    """The word of one rater that they are done, after which their ratings stay as they are."""

    __tablename__ = "calibration_done"

    calibration_id: UUID = Field(primary_key=True, foreign_key="calibrations.calibration_id", ondelete="CASCADE")
    account_id: UUID = Field(primary_key=True, foreign_key="accounts.account_id")
    done_at: datetime = utc()


class StoredFinalLevel(Table, table=True):
    """The level of one mechanism that the raters settled on together, beside what each had said. Never changed."""

    __tablename__ = "final_levels"
    __table_args__ = (
        ForeignKeyConstraint(["calibration_id", "number"], _MOMENT, name="fk_final_levels_moment", ondelete="CASCADE"),
        Index(None, "session_id"),
    )

    calibration_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    mechanism: str = Field(primary_key=True)
    session_id: UUID = Field(foreign_key="sessions.session_id", ondelete="CASCADE")
    level: int | None
    """None where it cannot be said."""
    words: bytes | None = Field(default=None, repr=False)
    """The encrypted reason; None once its time is over."""
    has_words: bool = Field(
        default=None, sa_column=Column(Boolean, Computed("words IS NOT NULL", persisted=True), nullable=True)
    )
    account_id: UUID = Field(foreign_key="accounts.account_id")
    """The rater who wrote it down for all."""
    settled_at: datetime = utc()
