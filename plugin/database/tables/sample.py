"""The tables of the random sample: the sessions that are in it, and what supervisors said of them unprompted."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from plugin.database.tables.base import Json, Table, json, json_or_null, utc


class StoredSample(Table, table=True):
    """A session in the random sample, whose messages are stored whole."""

    __tablename__ = "samples"

    session_id: UUID = Field(primary_key=True, foreign_key="sessions.session_id", ondelete="CASCADE")
    revision: int
    """The session's revision that is stored."""
    turns: Json = json()
    """The message ids of each client turn."""
    model: Json = json_or_null()
    """The version of the feedback model at the close; the detector's is in the session's row."""


class StoredLookAnswer(Table, table=True):
    """What a supervisor said of one client turn before she saw what the machine says of it.

    One look counts for a session, and none of its rows is ever changed. They hold codes and ids, no words.
    """

    __tablename__ = "look_answers"

    session_id: UUID = Field(primary_key=True, foreign_key="sessions.session_id", ondelete="CASCADE")
    position: int = Field(primary_key=True)
    """The place of the turn among the client turns of the session, from 0."""
    revision: int
    """The session's revision that the supervisor read."""
    message_id: str
    """The first message of the turn."""
    resistance: str
    critical: str
    machine: Json = json()
    """What was shown of the turn at that time, in codes."""
    model: Json = json_or_null()
    detector: Json = json_or_null()
    rubric: str
    """The version of the rubric that the supervisor could read."""
    account_id: UUID = Field(foreign_key="accounts.account_id")
    said_at: datetime = utc()
