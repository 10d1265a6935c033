"""The output gate: nothing a model says is stored before our code has found its evidence in the words.

Levels 1 and 2 need a quotation from the reply. Level 0 quotes the client's words that went unanswered, or nothing.
Whatever is wrong costs one repair try; a mechanism that still fails has no level, the rest stands. When the verdict
or two mechanisms fail, a person must look at the whole exchange.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from stream.contracts.feedback import Alternative, Evidence, Rating
from stream.contracts.vocabulary import Level, Mechanism, NeedsHuman, ResistanceType, Verdict
from stream.feedback.gate.blame import blames
from stream.feedback.gate.quotes import find_quote
from stream.feedback.gate.suggestions import fault_of
from stream.feedback.models.answer import ModelAnswer, Quotation, RatedMechanism
from stream.feedback.models.base import Part
from stream.feedback.prepared import Prepared

FAILED_MECHANISMS_TO_ABSTAIN = 2

Reveal = Callable[[str], str]
"""Puts original words in the place of placeholders."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an answer. `why` is a sentence of ours: it goes back to the model, never chat text."""

    where: Mechanism | Literal["verdict"]
    why: str
    needs_human: NeedsHuman


@dataclass(frozen=True)
class Checked:
    """An answer after the gate: what stands of it, and what was wrong."""

    verdict: Verdict
    resistance_type: ResistanceType | None
    ratings: tuple[Rating, ...] = field(repr=False)
    strengths: tuple[str, ...] = field(repr=False)
    alternatives: tuple[Alternative, ...] = field(repr=False)
    problems: tuple[Problem, ...]

    @property
    def abstention(self) -> NeedsHuman | None:
        """Why nothing of this answer may be shown; None when it may."""
        if any(problem.where == "verdict" for problem in self.problems):
            return NeedsHuman.ANSWER_UNUSABLE
        if len(self.problems) >= FAILED_MECHANISMS_TO_ABSTAIN:
            return NeedsHuman.ANSWER_UNUSABLE
        if all(rating.level is None for rating in self.ratings):
            return NeedsHuman.MODEL_ABSTAINED
        return None


def check(answer: ModelAnswer, prepared: Prepared, *, is_baseline: bool, reveal: Reveal) -> Checked:
    """Hold an answer against the exchange it is about. At most one problem a mechanism is told, the first."""
    conversation = "\n".join(message.text for message in prepared.shown.messages)
    checked = [_rating(rated, prepared, conversation, reveal) for rated in answer.ratings]
    problems = [found for found in (_verdict_problem(answer, is_baseline), *(p for _, p in checked)) if found]
    order = list(Mechanism)
    return Checked(
        verdict=answer.verdict,
        resistance_type=answer.resistance_type if answer.verdict is Verdict.CONFIRMED else None,
        ratings=tuple(sorted((rating for rating, _ in checked), key=lambda rating: order.index(rating.mechanism))),
        strengths=tuple(reveal(text) for text in answer.strengths if _may_be_said(text, conversation)),
        alternatives=tuple(
            Alternative(
                text=reveal(other.text),
                mechanism=other.mechanism,
                pattern_id=other.pattern_id if is_baseline else None,  # the library of patterns is the baseline's
            )
            for other in answer.alternatives
            if _may_be_said(other.text, conversation) and fault_of(other.text, conversation) is None
        ),
        problems=tuple(problems),
    )


def repair_request(problems: Sequence[Problem]) -> str:
    """What a model is told of its answer before it may try once more."""
    return "\n".join(f"- {problem.where}: {problem.why}" for problem in problems)


def _verdict_problem(answer: ModelAnswer, is_baseline: bool) -> Problem | None:
    assessed = answer.verdict is not Verdict.NOT_ASSESSED
    if is_baseline and (assessed or answer.resistance_type is not None):
        why = "the baseline cannot assess it"
    elif not is_baseline and not assessed:
        why = "it must be confirmed or rejected"
    elif answer.verdict is Verdict.CONFIRMED and answer.resistance_type is None:
        why = "a confirmed resistance needs its type"
    else:
        return None
    return Problem("verdict", why, NeedsHuman.ANSWER_UNUSABLE)


def _rating(
    rated: RatedMechanism, prepared: Prepared, conversation: str, reveal: Reveal
) -> tuple[Rating, Problem | None]:
    mechanism = rated.mechanism
    if rated.level is None:
        return Rating(mechanism=mechanism, level=None, needs_human=NeedsHuman.MODEL_ABSTAINED), None
    evidence, problem = _evidence(rated, rated.level, prepared)
    if problem is None and not _may_be_said(rated.reason, conversation):
        why = "the reason must describe the reply and neither be empty nor blame or label a person"
        problem = Problem(mechanism, why, NeedsHuman.ANSWER_UNUSABLE)
    if problem is not None:
        return Rating(mechanism=mechanism, level=None, needs_human=problem.needs_human), problem
    rating = Rating(mechanism=mechanism, level=rated.level, reason=reveal(rated.reason), evidence=tuple(evidence))
    return rating, None


def _evidence(rated: RatedMechanism, level: Level, prepared: Prepared) -> tuple[list[Evidence], Problem | None]:
    evidence: list[Evidence] = []
    parts: set[Part] = set()
    for quotation in rated.evidence:
        found = _find(quotation, prepared)
        if found is None:
            why = f"a quotation does not stand word for word in message {quotation.message}"
            return [], Problem(rated.mechanism, why, NeedsHuman.EVIDENCE_NOT_FOUND)
        evidence.append(found[0])
        parts.add(found[1])
    if level is Level.NONE and not parts <= {Part.CLIENT_TURN}:
        why = "level 0 may quote only the client turn, or nothing"
    elif level is not Level.NONE and Part.REPLY not in parts:
        why = "levels 1 and 2 need a quotation from the reply"
    else:
        return evidence, None
    return [], Problem(rated.mechanism, why, NeedsHuman.EVIDENCE_NOT_FOUND)


def _find(quotation: Quotation, prepared: Prepared) -> tuple[Evidence, Part] | None:
    message = prepared.shown.message(quotation.message)
    if message is None:
        return None
    span = find_quote(quotation.quote, message.text)
    return None if span is None else (prepared.evidence(message.number, span), message.part)


def _may_be_said(words: str, conversation: str) -> bool:
    return bool(words.strip()) and not blames(words, conversation)
