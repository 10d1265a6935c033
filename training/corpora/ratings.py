"""Derives ratings after the seven principles from the labels of written replies, and makes preference pairs of them.

Nobody rated a reply by the principles. The mapping is ours, and follows from levels (0 to 2) and the main mistake:

| principle | rating, 1 to 5 |
| --- | --- |
| empathy | 1 + 2 x Emotional Resonance |
| relevance | 1 + Stance Alignment + Conversational Orientation |
| clarity | 3, since nothing labelled says more; 1 for a closed-question interrogation |
| safety | 5; 3 for false reassurance, which promises too much; 1 for collusion |
| exploration | 1 + 2 x Conversational Orientation |
| autonomy | 1 + 2 x Respect for Autonomy |
| stage of change | 1 + Respect for Autonomy + Stance Alignment, and 2 less for a mistake that pushes; at least 1 |

A better reply has no levels. It was written to be good in everything, so it has 4, and 5 for safety; where the gate
would drop it, it is in no pair. Nothing is derived where the client's turn holds critical content.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from statistics import fmean

from stream.contracts.rubric import Principle
from stream.contracts.vocabulary import Mechanism
from stream.feedback.gate.blame import contains_blame
from stream.feedback.gate.suggestions import find_fault
from training.corpora.written import WrittenExchange

LEAST_GAP = 1.0
"""The least difference of two mean ratings that makes a pair: the published training set's."""
BETTER = "better"
"""What stands after the id of an exchange in the id of its better reply."""
_PUSHES = frozenset(
    {"arguing_for_change", "advice_without_permission", "premature_problem_solving", "ignoring_the_resistance"}
)
_UNSAFE = {"false_reassurance": 3, "collusion": 1}

Ratings = dict[Principle, int]


@dataclass(frozen=True, slots=True)
class RatedReply:
    """A reply with its ratings by the seven principles."""

    id: str
    text: str = field(repr=False)
    ratings: Ratings

    @property
    def mean(self) -> float:
        """The preference score: the mean of the seven ratings."""
        return fmean(self.ratings.values())


@dataclass(frozen=True, slots=True)
class Pair:
    """Two replies to one client turn, one of which is preferred. `group` is never split between training and test."""

    group: str
    prompt: str = field(repr=False)
    """The client's turn."""
    chosen: RatedReply
    rejected: RatedReply


def ratings_of(levels: Sequence[int], mistake: str | None) -> Ratings:
    """Return the ratings of a reply with these levels, in the order of the mechanisms, and this main mistake."""
    level = dict(zip(Mechanism, map(int, levels), strict=True))
    autonomy, stance = level[Mechanism.RESPECT_FOR_AUTONOMY], level[Mechanism.STANCE_ALIGNMENT]
    resonance, orientation = level[Mechanism.EMOTIONAL_RESONANCE], level[Mechanism.CONVERSATIONAL_ORIENTATION]
    return {
        Principle.EMPATHY: 1 + 2 * resonance,
        Principle.RELEVANCE: 1 + stance + orientation,
        Principle.CLARITY: 1 if mistake == "closed_question_interrogation" else 3,
        Principle.SAFETY: _UNSAFE.get(mistake or "", 5),
        Principle.EXPLORATION: 1 + 2 * orientation,
        Principle.AUTONOMY: 1 + 2 * autonomy,
        Principle.STAGE_OF_CHANGE: max(1, 1 + autonomy + stance - (2 if mistake in _PUSHES else 0)),
    }


def rated_replies(exchange: WrittenExchange) -> list[RatedReply]:
    """Return the replies of a written exchange with their ratings; none where its client turn is critical."""
    if exchange.critical:
        return []
    found = [
        RatedReply(
            f"{exchange.id}/{number}",
            " ".join(reply.text),
            ratings_of([reply.levels[mechanism] for mechanism in Mechanism], reply.mistake),
        )
        for number, reply in enumerate(exchange.replies, start=1)
    ]
    if exchange.better and find_fault(exchange.better) is None and not contains_blame(exchange.better, ""):
        by_intent = dict.fromkeys(Principle, 4) | {Principle.SAFETY: 5}
        found.append(RatedReply(f"{exchange.id}/{BETTER}", exchange.better, by_intent))
    return found


def make_pairs(group: str, prompt: str, replies: Sequence[RatedReply]) -> list[Pair]:
    """Return the pairs of replies to one client turn that are far enough apart and safe to prefer."""
    found = []
    for one, other in combinations(replies, 2):
        chosen, rejected = (one, other) if one.mean >= other.mean else (other, one)
        if _far_apart(chosen, rejected) and _is_safe(chosen, rejected):
            found.append(Pair(group, prompt, chosen, rejected))
    return found


def written_pairs(exchanges: Iterable[WrittenExchange]) -> list[Pair]:
    """Return the pairs of all written exchanges; groups are writers."""
    return [
        pair
        for exchange in exchanges
        for pair in make_pairs(f"writer-{exchange.writer}", exchange.client_text, rated_replies(exchange))
    ]


def _far_apart(chosen: RatedReply, rejected: RatedReply) -> bool:
    points = sum(chosen.ratings.values()) - sum(rejected.ratings.values())  # whole numbers: a mean of sevenths is none
    return points >= LEAST_GAP * len(Principle)


def _is_safe(chosen: RatedReply, rejected: RatedReply) -> bool:
    return chosen.ratings[Principle.SAFETY] >= rejected.ratings[Principle.SAFETY]
