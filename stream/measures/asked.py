"""The measure of what a language model was asked about a session: its answers after the gate, and nothing else.

No stage asks one, none was tried, and nothing of it may be shown: nobody knows how near it comes to clinicians.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from stream.contracts.measures import Absent
from stream.contracts.vocabulary import Role
from stream.measures.answers import Approaches, Rating, Refusal
from stream.measures.base import About, Card, Finding, Quantity
from stream.measures.hearing import Heard
from stream.measures.questions import HIGHEST, QUESTIONS, QUESTIONS_VERSION, Approach, Item
from stream.measures.turns import FinishedSession

APPROACH: Final = "approach"
CARD: Final = Card(
    "asked",
    QUESTIONS_VERSION,
    (
        Quantity(
            APPROACH,
            About.COUNSELLOR_TURN,
            "The therapeutic reasoning that the turn follows.",
            labels=tuple(approach.value for approach in Approach),
            shown=False,
        ),
        *(Quantity(item.value, About.SESSION, QUESTIONS[item], 0, HIGHEST, shown=False) for item in Item),
    ),
    not_for=(
        "Rating a session or a counsellor, diagnosing, deciding about anybody, and comparing counsellors: a language"
        " model says it, and nobody has compared it with what people say."
    ),
)


class AskedMeasure:
    """What was answered about one session. A session with critical content is not asked about, and nothing is said."""

    card = CARD

    def __init__(
        self, ratings: Mapping[Item, Rating | Refusal], approaches: Approaches | Refusal = Refusal.NOT_AS_ASKED
    ) -> None:
        self._ratings = ratings
        self._approaches = approaches

    def findings(self, session: FinishedSession, heard: Heard) -> Iterator[Finding]:
        """See `Measure`."""
        silent = why_not_ask(session, heard)
        for number, turn in enumerate(session.turns, start=1):
            if turn.role is Role.COUNSELLOR:
                yield self._approach(number, silent)
        for item in Item:
            given = self._ratings.get(item)
            if silent is None and isinstance(given, Rating) and given.rating is not None:
                yield Finding(item.value, number=given.rating)
            else:
                yield Finding(item.value, absent=silent or _why(given))

    def _approach(self, number: int, silent: Absent | None) -> Finding:
        known = self._approaches.by_turn if isinstance(self._approaches, Approaches) else {}
        if silent is None and number in known:
            return Finding(APPROACH, number, labels=(known[number].value,))
        refused = self._approaches if isinstance(self._approaches, Refusal) else None
        return Finding(APPROACH, number, absent=silent or _why(refused))


def why_not_ask(session: FinishedSession, heard: Heard) -> Absent | None:
    """Return why no language model is asked about a session; None where one may be."""
    if not heard.knows_language:
        return Absent.LANGUAGE
    if any(turn.is_critical for turn in heard.turns):
        return Absent.CRITICAL_CONTENT
    sides = {turn.role for turn in session.turns if turn.text.strip()}
    return None if sides == {Role.CLIENT, Role.COUNSELLOR} else Absent.NOTHING_TO_MEASURE


def _why(given: Rating | Refusal | None) -> Absent:
    return Absent.REFUSED if isinstance(given, Refusal) else Absent.NOTHING_TO_MEASURE
