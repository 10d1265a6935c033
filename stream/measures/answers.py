"""The gate for a language model's answers about a session: what is not as asked, or not in the text, is refused.

What passes holds numbers and labels alone. A quotation is looked for in the turn that it names, in the words that the
model was shown, and is not kept. There is no field in which a model could say anything else, such as a diagnosis.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stream.contracts.vocabulary import Role
from stream.detection.text import fold
from stream.measures.questions import HIGHEST, MAX_EVIDENCE, Approach, shown_turns
from stream.measures.turns import FinishedSession

MAX_ANSWER_CODE_POINTS: Final = 20_000
"""More than the longest answer: an approach and a quotation for each of a hundred replies."""
_LEAST_QUOTE_WORDS: Final = 3
"""Fewer words stand in every session, unless they are the whole turn."""
_MAX_QUOTE: Final = 400


class Refusal(StrEnum):
    """Why an answer is refused."""

    NOT_AS_ASKED = "not_as_asked"
    """No JSON, a field that was not asked for, or a value outside its range."""
    NO_EVIDENCE = "no_evidence"
    """A rating above 0 without a quotation of the counsellor, or an approach without one of its reply."""
    EVIDENCE_WITHOUT_RATING = "evidence_without_rating"
    TURN_NOT_SHOWN = "turn_not_shown"
    """A turn that is not there, that the prompt left out, or the client's where a reply was asked for."""
    TURN_TWICE = "turn_twice"
    QUOTE_TOO_SHORT = "quote_too_short"
    QUOTE_NOT_FOUND = "quote_not_found"


@dataclass(frozen=True, slots=True)
class Rating:
    """An answer to one item: a number and the turns that show it, or that the turns do not show it."""

    rating: int | None
    turns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Approaches:
    """The approaches behind the replies that were named, by the numbers of their turns."""

    by_turn: Mapping[int, Approach]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


_Turn = Annotated[int, Field(ge=1, le=100_000)]
_Quote = Annotated[str, Field(max_length=_MAX_QUOTE, repr=False)]


class _Evidence(_Form):
    turn: _Turn
    quote: _Quote


class _RatingForm(_Form):
    rating: Annotated[int, Field(ge=0, le=HIGHEST)] | None
    evidence: list[_Evidence] = Field(max_length=MAX_EVIDENCE)


class _Reply(_Form):
    turn: _Turn
    approach: str
    quote: _Quote


class _ApproachesForm(_Form):
    replies: list[_Reply]


_AnyForm = TypeVar("_AnyForm", bound=_Form)


class _Quoted(Protocol):
    turn: int
    quote: str


def read_rating(answer: str, session: FinishedSession) -> Rating | Refusal:
    """Return what an answer to one item says of a session, or why it is refused. No answer raises an error."""
    form = _parse(answer, _RatingForm)
    if form is None:
        return Refusal.NOT_AS_ASKED
    if form.rating is None:
        return Refusal.EVIDENCE_WITHOUT_RATING if form.evidence else Rating(None, ())
    if refused := _refuse(form.evidence, session):
        return refused
    turns = tuple(sorted({each.turn for each in form.evidence}))
    if form.rating and not any(session.turns[turn - 1].role is Role.COUNSELLOR for turn in turns):
        return Refusal.NO_EVIDENCE
    return Rating(form.rating, turns)


def read_approaches(answer: str, session: FinishedSession) -> Approaches | Refusal:
    """Return the approaches that an answer names, or why it is refused as a whole. No answer raises an error."""
    form = _parse(answer, _ApproachesForm)
    if form is None or any(each.approach not in set(Approach) for each in form.replies):
        return Refusal.NOT_AS_ASKED
    if len({each.turn for each in form.replies}) < len(form.replies):
        return Refusal.TURN_TWICE
    shown = shown_turns(session)
    for each in form.replies:
        if each.turn not in shown or session.turns[each.turn - 1].role is not Role.COUNSELLOR:
            return Refusal.TURN_NOT_SHOWN
    named = [each for each in form.replies if each.approach != Approach.NONE]
    if not all(each.quote.strip() for each in named):
        return Refusal.NO_EVIDENCE
    if refused := _refuse([each for each in form.replies if each.quote.strip()], session):
        return refused
    return Approaches({each.turn: Approach(each.approach) for each in form.replies})


def _parse(answer: str, form: type[_AnyForm]) -> _AnyForm | None:
    if len(answer) > MAX_ANSWER_CODE_POINTS:
        return None
    try:
        return form.model_validate(json.loads(answer))
    except (ValueError, RecursionError, ValidationError):
        return None


def _refuse(quoted: Sequence[_Quoted], session: FinishedSession) -> Refusal | None:
    shown = shown_turns(session)
    for each in quoted:
        if each.turn not in shown:
            return Refusal.TURN_NOT_SHOWN
        turn, quote = _plain(shown[each.turn]), _plain(each.quote)
        if len(quote.split()) < _LEAST_QUOTE_WORDS and quote != turn:
            return Refusal.QUOTE_TOO_SHORT
        if f" {quote} " not in f" {turn} ":
            return Refusal.QUOTE_NOT_FOUND
    return None


def _plain(text: str) -> str:
    """Return words in lower case with straight apostrophes and without the signs around them."""
    return " ".join(word for part in fold(text).split() if (word := part.strip(_SIGNS)))


_SIGNS: Final = ".,;:!?\u2026\"'()[]{}\u201c\u201d\u2018\u2019\u00ab\u00bb-\u2013\u2014*_"
