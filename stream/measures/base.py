"""The seam of whole-session measures: the turns of a finished session in, labels and numbers out.

A measure says what it may say beforehand, in its card, and `take` lets nothing else through. So no word of a
conversation can leave by a measure, whatever a measure does, and nothing is said of anybody as a person: turns come
without their author.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from stream.contracts.measures import Absent
from stream.contracts.vocabulary import Role
from stream.measures.hearing import Heard
from stream.measures.turns import FinishedSession, sentences


class About(StrEnum):
    """What a finding is about."""

    CLIENT_TURN = "client_turn"
    COUNSELLOR_TURN = "counsellor_turn"
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class Quantity:
    """One thing that a measure may say: a number within a range, or labels from a closed list."""

    name: str
    about: About
    meaning: str
    """A sentence for people."""
    low: float = math.nan
    high: float = math.nan
    labels: tuple[str, ...] = ()
    shown: bool = True
    """Whether people may be shown it. False where it is no better than a constant, or was never measured."""


@dataclass(frozen=True, slots=True)
class Card:
    """What a measure is: its name, its version, what it may say, what it is not for."""

    name: str
    version: str
    """Changes whenever a finding may change."""
    quantities: tuple[Quantity, ...]
    not_for: str
    validated: bool = False
    """Whether agreement with clinicians has been measured."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A number, labels, or the reason why there is neither, of one turn or of the session."""

    quantity: str
    turn: int | None = None
    """The number of the turn, from 1; None for the session as a whole."""
    number: float | None = None
    labels: tuple[str, ...] = ()
    absent: Absent | None = None


class Measure(Protocol):
    """A measure of finished sessions. It is pure: the same session and the same hearing give the same findings."""

    @property
    def card(self) -> Card:
        """What the measure is."""
        ...

    def findings(self, session: FinishedSession, heard: Heard) -> Iterable[Finding]:
        """Return what the measure says of a session, in any order. No text raises an error."""
        ...


def take(measure: Measure, session: FinishedSession, heard: Heard) -> tuple[Finding, ...]:
    """Return the findings of a measure, by turn and in the order of its card; the session's own come last.

    Raises:
        ValueError: a finding is none that the card names. The message holds nothing of the conversation.
    """
    card = measure.card
    places = {quantity.name: place for place, quantity in enumerate(card.quantities)}
    found = []
    for finding in measure.findings(session, heard):
        place = places.get(finding.quantity)
        if place is None or not _is_promised(finding, card.quantities[place], session):
            raise ValueError(f"the measure {card.name} says what its card does not name")
        found.append((finding.turn is None, finding.turn or 0, place, finding))
    keys = [key[:3] for key in found]
    if len(set(keys)) < len(keys):
        raise ValueError(f"the measure {card.name} says one thing twice")
    return tuple(each[-1] for each in sorted(found, key=lambda each: each[:3]))


def why_silent(session: FinishedSession, heard: Heard, place: int) -> Absent | None:
    """Return the reason why nothing is said of the turn at a place, counted from 0; None where something may be."""
    if not heard.knows_language:
        return Absent.LANGUAGE
    if heard.turns[place].is_critical:
        return Absent.CRITICAL_CONTENT
    return None if sentences(session.turns[place].text) else Absent.NOTHING_TO_MEASURE


def _is_promised(finding: Finding, quantity: Quantity, session: FinishedSession) -> bool:
    if not _is_about(finding.turn, quantity.about, session):
        return False
    if finding.absent is not None:
        return finding.number is None and not finding.labels
    if quantity.labels:
        known = [label for label in quantity.labels if label in finding.labels]
        # Labels in the order of the list and each once, so that ties and repetitions say nothing.
        return finding.number is None and bool(known) and tuple(known) == finding.labels
    return finding.number is not None and not finding.labels and quantity.low <= finding.number <= quantity.high


def _is_about(turn: int | None, about: About, session: FinishedSession) -> bool:
    if turn is None or about is About.SESSION:
        return turn is None and about is About.SESSION
    role = Role.CLIENT if about is About.CLIENT_TURN else Role.COUNSELLOR
    return 1 <= turn <= len(session.turns) and session.turns[turn - 1].role is role
