"""The plain values of a supervisor's review that pages and digests show."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from stream.contracts.vocabulary import Level


class Judgement(StrEnum):
    """What a supervisor says of one statement; the values are stored."""

    AGREED = "agreed"
    """She agrees; of a moment: it may be passed on."""
    CORRECTED = "corrected"
    """She sets her own level beside the machine's."""
    WITHHELD = "withheld"
    """The statement stays with the supervisors, for a reason."""
    UNDONE = "undone"
    """What she said before no longer counts."""


class WithholdReason(StrEnum):
    """Why a statement is withheld; the values are stored."""

    NOT_RESISTANCE = "not_resistance"
    WRONG_QUOTE = "wrong_quote"
    UNCLEAR = "unclear"
    CONTEXT_MISSING = "context_missing"


@dataclass(frozen=True)
class Opinion:
    """A judgement with what belongs to it: the reason of a withheld statement, or the level of a corrected one."""

    judgement: Judgement
    reason: WithholdReason | None = None
    level: Level | None = None

    def __post_init__(self) -> None:
        """Check that a reason belongs to a withheld statement and a level to a corrected one."""
        withheld, corrected = self.judgement is Judgement.WITHHELD, self.judgement is Judgement.CORRECTED
        if withheld != (self.reason is not None) or corrected != (self.level is not None):
            raise ValueError("a withheld statement has a reason, a corrected one has a level")


@dataclass(frozen=True)
class Label:
    """The latest thing that a supervisor said of a statement, with her display name and the time."""

    opinion: Opinion
    by: str
    at: datetime


@dataclass(frozen=True)
class ReviewProgress:
    """How far the review of a session has come, whoever takes part in it."""

    moments: int
    """The number of moments that are shown and were passed on or kept back."""
    statements: int
    """The number of their other statements with which somebody agreed, or which were corrected or withheld."""


@dataclass(frozen=True)
class Claim:
    """Who reviews a session now, and until when nobody else may."""

    account_id: UUID
    by: str
    """The display name of the supervisor."""
    until: datetime
    read_revision: int | None = None
    """The latest revision that the supervisor has opened during the claim."""


@dataclass(frozen=True)
class NoteComment:
    """A comment under a coaching note, by one of those who read the note."""

    comment_id: UUID
    by: str
    is_own: bool
    """Whether its reader has written it."""
    at: datetime
    text: str = field(repr=False)


@dataclass(frozen=True)
class Note:
    """A coaching note of a supervisor."""

    note_id: UUID
    exchange_id: UUID | None
    """The moment that it is about; None for the session."""
    by: str
    is_own: bool
    """Whether its reader has written it."""
    shared: bool
    """Whether the therapist reads it after the release."""
    at: datetime
    text: str = field(repr=False)
    comments: tuple[NoteComment, ...] = ()
    """What was said under it, in order."""
    follow_up_on: date | None = None
    """The day on which its author wants to come back to it; None for every other reader."""
    followed_up_at: datetime | None = None
    """When its author said that this is done."""
