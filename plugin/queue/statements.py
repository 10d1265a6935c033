"""The statements of a feedback model's answer, each of which a supervisor may agree with, correct or withhold."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from plugin.database.tables.base import Json
from stream.contracts.feedback import Abstention, Assessment, Rating
from stream.contracts.vocabulary import Mechanism, Verdict


class StatementKind(StrEnum):
    """The kind of a statement; the values are stored."""

    MOMENT = "moment"
    """The moment as a whole, an unrated one too."""
    VERDICT = "verdict"
    RATING = "rating"
    """The machine's level of a mechanism, with its reason and quotes."""
    LEVEL = "level"
    """The same level beside which a supervisor sets her own."""
    STRENGTHS = "strengths"
    SUGGESTION = "suggestion"


@dataclass(frozen=True)
class Statement:
    """One statement of a feedback model's answer."""

    kind: StatementKind
    part: str = ""
    """The mechanism of a rating or a level, the number of a suggestion, or nothing."""

    def __str__(self) -> str:
        """Return the form that forms and rows hold, such as "rating:stance_alignment"."""
        return f"{self.kind}:{self.part}" if self.part else self.kind.value

    @classmethod
    def parse(cls, written: str) -> Self:
        """Return the statement that `str` wrote.

        Raises:
            ValueError: it is no kind of statement.
        """
        kind, _, part = written.partition(":")
        return cls(StatementKind(kind), part)


MOMENT: Final = Statement(StatementKind.MOMENT)
VERDICT: Final = Statement(StatementKind.VERDICT)
STRENGTHS: Final = Statement(StatementKind.STRENGTHS)
WHOLE_MOMENT: Final = (MOMENT, VERDICT)
"""The statements that keep a whole moment back where one of them is withheld."""


def rating_of(mechanism: Mechanism) -> Statement:
    """Return the statement of a mechanism's level, reason and quotes."""
    return Statement(StatementKind.RATING, mechanism.value)


def level_of(mechanism: Mechanism) -> Statement:
    """Return the statement beside which a supervisor sets her own level."""
    return Statement(StatementKind.LEVEL, mechanism.value)


def suggestion(number: int) -> Statement:
    """Return the statement of an alternative; numbers begin with 1."""
    return Statement(StatementKind.SUGGESTION, str(number))


def statements_of(answer: Assessment | Abstention) -> dict[Statement, Json]:
    """Return the statements of an answer with what the machine says in each, in codes and never in words."""
    if isinstance(answer, Abstention):
        return {MOMENT: {"abstained": answer.reason.value}}
    verdict = {
        "verdict": answer.verdict.value,
        "resistance_type": answer.resistance_type,
        "confidence": answer.confidence,
    }
    found: dict[Statement, Json] = {MOMENT: verdict}
    if answer.verdict is not Verdict.NOT_ASSESSED:
        found[VERDICT] = verdict
    if answer.verdict is Verdict.REJECTED:  # which rates nothing
        return found
    for rating in answer.ratings:
        said = {"level": rating.level, "needs_human": rating.needs_human}
        found |= {rating_of(rating.mechanism): said, level_of(rating.mechanism): said}
    if answer.strengths:
        found[STRENGTHS] = {"number": len(answer.strengths)}
    for number, alternative in enumerate(answer.alternatives, start=1):
        found[suggestion(number)] = {"mechanism": alternative.mechanism.value, "score": alternative.score}
    return found


def without(answer: Assessment, withheld: set[str]) -> Assessment:
    """Return an assessment without the statements that were withheld. A rating that is withheld has nothing left."""
    return answer.model_copy(
        update={
            "ratings": tuple(
                Rating(mechanism=rating.mechanism) if str(rating_of(rating.mechanism)) in withheld else rating
                for rating in answer.ratings
            ),
            "strengths": () if str(STRENGTHS) in withheld else answer.strengths,
            "alternatives": tuple(
                alternative
                for number, alternative in enumerate(answer.alternatives, start=1)
                if str(suggestion(number)) not in withheld
            ),
        }
    )
