"""The output gate: nothing a model says is stored before our code has found its evidence in the words.

Levels 1 and 2 need a quotation from the reply. Level 0 quotes the client's words that went unanswered, or nothing.
Whatever is wrong costs one repair try; a mechanism that still fails has no level, the rest stands. When the verdict
or two mechanisms fail, a person must look at the whole exchange. A rejected moment is not rated, nor is a turn without
a reply: of such an answer only the verdict stands. A model's own words are checked as they will be shown, with the
original words in the place of placeholders.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from stream.contracts.feedback import Alternative, Evidence, Rating
from stream.contracts.vocabulary import Level, Mechanism, NeedsHuman, ResistanceType, Verdict
from stream.feedback.deidentification.identifiers import find_identifiers
from stream.feedback.deidentification.normalise import normalise
from stream.feedback.gate.blame import contains_blame
from stream.feedback.gate.quotes import find_quote
from stream.feedback.gate.suggestions import find_fault
from stream.feedback.models.answer import (
    MAX_REASON,
    MAX_SENTENCE,
    ModelAnswer,
    Quotation,
    RatedMechanism,
    SuggestedReply,
)
from stream.feedback.models.base import ExchangePart
from stream.feedback.prepared import PreparedExchange

FAILED_MECHANISMS_TO_ABSTAIN = 2

Reveal = Callable[[str], str]
"""Puts original words in the place of placeholders."""


@dataclass(frozen=True)
class AnswerProblem:
    """A problem of an answer. `explanation` is our sentence, without chat text: it goes back to the model."""

    where: Mechanism | Literal["verdict"]
    explanation: str
    needs_human: NeedsHuman


@dataclass(frozen=True)
class CheckedAnswer:
    """An answer after the gate: the parts that passed, and the problems found."""

    verdict: Verdict
    resistance_type: ResistanceType | None
    ratings: tuple[Rating, ...] = field(repr=False)
    strengths: tuple[str, ...] = field(repr=False)
    alternatives: tuple[Alternative, ...] = field(repr=False)
    problems: tuple[AnswerProblem, ...]
    confidence: float | None = None
    possible_injection: bool = False
    spares: tuple[Alternative, ...] = field(default=(), repr=False)
    """What may stand in the place of the first alternative."""

    @property
    def abstention(self) -> NeedsHuman | None:
        """Why nothing of this answer may be shown; None when it may."""
        if any(problem.where == "verdict" for problem in self.problems):
            return NeedsHuman.ANSWER_UNUSABLE
        if len(self.problems) >= FAILED_MECHANISMS_TO_ABSTAIN:
            return NeedsHuman.ANSWER_UNUSABLE
        if self.verdict is Verdict.CONFIRMED and all(rating.needs_human for rating in self.ratings):
            return NeedsHuman.MODEL_ABSTAINED
        return None


def check_answer(
    answer: ModelAnswer, prepared: PreparedExchange, *, is_baseline: bool, reveal: Reveal
) -> CheckedAnswer:
    """Check an answer against its exchange. Of a rejected one, and where there is no reply, only the verdict stands."""
    if answer.verdict is Verdict.REJECTED or not prepared.shown.is_answered:
        return _verdict_alone(answer)
    return check_whole_answer(answer, prepared, is_baseline=is_baseline, reveal=reveal)


def check_whole_answer(
    answer: ModelAnswer, prepared: PreparedExchange, *, is_baseline: bool, reveal: Reveal
) -> CheckedAnswer:
    """Check all parts of an answer, whatever its verdict. At most one problem per mechanism is reported, the first."""
    conversation = prepared.conversation
    checked = [_check_rating(rated, prepared, conversation, reveal) for rated in answer.ratings]
    problems = [found for found in (_verdict_problem(answer), *(p for _, p in checked)) if found]
    order = list(Mechanism)

    def suggested(replies: Sequence[SuggestedReply]) -> tuple[Alternative, ...]:
        return tuple(
            Alternative(
                text=text,
                mechanism=other.mechanism,
                # A language model words its suggestions itself, and nothing else has scored them.
                written_id=other.written_id if is_baseline else None,
                written_for=other.written_for if is_baseline else None,
                score=other.score if is_baseline else None,
            )
            for other in replies
            if _is_suggestable(text := reveal(other.text), conversation)
        )

    return CheckedAnswer(
        verdict=answer.verdict,
        resistance_type=answer.resistance_type,
        ratings=tuple(sorted((rating for rating, _ in checked), key=lambda rating: order.index(rating.mechanism))),
        strengths=tuple(
            text for text in map(reveal, answer.strengths) if _is_allowed(text, conversation, max_length=MAX_SENTENCE)
        ),
        alternatives=suggested(answer.alternatives),
        problems=tuple(problems),
        confidence=answer.confidence,
        possible_injection=answer.possible_injection,
        spares=suggested(answer.spares) if is_baseline else (),
    )


def repair_request(problems: Sequence[AnswerProblem]) -> str:
    """Return the request for a repaired answer, with the problems of the first one."""
    return "\n".join(f"- {problem.where}: {problem.explanation}" for problem in problems)


def _verdict_alone(answer: ModelAnswer) -> CheckedAnswer:
    problem = _verdict_problem(answer)
    return CheckedAnswer(
        verdict=answer.verdict,
        resistance_type=None if answer.verdict is Verdict.REJECTED else answer.resistance_type,
        ratings=tuple(Rating(mechanism=mechanism) for mechanism in Mechanism),
        strengths=(),
        alternatives=(),
        problems=() if problem is None else (problem,),
        confidence=answer.confidence,
        possible_injection=answer.possible_injection,
    )


def _verdict_problem(answer: ModelAnswer) -> AnswerProblem | None:
    if answer.verdict is Verdict.NOT_ASSESSED:
        explanation = "it must be confirmed or rejected"
    elif answer.verdict is Verdict.CONFIRMED and answer.resistance_type is None:
        explanation = "a confirmed resistance needs its type"
    else:
        return None
    return AnswerProblem("verdict", explanation, NeedsHuman.ANSWER_UNUSABLE)


def _check_rating(
    rated: RatedMechanism, prepared: PreparedExchange, conversation: str, reveal: Reveal
) -> tuple[Rating, AnswerProblem | None]:
    mechanism = rated.mechanism
    if rated.level is None:
        return Rating(mechanism=mechanism, level=None, needs_human=NeedsHuman.MODEL_ABSTAINED), None
    evidence, problem = _check_evidence(rated, rated.level, prepared)
    reason = reveal(rated.reason)
    if problem is None and not _is_allowed(reason, conversation, max_length=MAX_REASON):
        explanation = (
            "the reason must describe the reply in one or two sentences, neither blame nor label a person, and hold no"
            " address or number that is not in the conversation"
        )
        problem = AnswerProblem(mechanism, explanation, NeedsHuman.ANSWER_UNUSABLE)
    if problem is not None:
        return Rating(mechanism=mechanism, level=None, needs_human=problem.needs_human), problem
    rating = Rating(mechanism=mechanism, level=rated.level, reason=reason, evidence=tuple(evidence))
    return rating, None


def _check_evidence(
    rated: RatedMechanism, level: Level, prepared: PreparedExchange
) -> tuple[list[Evidence], AnswerProblem | None]:
    evidence: list[Evidence] = []
    parts: set[ExchangePart] = set()
    for quotation in rated.evidence:
        found = _find_evidence(quotation, prepared)
        if found is None:
            explanation = f"a quotation does not stand word for word in message {quotation.message}"
            return [], AnswerProblem(rated.mechanism, explanation, NeedsHuman.EVIDENCE_NOT_FOUND)
        evidence.append(found[0])
        parts.add(found[1])
    if level is Level.NONE and not parts <= {ExchangePart.CLIENT_TURN}:
        explanation = "level 0 may quote only the client turn, or nothing"
    elif level is not Level.NONE and ExchangePart.REPLY not in parts:
        explanation = "levels 1 and 2 need a quotation from the reply"
    else:
        return evidence, None
    return [], AnswerProblem(rated.mechanism, explanation, NeedsHuman.EVIDENCE_NOT_FOUND)


def _find_evidence(quotation: Quotation, prepared: PreparedExchange) -> tuple[Evidence, ExchangePart] | None:
    message = prepared.shown.message(quotation.message)
    if message is None:
        return None
    span = find_quote(quotation.quote, message.text)
    return None if span is None else (prepared.evidence(message.number, span), message.part)


def _is_allowed(words: str, conversation: str, *, max_length: int) -> bool:
    """Whether words may be shown: some, no more than the model may write, without blame and invented addresses."""
    said = conversation.casefold()
    return (
        bool(words.strip())
        and len(words) <= max_length
        and not any(contains_blame(reading, conversation) for reading in _readings(words))
        and all(
            reading[start:end].casefold() in said
            for reading in _readings(words)
            for (start, end), _ in find_identifiers(reading)
        )
    )


def _is_suggestable(words: str, conversation: str) -> bool:
    return _is_allowed(words, conversation, max_length=MAX_SENTENCE) and not any(
        find_fault(reading, conversation) for reading in _readings(words)
    )


def _readings(words: str) -> frozenset[str]:
    """Return words as they stand and as a person reads them: neither markup nor odd letters hide anything."""
    return frozenset((words, normalise(words).text))  # mostly one and the same, which is then looked at once
