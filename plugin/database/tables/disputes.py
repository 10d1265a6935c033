"""The tables of what a therapist answers to a release: acknowledgements, disputes, and the steps of each dispute."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index
from sqlmodel import Field

from plugin.database.tables.base import Table, utc


class StoredAcknowledgement(Table, table=True):
    """The acknowledgement of one release by one therapist. A row is never changed."""

    __tablename__ = "acknowledgements"

    session_id: UUID = Field(primary_key=True, foreign_key="sessions.session_id", ondelete="CASCADE")
    revision: int = Field(primary_key=True)
    released_at: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    """When the decision was made that the therapist acknowledges; a later release has to be acknowledged anew."""
    account_id: UUID = Field(primary_key=True, foreign_key="accounts.account_id")
    acknowledged_at: datetime = utc()


class StoredDispute(Table, table=True):
    """A therapist's dispute of one statement of an answer. A row is never changed; what follows is a step."""

    __tablename__ = "disputes"
    __table_args__ = (Index(None, "session_id"), Index(None, "assessment_id"))

    dispute_id: UUID = Field(primary_key=True)
    session_id: UUID = Field(foreign_key="sessions.session_id", ondelete="CASCADE")
    revision: int
    """The session's revision that the therapist read."""
    released_by: UUID = Field(foreign_key="accounts.account_id")
    """The supervisor whose release it was."""
    exchange_id: UUID
    """The moment. Not a foreign key, since a new revision writes its exchanges again."""
    assessment_id: UUID = Field(foreign_key="answers.assessment_id", ondelete="CASCADE")
    statement: str
    """Which statement of the answer, in the form of `plugin.queue.statements.Statement`."""
    ground: str
    escalated: bool
    """Whether the therapist asked at once for another supervisor than the one who released the session."""
    account_id: UUID = Field(foreign_key="accounts.account_id")
    words: bytes = Field(repr=False)
    """The encrypted comment."""
    raised_at: datetime = utc()


class StoredDisputeStep(Table, table=True):
    """One step of a dispute: it is withdrawn, escalated or resolved. Steps are only ever added."""

    __tablename__ = "dispute_steps"
    __table_args__ = (Index(None, "label"), Index(None, "session_id"))

    dispute_id: UUID = Field(primary_key=True, foreign_key="disputes.dispute_id", ondelete="CASCADE")
    number: int = Field(primary_key=True)
    """1, 2, 3 ... in the order of the steps."""
    session_id: UUID = Field(foreign_key="sessions.session_id", ondelete="CASCADE")
    kind: str
    label: int | None = Field(
        default=None,
        sa_column=Column(BigInteger, ForeignKey("labels.number", ondelete="CASCADE"), nullable=True),
    )
    """The label with which a supervisor resolves the dispute."""
    account_id: UUID = Field(foreign_key="accounts.account_id")
    words: bytes | None = Field(default=None, repr=False)
    """The encrypted words of a resolution for the therapist."""
    taken_at: datetime = utc()
