"""The words of the practice box, and the original and an attempt side by side: pure functions of their answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from plugin.queue.labels import LEVELS_FOR_THERAPIST, NEEDS_HUMAN
from plugin.queue.practice_views import Attempt, Unrated
from plugin.web.layout import MomentPage
from plugin.web.practice_limit import ATTEMPTS_AN_HOUR
from stream.contracts.feedback import Abstention, Assessment, Rating
from stream.contracts.vocabulary import Mechanism, Verdict

UNRATED: Final = {
    Unrated.AWAY: "The model is not there just now, or did not answer in time. Your words are kept here: have them"
    " rated whenever you like.",
    Unrated.TOO_MANY: f"You have had {ATTEMPTS_AN_HOUR} replies rated within an hour, and the model has to be there for"
    " others too. Your words are kept here; please come back to them a little later.",
}
REJECTED: Final = "This time the model did not take the client\u2019s words for resistance, so it rated nothing."
NOT_RATED: Final = "not rated"


@dataclass(frozen=True)
class Side:
    """What the model says of one mechanism in one of the two replies."""

    level: str
    reason: str
    quotes: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """One mechanism in the original reply and in an attempt."""

    mechanism: Mechanism
    original: Side
    attempt: Side


def attempts_at(attempts: Sequence[Attempt], moment: MomentPage) -> list[Attempt]:
    """Return the rated attempts at a moment, the latest first."""
    own = [each for each in attempts if each.exchange_id == moment.moment.exchange_id]
    return [each for each in reversed(own) if each.rated.answer is not None]


def draft_of(attempts: Sequence[Attempt], exchange_id: UUID) -> Attempt | None:
    """Return the words for a moment that no model has answered yet."""
    own = (each for each in attempts if each.exchange_id == exchange_id and each.rated.answer is None)
    return next(own, None)


def without_levels(attempt: Attempt) -> str:
    """Return the sentence that says why an attempt has no levels; empty if it has some."""
    answer = attempt.rated.answer
    if isinstance(answer, Abstention):
        return NEEDS_HUMAN[answer.reason]
    return REJECTED if isinstance(answer, Assessment) and answer.verdict is Verdict.REJECTED else ""


def is_by_another_version(moment: MomentPage, attempt: Attempt) -> bool:
    """Return whether another version of the model or the rubric rated the attempt, so that levels do not compare."""
    answer = attempt.rated.answer
    return answer is not None and answer.model.key != moment.model.key


def comparisons(moment: MomentPage, attempt: Attempt) -> list[Comparison]:
    """Return each mechanism in both replies, in order; none where the attempt has no levels."""
    answer = attempt.rated.answer
    if not isinstance(answer, Assessment) or without_levels(attempt):
        return []
    original = {rating.mechanism: rating for rating in moment.assessment.ratings} if moment.assessment else {}
    rewritten = {rating.mechanism: rating for rating in answer.ratings}
    return [
        Comparison(mechanism, _side(original.get(mechanism)), _side(rewritten.get(mechanism)))
        for mechanism in Mechanism
    ]


def _side(rating: Rating | None) -> Side:
    if rating is None or rating.level is None:
        reason = NEEDS_HUMAN[rating.needs_human] if rating is not None and rating.needs_human is not None else ""
        return Side(NOT_RATED, reason, ())
    return Side(LEVELS_FOR_THERAPIST[rating.level], rating.reason, tuple(item.quote for item in rating.evidence))
