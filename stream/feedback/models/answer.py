"""The answer of a feedback model before it is checked: one JSON object with the same schema for every model."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stream.contracts.errors import CounterpointError, Poison
from stream.contracts.vocabulary import Concern, Level, Mechanism, ResistanceType, Verdict
from stream.runtime.codec import read_json

SCHEMA_VERSION = "3"
"""Of this JSON object; part of a model's version."""

# Code points. A reason is one or two sentences; the bounds also bound the tokens a model may spend.
MAX_REASON = 600
MAX_SENTENCE = 400
_ReasonText = Annotated[str, Field(max_length=MAX_REASON)]
_SentenceText = Annotated[str, Field(max_length=MAX_SENTENCE)]
_QuotedWords = Annotated[str, Field(min_length=1, max_length=400)]
_WrittenId = Annotated[str, Field(max_length=40)]


class UnusableAnswer(CounterpointError):  # noqa: N818 - named by what the caller can do with the answer
    """A model's answer that cannot be read. `code` is a code or the place of a field, never the answer's words."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the model's answer cannot be used: {code}")
        self.code = code


class _AnswerModel(BaseModel):
    # An unknown field is a model that answers another question; forbidden in the JSON Schema it is held to as well.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Show nothing: an answer quotes the chat."""
        return iter(())


class Quotation(_AnswerModel):
    """Words a model says it saw in the message of this number."""

    message: int = Field(ge=1)
    quote: _QuotedWords


class RatedMechanism(_AnswerModel):
    """A level with its reason; None where the model does not know."""

    # In the order in which a language model should think: the words first, the level last.
    mechanism: Mechanism
    evidence: tuple[Quotation, ...] = Field(max_length=3)
    reason: _ReasonText
    level: Level | None


class SuggestedReply(_AnswerModel):
    """A reply that could have been given instead."""

    text: _SentenceText
    mechanism: Mechanism
    written_id: _WrittenId | None = None
    """The id of the written exchange that the reply comes from, where it does."""
    written_for: _ReasonText | None = None
    """The invented client's words that it answers there."""
    score: float | None = Field(default=None, allow_inf_nan=False)
    """How good something that did not write it finds the reply; higher is better."""


class ModelAnswer(_AnswerModel):
    """The whole answer of a model for one exchange."""

    # Before all else: where it is set, nothing after it is used.
    critical_content: Concern | None = None
    critical_is_sure: bool = True
    """Whether the model is sure of it. A model that does not say is taken to be."""
    possible_injection: bool = False
    """Whether text of the exchange tries to steer the rating."""
    confidence: float | None = Field(default=None, ge=0, le=1)
    """How sure the model is that the turn is resistance."""
    verdict: Verdict
    resistance_type: ResistanceType | None
    ratings: tuple[RatedMechanism, ...] = Field(min_length=len(Mechanism), max_length=len(Mechanism))
    strengths: tuple[_SentenceText, ...] = Field(max_length=len(Mechanism))
    alternatives: tuple[SuggestedReply, ...] = Field(max_length=2)
    spares: tuple[SuggestedReply, ...] = Field(default=(), max_length=4)
    """Written replies that are as good as the first alternative, for when that was offered in the session before."""
    abstain: bool
    abstain_reason: _SentenceText


def parse_answer(raw: bytes) -> ModelAnswer:
    """Read a model's JSON.

    Raises:
        Unusable: it is no JSON, not this object, or out of range.
    """
    try:
        answer = ModelAnswer.model_validate(read_json(raw))
    except Poison as error:
        raise UnusableAnswer(error.reason.value) from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        # Names of fields the model made up are words of the model: only its own places are told.
        known = (str(part) for part in first["loc"] if isinstance(part, int) or part in _FIELDS)
        raise UnusableAnswer(".".join(known) or "schema") from None
    if len({rating.mechanism for rating in answer.ratings}) != len(Mechanism):
        raise UnusableAnswer("ratings")
    return answer


_FIELDS = frozenset(
    name for part in (ModelAnswer, RatedMechanism, Quotation, SuggestedReply) for name in part.model_fields
)
