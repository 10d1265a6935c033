"""The plain values that pages and digests show, with rights already applied. `repr` never shows text of a session."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from plugin.database.needs import Facts, Need
from plugin.queue.criterion_views import Criterion, CriterionAnswer
from plugin.queue.dispute_views import Acknowledgement, Dispute
from plugin.queue.handover_views import Assignment, Colleague, Handover
from plugin.queue.measures import MeasuresView
from plugin.queue.review_views import Claim, Label, Note, ReviewProgress
from plugin.queue.statements import Statement
from stream.contracts.feedback import Abstention, Assessment
from stream.contracts.messages import Consent
from stream.contracts.sessions import Counts, Cue, DetectorVersion, Mark
from stream.contracts.vocabulary import EndReason, LeftOut, NeedsHuman, Role


class DecisionKind(StrEnum):
    """The kind of a supervisor's decision about one revision of a session."""

    RELEASED = "released"
    WITHHELD = "withheld"


class DecisionOutcome(StrEnum):
    """The outcome of a step: about a session, its review or one of its notes, about a rubric note or a saved view."""

    DONE = "done"
    CHANGED = "changed"
    """The session has another revision or decision now, or there is nothing of that kind in it: look again."""
    CLAIMED = "claimed"
    """Another supervisor reviews it."""
    WITH_ANOTHER = "with_another"
    """It was handed over to another supervisor, from whom it has to be taken over first."""
    NOT_FOR_THEM = "not_for_them"
    """The person to whom it would be handed over may not review it."""
    TOO_LATE = "too_late"
    """The time in which a therapist may dispute or escalate is over."""
    NOT_YOURS = "not_yours"
    """Somebody else resolves this dispute: the therapist asked for the lead, or another supervisor."""
    NOT_READ = "not_read"
    """It cannot be released with others: it was not claimed and opened as it is now, or was changed in the review."""
    RELEASED = "released"
    """It is released as it is; what a therapist reads is only changed after it was withheld again."""
    OTHER_VERSION = "other_version"
    """A rubric note has another version than the one that was read."""
    NAME_TAKEN = "name_taken"
    """The person has a saved view of that name already."""
    FULL = "full"
    """The person has as many saved views, or rehearsals, as there may be."""
    NOT_FOUND = "not_found"
    """There is no such session for this person."""


@dataclass(frozen=True)
class Decision:
    """A decision about one revision of a session, with its author and time."""

    kind: DecisionKind
    revision: int
    by: str
    """The display name of the supervisor."""
    at: datetime
    as_lead: bool = False
    """Whether it was the lead, in place of a supervisor."""


@dataclass(frozen=True)
class SessionRow:
    """A session in a supervisor's list."""

    session_id: UUID
    tenant: str
    counsellors: tuple[str, ...]
    """The display names, or "counsellor " with the first letters of the pseudonym where there is no account."""
    started_at: datetime
    ended_at: datetime
    end_reason: EndReason
    revision: int
    need: Need
    facts: Facts
    moments: int
    """The number of exchanges that are shown."""
    counts: Counts
    left_out: LeftOut | None
    decision: Decision | None
    """The latest decision. It only counts if its revision is this row's: a new revision needs a new decision."""
    claim: Claim | None = None
    """Who reviews the session now."""
    assignment: Assignment | None = None
    """With whom the session is, if it waits and was handed over to somebody who may review it."""
    is_reviewed: bool = False
    """Whether every moment that is shown was passed on or kept back."""
    progress: ReviewProgress | None = None
    """How far the review has come; None where nobody has judged anything."""
    acknowledgements: tuple[Acknowledgement, ...] = ()
    """Which therapists have acknowledged the standing release."""
    open_disputes: int = 0
    """How many of its disputes nobody has resolved."""
    is_changed: bool = False
    """Whether a supervisor withholds or corrects a statement."""

    def is_claimed_by(self, account_id: UUID) -> bool:
        """Return whether this supervisor claims it."""
        return self.claim is not None and self.claim.account_id == account_id

    def is_with(self, account_id: UUID) -> bool:
        """Return whether it was handed over to this supervisor, and waits."""
        return self.assignment is not None and self.assignment.account_id == account_id

    def is_read_by(self, account_id: UUID) -> bool:
        """Return whether a supervisor claims it, has opened this revision meanwhile, and everything stands unchanged.

        Only such a session can be released together with others.
        """
        is_read = self.claim is not None and self.claim.read_revision == self.revision
        return is_read and self.is_claimed_by(account_id) and not self.is_changed and self.left_out is None

    @property
    def is_decided(self) -> bool:
        """Whether there is a decision about the present revision."""
        return self.decision is not None and self.decision.revision == self.revision

    @property
    def is_released(self) -> bool:
        """Whether the present revision is released."""
        return self.is_decided and self.decision is not None and self.decision.kind is DecisionKind.RELEASED


@dataclass(frozen=True)
class SessionList:
    """A page of a supervisor's list, with the numbers of the whole list."""

    rows: tuple[SessionRow, ...] = ()
    total: int = 0
    """The number of sessions without the filter; likewise the three below."""
    overdue: int = 0
    claimed: int = 0
    """The number of sessions that the supervisor herself has claimed."""
    handed: int = 0
    """The number of sessions that were handed over to her."""
    matching: int = 0
    """The number of sessions with the filter."""
    goes_on: bool = False
    """Whether there is a further page."""


