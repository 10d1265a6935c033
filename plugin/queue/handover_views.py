"""The plain values of hand-overs: with whom a session is, and how it came there."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

MAX_REASON: Final = 500
"""Characters of the reason of a hand-over: a few sentences; what there is to say of the session goes into a note."""


class HandoverKind(StrEnum):
    """What somebody did with a session that waits; the values are stored."""

    HANDED_OVER = "handed_over"
    """It was given to a named colleague."""
    SENT_BACK = "sent_back"
    """It was given back to the queue, or to whoever had handed it over."""
    TAKEN_OVER = "taken_over"
    """Somebody took it from the colleague with whom it was."""


@dataclass(frozen=True)
class Assignment:
    """With whom a waiting session is, and by whose step: its latest hand-over, without the reason."""

    account_id: UUID
    name: str
    """The display name of the person with whom it is."""
    kind: HandoverKind
    by_id: UUID
    by: str
    at: datetime


@dataclass(frozen=True)
class Handover:
    """One hand-over of a session with its reason, as those read it who may review the session."""

    number: int
    kind: HandoverKind
    by: str
    to: str | None
    """The display name of the person with whom the session was from then on; None for the queue."""
    at: datetime
    text: str = field(repr=False)
    """The reason; empty once its time is over, or a message was changed that it may quote."""


@dataclass(frozen=True)
class Colleague:
    """Somebody who may review a session too, to whom it can be handed over."""

    account_id: UUID
    name: str
    is_lead: bool
