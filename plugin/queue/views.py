"""What pages and digests show: plain values, rights already applied. `repr` never shows anybody's words."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from plugin.database.needs import Facts, Need
from stream.contracts.feedback import Abstention, Assessment
from stream.contracts.messages import Consent
from stream.contracts.sessions import Counts, Cue, DetectorVersion, Mark
from stream.contracts.vocabulary import EndReason, LeftOut, NeedsHuman, Role


class DecisionKind(StrEnum):
    """What a supervisor decided about one revision of a session."""

    RELEASED = "released"
    WITHHELD = "withheld"


class Outcome(StrEnum):
    """What became of an attempt to decide."""

    DONE = "done"
    CHANGED = "changed"
    """Another revision stands now, or there is nothing to release: look again."""
    NOT_FOUND = "not_found"
    """No such session for this person."""


@dataclass(frozen=True)
class Decision:
    """Who decided what, about which revision."""

    kind: DecisionKind
    revision: int
    by: str
    """Display name."""
    at: datetime


@dataclass(frozen=True)
class SessionRow:
    """A session in a supervisor's list."""

    session_id: UUID
    tenant: str
    counsellors: tuple[str, ...]
    """Display names, or "counsellor " with the first letters of the pseudonym where there is no account."""
    started_at: datetime
    ended_at: datetime
    end_reason: EndReason
    revision: int
    need: Need
    facts: Facts
    moments: int
    """Exchanges shown."""
    counts: Counts
    left_out: LeftOut | None
    decision: Decision | None
    """The latest one. Holds only if its revision is this row's: a new revision needs a new decision."""

    @property
    def is_decided(self) -> bool:
        """Whether a decision about the present revision stands."""
        return self.decision is not None and self.decision.revision == self.revision


@dataclass(frozen=True)
class Queue:
    """A supervisor's sessions. Each list is cut at `store.LIST_LIMIT`; the totals are not."""

    waiting: tuple[SessionRow, ...]
    """Nobody has decided: by need, then oldest first. Risk language is here whatever else was left out."""
    decided: tuple[SessionRow, ...]
    """Latest decision first."""
    left_out: tuple[SessionRow, ...]
    """Without feedback, each with its reason; latest first."""
    waiting_total: int
    decided_total: int
    left_out_total: int


@dataclass(frozen=True)
class OwnRow:
    """A released session in a therapist's list: no need, no place, no number to compare."""

    session_id: UUID
    started_at: datetime
    ended_at: datetime
    moments: int
    """Own moments that may be opened."""
    released_at: datetime
    released_by: str


@dataclass(frozen=True)
class MessageView:
    """One kept message. `author` is a display name; empty for client and system."""

    message_id: str
    role: Role
    author: str
    sent_at: datetime
    text: str = field(repr=False)


@dataclass(frozen=True)
class MomentView:
    """A flagged client turn, what came before it, the reply, and what the model made of it."""

    exchange_id: UUID
    context: tuple[str, ...]
    """Message ids, as `client_turn` and `reply`; all of them are among the session's messages."""
    client_turn: tuple[str, ...]
    reply: tuple[str, ...]
    counsellor: str | None
    """Display name of the reply's author; None when several people or a system wrote it."""
    score: float
    """The detector's, 0 to 1."""
    cues: tuple[Cue, ...]
    answer: Assessment | Abstention = field(repr=False)
    """Ratings with evidence spans, alternatives, strengths, `model` (name, is_baseline, validated, rubric, ...)."""


@dataclass(frozen=True)
class SessionView:
    """One session, opened. For a therapist: only his own assessed moments, their messages, and no marks."""

    row: SessionRow
    language: str | None
    consent: Consent
    closed_at: datetime
    messages: tuple[MessageView, ...]
    """Every kept message once, in order."""
    moments: tuple[MomentView, ...]
    marks: tuple[Mark, ...]
    detector: DetectorVersion | None


@dataclass(frozen=True)
class OperatorCounts:
    """What an operator sees of the queue: numbers alone."""

    stored: int
    """Sessions with feedback."""
    left_out: dict[LeftOut, int]
    erased: int
    """Of those left out for lack of consent: withdrawn after a close."""
    reopened: int
    """Hidden until they close again."""
    waiting: int
    oldest_waiting: datetime | None
    """End of the session that has waited longest for a decision."""
    without_team: int
    """Sessions whose counsellors belong to no team: add accounts, or name the platform on a supervisor's account."""


@dataclass(frozen=True)
class Accounted:
    """What became of the finished sessions of some conversations: `sessions` = `stored` + all that was left out."""

    sessions: int
    stored: int
    """With feedback."""
    left_out: dict[LeftOut, int]
    assessments: int
    """Of the latest revisions, as `abstentions`."""
    abstentions: dict[NeedsHuman, int]
