"""`counterpoint.feedback.v1`: the session record without names, plus one assessment or abstention per exchange."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from stream.contracts.base import Contract, MessageId, Text
from stream.contracts.sessions import ModelVersion, SessionOutline
from stream.contracts.vocabulary import Level, Mechanism, NeedsHuman, ResistanceType, Verdict

__all__ = [
    "Abstention",
    "Alternative",
    "Answer",
    "Assessment",
    "Evidence",
    "FeedbackRecord",
    "ModelVersion",
    "Rating",
]


class Evidence(Contract):
    """A quotation that our code, not the model, located in the original text: a span in Unicode code points."""

    message_id: MessageId
    start: int = Field(ge=0)
    end: int = Field(gt=0)
    quote: Text


class Rating(Contract):
    """The rating of one mechanism in one reply: a level with its reason and evidence, or why there is none."""

    mechanism: Mechanism
    level: Level | None = None
    reason: Text = ""
    evidence: tuple[Evidence, ...] = ()
    needs_human: NeedsHuman | None = None
    """Set where `level` is None, except in a rejected assessment, which rates nothing."""


class Alternative(Contract):
    """A reply that could have been given instead: an option, never an instruction."""

    text: Text
    mechanism: Mechanism
    """The mechanism that this reply would express more."""
    written_id: str | None = None
    """The id of the written exchange that the reply comes from; None where it is a model's own words."""
    written_for: Text | None = None
    """The invented client's words that a written reply answers; None where they are not known."""
    score: float | None = Field(default=None, allow_inf_nan=False)
    """How good something that did not write it finds the reply; higher is better."""


class Answer(Contract):
    """The common fields of assessments and abstentions: the exchange, the input and the model."""

    assessment_id: UUID
    exchange_id: UUID
    input_id: UUID
    model: ModelVersion


class Assessment(Answer):
    """A model's answer that passed the output gate."""

    verdict: Verdict
    resistance_type: ResistanceType | None = None
    confidence: float | None = Field(default=None, ge=0, le=1)
    """How sure the model is that the turn is resistance; None where it does not say."""
    possible_injection: bool = False
    """Whether text of the exchange may be meant to steer the rating."""
    ratings: tuple[Rating, ...] = Field(min_length=len(Mechanism), max_length=len(Mechanism))
    strengths: tuple[Text, ...] = ()
    alternatives: tuple[Alternative, ...] = Field(default=(), max_length=2)


class Abstention(Answer):
    """The statement that an exchange has no assessment and a person must look at it, with the reason."""

    reason: NeedsHuman


class FeedbackRecord(SessionOutline):
    """A session revision with its feedback and without names, for the supervisor queue.

    The topic also carries `Erasure`, `ConsentWithdrawal`, `Deletion` and `Edit`, unchanged.
    """

    event_type: ClassVar[str] = "counterpoint.feedback.v1"

    assessments: tuple[Assessment, ...] = ()
    abstentions: tuple[Abstention, ...] = ()
    sampled_model: ModelVersion | None = None
    """The feedback model at the close of a session in the random sample, whatever it was asked; None for any other."""
