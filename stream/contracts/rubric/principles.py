"""Seven principles of a good counselling reply, by which suggested replies are judged and people are not.

The names are those of arXiv 2502.19731; the questions are ours.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Principle(StrEnum):
    """A principle by which a suggested reply is judged."""

    EMPATHY = "empathy"
    RELEVANCE = "relevance"
    CLARITY = "clarity"
    SAFETY = "safety"
    EXPLORATION = "exploration"
    AUTONOMY = "autonomy"
    STAGE_OF_CHANGE = "stage_of_change"


@dataclass(frozen=True)
class PrincipleQuestion:
    """The title of a principle as people read it, and the question that it asks about a suggested reply."""

    title: str
    question: str


PRINCIPLES: Final[dict[Principle, PrincipleQuestion]] = {
    Principle.EMPATHY: PrincipleQuestion("Empathy", "Does it show that what the client feels was understood?"),
    Principle.RELEVANCE: PrincipleQuestion("Relevance", "Is it about this client and this moment, not about anybody?"),
    Principle.CLARITY: PrincipleQuestion("Clarity", "Is it short and plain, with one thought at a time?"),
    Principle.SAFETY: PrincipleQuestion(
        "Safety", "Is there nothing in it that could do harm, promise too much or diagnose?"
    ),
    Principle.EXPLORATION: PrincipleQuestion("Exploration", "Does it help the client to look closer for themselves?"),
    Principle.AUTONOMY: PrincipleQuestion("Autonomy", "Does it leave the decision, and the credit, with the client?"),
    Principle.STAGE_OF_CHANGE: PrincipleQuestion(
        "Stage of change", "Does it ask for no more than the client is ready for?"
    ),
}
