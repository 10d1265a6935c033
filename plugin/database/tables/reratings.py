"""The table of what other versions of a model, or a model in shadow, say of exchanges that were rated before."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from plugin.database.tables.base import Json, Table, json, utc


class StoredRerating(Table, table=True):
    """What one version of a model says of an exchange, beside the answer that counts. A row is never changed.

    It holds codes and levels and no words, so that it is neither encrypted nor removed with the quotes. It goes with
    its answer, as a label does, and says nothing any more once that answer is superseded.
    """

    __tablename__ = "reratings"
    __table_args__ = (Index(None, "session_id"),)

    assessment_id: UUID = Field(primary_key=True, foreign_key="answers.assessment_id", ondelete="CASCADE")
    """The answer that it stands beside, and so the exchange and the input."""
    model_key: str = Field(primary_key=True)
    """The `ModelVersion.key` of `model`."""
    shadow: bool = Field(primary_key=True)
    """Whether the model was in shadow: such a row is shown to nobody, and stays one if the model is activated."""
    session_id: UUID = Field(foreign_key="sessions.session_id", ondelete="CASCADE")
    model: Json = json()
    abstained: str | None
    """The reason for an abstention; None for an assessment."""
    verdict: str | None
    ratings: Json = json()
    """The mechanisms and levels, as `StoredAnswer.ratings` has them, without spans."""
    rated_at: datetime = utc()
