"""The plain values of what a therapist answers to a release, and the rules of a dispute as pure functions of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from plugin.queue.review_views import Judgement, Opinion
from plugin.queue.statements import Statement, StatementKind, statements_of
from stream.contracts.feedback import Assessment

DISPUTE_WITHIN: Final = timedelta(days=14)
"""From a release, or from a resolution that is escalated: two weekly supervision hours and the time between them."""
DISPUTED_KINDS: Final = frozenset({StatementKind.RATING, StatementKind.STRENGTHS, StatementKind.SUGGESTION})
"""The kinds of statements that a therapist reads as such; a rating is the level with its reason and quotations."""


class Ground(StrEnum):
    """Why a therapist disputes a statement; the values are stored."""

    WRONG_CHARACTERISATION = "wrong_characterisation"
    IMPRECISE_REFERENCE = "imprecise_reference"
    UNCLEAR = "unclear"
    MISSING_CONTEXT = "missing_context"
    OTHER = "other"


class StepKind(StrEnum):
    """The kind of a step of a dispute; the values are stored."""

    WITHDRAWN = "withdrawn"
    """The therapist takes the dispute, or its escalation, back."""
    ESCALATED = "escalated"
    """The therapist asks the lead, or else another supervisor, to look at a resolution."""
    RESOLVED = "resolved"


class DisputeState(StrEnum):
    """What a dispute has come to."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class Acknowledgement:
    """The acknowledgement of the standing release by a therapist."""

    account_id: UUID
    by: str
    """The display name of the therapist."""
    at: datetime


@dataclass(frozen=True)
class DisputeStep:
    """One step of a dispute, with its author and time."""

    kind: StepKind
    account_id: UUID
    by: str
    at: datetime
    opinion: Opinion | None = None
    """What a supervisor says of the statement with a resolution."""
    text: str = field(default="", repr=False)
    """The supervisor's words for the therapist."""


@dataclass(frozen=True)
class Dispute:
    """A therapist's dispute of one statement, with its steps in order."""

    dispute_id: UUID
    exchange_id: UUID
    assessment_id: UUID
    statement: Statement
    ground: Ground
    account_id: UUID
    by: str
    """The display name of the therapist."""
    released_by: UUID
    escalated_at_once: bool
    """Whether somebody else than the supervisor who released the session was asked for from the beginning."""
    at: datetime
    text: str = field(repr=False)
    """The therapist's comment."""
    steps: tuple[DisputeStep, ...] = ()
    deciders: Mapping[UUID, str] = field(default_factory=dict)
    """Who should resolve it while it is open, as `deciders_of` says: their display names by account."""

    @property
    def supervisors(self) -> tuple[str, ...]:
        """The display names of those who should resolve it."""
        return tuple(self.deciders.values())

    @property
    def resolution(self) -> DisputeStep | None:
        """The latest resolution."""
        return next((step for step in reversed(self.steps) if step.kind is StepKind.RESOLVED), None)

    @property
    def state(self) -> DisputeState:
        """What the dispute has come to; an escalation that is withdrawn leaves the resolution before it."""
        if not self.steps or self.steps[-1].kind is StepKind.ESCALATED:
            return DisputeState.OPEN
        return DisputeState.WITHDRAWN if self.resolution is None else DisputeState.RESOLVED

    @property
    def is_escalated(self) -> bool:
        """Whether the therapist has asked for somebody else than who released or resolved, which is possible once."""
        return self.escalated_at_once or any(step.kind is StepKind.ESCALATED for step in self.steps)

    @property
    def barred(self) -> frozenset[UUID]:
        """Who may not resolve it: once it is escalated, whoever released the session or resolved the dispute before."""
        if not self.is_escalated:
            return frozenset()
        resolved_by = (step.account_id for step in self.steps if step.kind is StepKind.RESOLVED)
        return frozenset({self.released_by, *resolved_by})

    def may_be_resolved_by(self, account_id: UUID) -> bool:
        """Return whether somebody who reviews the session may resolve it: once it is escalated, its deciders alone."""
        return not self.is_escalated or account_id in self.deciders

    @property
    def may_be_escalated(self) -> bool:
        """Whether there is a resolution that somebody else could change; what is withheld leaves nothing to."""
        opinion = None if self.resolution is None else self.resolution.opinion
        is_settled = opinion is None or opinion.judgement is Judgement.WITHHELD
        return self.state is DisputeState.RESOLVED and not self.is_escalated and not is_settled

    @property
    def escalate_until(self) -> datetime | None:
        """The end of the time for an escalation; None where none is possible."""
        return self.resolution.at + DISPUTE_WITHIN if self.may_be_escalated and self.resolution else None


def deciders_of(dispute: Dispute, supervisors: Mapping[UUID, str], leads: Mapping[UUID, str]) -> Mapping[UUID, str]:
    """Return who should resolve a dispute, of the supervisors who see its session and the leads, by account.

    The supervisors; once it is escalated the leads, and where no lead may, another supervisor.
    """
    for people in (leads, supervisors) if dispute.is_escalated else (supervisors,):
        left = {account: name for account, name in people.items() if account not in dispute.barred}
        if left:
            return left
    return {}


def disputable(answer: Assessment, withheld: set[str]) -> tuple[Statement, ...]:
    """Return the statements of an assessment that a therapist may dispute: those that they read."""
    return tuple(
        statement
        for statement in statements_of(answer)
        if statement.kind in DISPUTED_KINDS and str(statement) not in withheld
    )
