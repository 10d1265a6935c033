"""A proportion of turns that lie in sessions, with a 95 % interval that knows that turns of a session are alike.

The method: the variance of the proportion is that of a ratio over sessions (linearised, sessions as clusters); it gives
the number of independent turns that would be as uncertain, never more than there are; Wilson's interval is taken for
that number. Where every turn answers alike the variance says nothing, and each session counts as one turn. Wilson's
interval stays within 0 and 1 and does not shrink to a point. Pure functions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

MIN_TURNS: Final = 20
"""With fewer turns the interval spans more than 40 points, from which nothing follows."""
MIN_SESSIONS: Final = 10
"""With fewer sessions the variance between them is a guess."""
FEW_TURNS: Final = 100
"""With fewer turns the interval is wide, which is said beside the number."""
_Z: Final = 1.959964
"""The 97.5th percentile of the normal distribution."""


@dataclass(frozen=True)
class Proportion:
    """A proportion with its 95 % interval, or the numbers alone where they are too few to estimate anything."""

    turns: int
    """The number of turns of which it is a proportion."""
    sessions: int
    """The number of sessions in which they are."""
    value: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def is_few(self) -> bool:
        """Whether it rests on so few turns that the interval is wide."""
        return self.turns < FEW_TURNS


def proportion(clusters: Sequence[tuple[int, int]]) -> Proportion:
    """Return the proportion of hits among turns; each session gives its number of hits and its number of turns."""
    counted = [(hits, turns) for hits, turns in clusters if turns]
    total, sessions = sum(turns for _, turns in counted), len(counted)
    if total < MIN_TURNS or sessions < MIN_SESSIONS:
        return Proportion(total, sessions)
    value = sum(hits for hits, _ in counted) / total
    low, high = _wilson(value, _independent_turns(counted, value, total))
    return Proportion(total, sessions, value, low, high)


def _independent_turns(counted: Sequence[tuple[int, int]], value: float, total: int) -> float:
    """Return how many independent turns would be as uncertain as these."""
    sessions = len(counted)
    if value in {0, 1}:
        return sessions
    squares = sum((hits - value * turns) ** 2 for hits, turns in counted)
    variance = sessions / (sessions - 1) * squares / total**2
    return total if variance == 0 else min(total, value * (1 - value) / variance)


def _wilson(value: float, independent: float) -> tuple[float, float]:
    spread = _Z**2 / independent
    centre = (value + spread / 2) / (1 + spread)
    half = _Z / (1 + spread) * sqrt(value * (1 - value) / independent + spread / (4 * independent))
    return max(0.0, min(value, centre - half)), min(1.0, max(value, centre + half))
