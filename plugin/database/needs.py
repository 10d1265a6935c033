"""The facts and the need that decide a session's place in the queue; pure functions of its marks and answers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from plugin.database.tables.base import Json
from plugin.database.tables.sessions import StoredAnswer
from stream.contracts.sessions import Mark
from stream.contracts.vocabulary import RISK_CONCERNS, Concern, Level, MarkKind, Mechanism, NeedsHuman, Verdict


class Need(IntEnum):
    """The reason for a session's place in the queue; the lowest number comes first.

    What may be critical content comes after what surely wants a person, since it is often wrong, and before planted
    text, since a client matters more than a rating.
    """

    RISK = 0
    CRITICAL = 1
    NEEDS_HUMAN = 2
    UNANSWERED = 3
    POSSIBLE_CRITICAL = 4
    POSSIBLE_INJECTION = 5
    WITHOUT_EXPRESSION = 6
    OTHER = 7


@dataclass(frozen=True)
class Facts:
    """The facts about a session that decide its need, and those that its supervisor should know."""

    concerns: tuple[Concern, ...] = ()
    needs_human: int = 0
    """The number of moments with an abstention, or with a mechanism without a level, and of turns without a verdict;
    those of possible critical content are counted apart."""
    unanswered: int = 0
    """The number of unanswered moments: confirmed ones, and those that an earlier version marked unread."""
    possible_critical: int = 0
    """The number of moments and unanswered turns in which the model hears critical content and is not sure."""
    possible_injection: int = 0
    """The number of moments with text that may be meant to steer the rating, rejected ones too."""
    without_expression: tuple[Mechanism, ...] = ()
    """The mechanisms that no reply of the session expresses, of those that have a level."""
    names_told: bool = True
    """Whether the platform told names of the room; they decide nothing here. True in rows of an earlier version."""


NO_FACTS = Facts()


def facts_of(marks: Iterable[Mark], answers: Iterable[StoredAnswer]) -> Facts:
    """Return the facts that a supervisor should know before opening a session.

    Rejected moments do not count, except for planted text, which may be why they were rejected.
    """
    marks, answers = tuple(marks), tuple(answers)
    not_rejected = [answer for answer in answers if answer.verdict != Verdict.REJECTED]
    found = {concern for mark in marks for concern in mark.concerns}
    levels: dict[str, set[int]] = {}
    for answer in not_rejected:
        for rating in answer.ratings:
            if rating["level"] is not None:
                levels.setdefault(rating["mechanism"], set()).add(rating["level"])
    reasons = [*(answer.abstained for answer in answers), *(mark.needs_human for mark in marks)]
    unsure = reasons.count(NeedsHuman.POSSIBLE_CRITICAL_CONTENT)
    return Facts(
        concerns=tuple(concern for concern in Concern if concern in found),
        needs_human=sum(map(_needs_human, not_rejected)) + sum(m.needs_human is not None for m in marks) - unsure,
        unanswered=sum(mark.kind is MarkKind.UNANSWERED_MOMENT and mark.needs_human is None for mark in marks),
        possible_critical=unsure,
        possible_injection=sum(1 for answer in answers if answer.possible_injection),
        without_expression=tuple(mechanism for mechanism in Mechanism if levels.get(mechanism) == {Level.NONE}),
    )


def need_of(facts: Facts, marks: Sequence[Mark], answers: Iterable[StoredAnswer]) -> Need:
    """Return the most urgent need that applies to a session."""
    kinds = {mark.kind for mark in marks}
    if MarkKind.RISK_LANGUAGE in kinds or RISK_CONCERNS.intersection(facts.concerns):
        return Need.RISK
    reasons = {*(mark.needs_human for mark in marks), *(answer.abstained for answer in answers)}
    critical = NeedsHuman.CRITICAL_CONTENT in reasons
    if MarkKind.CRITICAL_CONTENT in kinds or facts.concerns or critical:
        return Need.CRITICAL
    by_fact = {
        Need.NEEDS_HUMAN: facts.needs_human,
        Need.UNANSWERED: facts.unanswered,
        Need.POSSIBLE_CRITICAL: facts.possible_critical,
        Need.POSSIBLE_INJECTION: facts.possible_injection,
        Need.WITHOUT_EXPRESSION: facts.without_expression,
    }
    return next((need for need, fact in by_fact.items() if fact), Need.OTHER)


def facts_to_json(facts: Facts) -> Json:
    """Return facts as the value of a JSON column."""
    return {
        "concerns": list(facts.concerns),
        "needs_human": facts.needs_human,
        "unanswered": facts.unanswered,
        "possible_critical": facts.possible_critical,
        "possible_injection": facts.possible_injection,
        "without_expression": list(facts.without_expression),
        "names_told": facts.names_told,
    }


def facts_from_json(value: Json) -> Facts:
    """Return the facts in the value of a JSON column."""
    return Facts(
        concerns=tuple(Concern(concern) for concern in value["concerns"]),
        needs_human=value["needs_human"],
        unanswered=value["unanswered"],
        possible_critical=value.get("possible_critical", 0),
        possible_injection=value.get("possible_injection", 0),
        without_expression=tuple(Mechanism(mechanism) for mechanism in value["without_expression"]),
        names_told=value.get("names_told", True),
    )


def _needs_human(answer: StoredAnswer) -> bool:
    return answer.abstained is not None or any(rating["needs_human"] is not None for rating in answer.ratings)
