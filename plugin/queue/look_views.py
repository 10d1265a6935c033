"""The plain values of the random sample and of blind looks. `repr` never shows text of a session."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from plugin.queue.views import MessageView
from stream.contracts.feedback import ModelVersion


class LookAnswer(StrEnum):
    """What a supervisor says to a question about a client turn; the values are stored."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


@dataclass(frozen=True)
class TurnAnswers:
    """A supervisor's answers about one client turn."""

    resistance: LookAnswer
    """Whether the client resists in it."""
    critical: LookAnswer
    """Whether critical content is spoken of in it."""


class LookOutcome(StrEnum):
    """The outcome of opening a blind look, or of storing its answers."""

    DONE = "done"
    CHANGED = "changed"
    """The session has another revision now, or a turn is gone that was answered: look again."""
    INCOMPLETE = "incomplete"
    """A client turn has no answers yet."""
    SEEN = "seen"
    """This supervisor has opened the session, so she has seen what the machine says of it."""
    LOOKED_AT = "looked_at"
    """Somebody has answered about this session."""
    NOT_FOUND = "not_found"
    """There is no such session in the sample for this person, or its words are no longer kept."""


@dataclass(frozen=True)
class SampledRow:
    """A session of the sample that waits for a look, without anything that a machine thinks of it."""

    session_id: UUID
    started_at: datetime
    ended_at: datetime
    turns: int
    """The number of client turns."""
    is_seen: bool
    """Whether this supervisor has opened the session, and so cannot look at it any more."""


@dataclass(frozen=True)
class SampledList:
    """A part of the sessions of the sample that wait for a look, and how many there are."""

    rows: tuple[SampledRow, ...] = ()
    total: int = 0
    goes_on: bool = False
    """Whether others come after these."""


@dataclass(frozen=True)
class MachineOpinion:
    """What the machine says of one client turn, in codes, at the time of the look."""

    shown: bool
    """Whether the turn is shown at once as a confirmed moment."""
    verdict: str | None
    """What the feedback model says of the turn; None where it was not asked, or said nothing."""
    needs_human: str | None
    """Why there is no verdict on a turn that was flagged."""
    critical: bool
    """Whether the turn is marked for critical content, or its moment is not rated because of some."""
    possible_critical: bool = False
    """Whether its moment is not rated because of possible critical content, and nothing says so surely."""


@dataclass(frozen=True)
class LookedAtTurn:
    """The answers about one client turn, and beside them what the machine says."""

    answers: TurnAnswers
    machine: MachineOpinion


@dataclass(frozen=True)
class Look:
    """A session of the sample, as it is looked at: the conversation alone, until the answers are stored."""

    session_id: UUID
    revision: int
    started_at: datetime
    ended_at: datetime
    messages: tuple[MessageView, ...] = field(repr=False)
    """All of them, in order, without names of authors."""
    turns: Mapping[int, tuple[str, ...]]
    """The message ids of each client turn, by its position in the session; each is among the messages."""
    answered: Mapping[int, LookedAtTurn] | None = None
    """What this supervisor has said, by position, with what the machine says; None before."""
    model: ModelVersion | None = None
    """The feedback model whose opinion this is."""