@dataclass(frozen=True)
class OwnSessionRow:
    """A released session in a therapist's list, without a need or a number by which people could be compared."""

    session_id: UUID
    started_at: datetime
    ended_at: datetime
    moments: int
    """The number of the therapist's own moments in the session."""
    released_at: datetime
    released_by: str
    acknowledged_at: datetime | None = None
    """When the therapist acknowledged this release."""


@dataclass(frozen=True)
class MessageView:
    """A stored message. `author` is a display name; empty for client and system."""

    message_id: str
    role: Role
    author: str
    sent_at: datetime
    text: str = field(repr=False)


class AfterwardsKind(StrEnum):
    """What the client did after a reply, by the rule of `plugin.queue.afterwards`."""

    RESISTED_AGAIN = "resisted_again"
    WENT_ON = "went_on"
    ANSWERED_BRIEFLY = "answered_briefly"
    ENDED = "ended"
    NOT_KNOWN = "not_known"


@dataclass(frozen=True)
class Afterwards:
    """What the client did after a reply, with the turns on which that rests; an observation, never a cause."""

    kind: AfterwardsKind
    turns: tuple[tuple[str, ...], ...] = ()
    """The message ids of the next client turns, three at most; each is among the session's messages."""


@dataclass(frozen=True)
class MomentView:
    """A flagged client turn with its context, the reply, and the feedback model's answer."""

    exchange_id: UUID
    context: tuple[str, ...]
    """Message ids, like those in `client_turn` and `reply`; each is among the session's messages while text is kept."""
    client_turn: tuple[str, ...]
    reply: tuple[str, ...]
    counsellor: str | None
    """The display name of the reply's author; None when several people or a system wrote it."""
    score: float
    """The detector's score, from 0 to 1."""
    cues: tuple[Cue, ...]
    answer: Assessment | Abstention = field(repr=False)
    """The ratings with evidence spans, alternatives, strengths, `model` (name, is_baseline, validated, rubric, ...)."""
    labels: Mapping[str, Label] = field(default_factory=dict)
    """What supervisors said of the answer's statements, by their written form; a therapist sees their levels alone."""
    afterwards: Afterwards = Afterwards(AfterwardsKind.NOT_KNOWN)
    disputable: tuple[Statement, ...] = ()
    """The statements that its therapist may dispute."""


@dataclass(frozen=True)
class SessionView:
    """An opened session. A therapist's has only his own assessed moments with their messages, and no marks."""

    row: SessionRow
    language: str | None
    consent: Consent
    closed_at: datetime
    messages: tuple[MessageView, ...]
    """Every stored message once, in order."""
    moments: tuple[MomentView, ...]
    """The moments that are shown at once: those that need a person, then the others, each in order."""
    further: tuple[MomentView, ...]
    """The moments that were confirmed and are shown on demand."""
    not_confirmed: int
    """The number of moments that were looked at and not confirmed, and are not shown."""
    marks: tuple[Mark, ...]
    detector: DetectorVersion | None
    notes: tuple[Note, ...] = ()
    """The coaching notes that this person may read; a therapist's are those of the session and of his own moments."""
    criteria: tuple[Criterion, ...] = ()
    """The service's own criteria that are asked now; empty for a therapist, who is not asked."""
    criterion_answers: tuple[CriterionAnswer, ...] = ()
    """What stands of the supervisors' answers to criteria; a therapist's are the shared ones about their own part."""
    disputes: tuple[Dispute, ...] = ()
    """The disputes about the moments; a therapist's own alone."""
    dispute_until: datetime | None = None
    """Until when its therapist may dispute a statement; None where no time is left, or words are no longer kept."""
    handovers: tuple[Handover, ...] = ()
    """Its hand-overs in order, for those who may review it; never for a therapist."""
    colleagues: tuple[Colleague, ...] = ()
    """To whom it can be handed over; empty once it is decided, and for a therapist."""
    measures: MeasuresView | None = None
    """What measures say of it, of what people may be shown; None where nothing is said, or not to this person."""

    @property
    def read_without_names(self) -> bool:
        """Whether a model may have read names of this room, because nobody told them."""
        withheld = (m.answer for m in self.moments if isinstance(m.answer, Abstention))
        unread = sum(1 for answer in withheld if answer.reason is NeedsHuman.NAMES_NOT_TOLD)
        return not self.row.facts.names_told and unread < len(self.moments)


@dataclass(frozen=True)
class OperatorCounts:
    """The numbers of the queue that an operator sees."""

    stored: int
    """The number of sessions with feedback."""
    left_out: dict[LeftOut, int]
    erased: int
    """Those of the sessions left out for lack of consent that were withdrawn after a close."""
    reopened: int
    """The number of sessions that are hidden until they close again."""
    waiting: int
    oldest_waiting: datetime | None
    """The end of the session that has waited longest for a decision."""
    without_team: int
    """The number of sessions whose counsellors are in no team.

    Add accounts for them, or name the platform on a supervisor's account."""


@dataclass(frozen=True)
class ConversationTotals:
    """The numbers of finished sessions of some conversations: `sessions` = `stored` + all that were left out."""

    sessions: int
    stored: int
    """The number of sessions with feedback."""
    left_out: dict[LeftOut, int]
    assessments: int
    """The number of assessments of the latest revisions; likewise `abstentions`."""
    abstentions: dict[NeedsHuman, int]
