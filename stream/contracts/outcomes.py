"""`counterpoint.outcomes.v1`: what a client or a counsellor said of how things are: a rating or an instrument's score.

An outcome belongs to a conversation, and to a session where the sender knows which. It is identified by (tenant,
conversation, outcome id) from its data; of several with one id the one that was given last counts.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, ValidationInfo

from stream.contracts.base import ConversationRecord, MessageId, Pseudonym, Utc
from stream.contracts.ids import outcome_event_id, outcome_key, revision_of
from stream.contracts.messages import Consent
from stream.contracts.vocabulary import Role


class Instrument(StrEnum):
    """What was asked. Several instruments belong to others, whose rules for their use a service keeps itself."""

    RATING = "rating"
    """How helpful the conversation was, in five steps."""
    PHQ_9 = "phq_9"
    GAD_7 = "gad_7"
    CORE_10 = "core_10"
    IMPORTANCE_RULER = "importance_ruler"
    CONFIDENCE_RULER = "confidence_ruler"
    READINESS_RULER = "readiness_ruler"
    CARE = "care"


RANGES: Final[dict[Instrument, tuple[float, float]]] = {
    Instrument.RATING: (1, 5),
    Instrument.PHQ_9: (0, 27),
    Instrument.GAD_7: (0, 21),
    Instrument.CORE_10: (0, 40),
    Instrument.IMPORTANCE_RULER: (0, 10),
    Instrument.CONFIDENCE_RULER: (0, 10),
    Instrument.READINESS_RULER: (0, 10),
    Instrument.CARE: (0, 50),
}
"""The lowest and the highest score. CARE has ten items of 1 to 5; an item that does not apply counts 0 here."""


class Occasion(StrEnum):
    """When an outcome was given, as seen from its session."""

    BEFORE = "before"
    AFTER = "after"
    LATER = "later"
    """Days or weeks after it."""


def check_range(score: float, info: ValidationInfo) -> float:
    """Return a score that is within the range of the `instrument` beside it.

    Raises:
        ValueError: it is not.
    """
    instrument = info.data.get("instrument")
    if instrument is not None:  # otherwise that is what is wrong
        lowest, highest = RANGES[instrument]
        if not lowest <= score <= highest:
            raise ValueError(f"the score of {instrument} lies between {lowest:g} and {highest:g}")
    return score


Score = Annotated[float, Field(allow_inf_nan=False, strict=True), AfterValidator(check_range)]
"""A score of the `instrument` that stands before it; between two steps where missing items were made up for."""
GivenBy = Literal[Role.CLIENT, Role.COUNSELLOR]


class Outcome(ConversationRecord):
    """A rating or an instrument's score. It is kept only with the client's consent to processing, like a message."""

    event_type: ClassVar[str] = "counterpoint.outcomes.v1"

    outcome_id: MessageId
    """The sender's own id of it: visible ASCII, unique in its conversation."""
    instrument: Instrument
    score: Score
    occasion: Occasion
    given_by: GivenBy
    author: Pseudonym
    """Who gave it, so that an erasure of that person finds it."""
    given_at: Utc
    session_id: UUID | None = None
    """Its session, where the sender knows the id; otherwise the session follows from occasion and time."""
    consent: Consent = Consent()
    appended_at: Utc | None = None
    """The broker's append time, which whoever reads the record from its topic sets."""

    @property
    def outcome_key(self) -> UUID:
        """The id under which it is stored, the same for every one that replaces it."""
        return outcome_key(self.tenant, self.conversation_id, self.outcome_id)

    @property
    def event_id(self) -> UUID:
        """The id of the event, which is the same each time it is sent."""
        return outcome_event_id(self.tenant, self.conversation_id, self.outcome_id, revision_of(self.given_at))
