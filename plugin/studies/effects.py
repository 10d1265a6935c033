"""An effect as a study reports it: its size with an interval, its p-values, and what may be said of it."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy.stats import norm
from statsmodels.stats.multitest import multipletests

from plugin.studies.question import Correction, Direction

POWER: Final = 0.8
"""The chance to find an effect from which on studies are usually called large enough."""
_METHODS: Final[dict[Correction, str]] = {"holm": "holm", "benjamini-hochberg": "fdr_bh"}


class Effect(BaseModel):
    """What one predictor goes with in one outcome; figures are None where there was too little to estimate it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: str
    predictor: str
    rows: int
    """Rows that the estimate rests on."""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_adjusted: float | None = None
    per_unit: float | None = None
    """The same in the outcome's own unit, for one unit of the predictor."""
    expected: Direction = "unknown"
    none: float = 0.0
    """The value that says no effect: 0, and 1 for a ratio of odds."""
    too_little: str | None = None
    """Why nothing was estimated."""

    def is_told_apart(self, alpha: float) -> bool:
        """Whether the effect is told apart from none at this level of error, after correction."""
        return self.p_adjusted is not None and self.p_adjusted < alpha

    def says(self, alpha: float) -> str:
        """Return what may be said of the effect at this level of error."""
        if self.value is None or self.p_adjusted is None:
            return self.too_little or "described only"
        if not self.is_told_apart(alpha):
            return "not told apart from no effect"
        found = "higher" if self.value > self.none else "lower"
        if self.expected == "unknown":
            return found
        return f"{found}, as expected" if found == self.expected else f"{found}, against what was expected"


def adjusted(effects: Sequence[Effect], correction: Correction) -> list[Effect]:
    """Return effects with their p-values adjusted for how many of them were asked about."""
    places = [place for place, effect in enumerate(effects) if effect.p is not None]
    if not places:
        return list(effects)
    values = multipletests([effects[place].p for place in places], method=_METHODS[correction])[1]
    found = dict(zip(places, map(float, values), strict=True))
    return [effect.model_copy(update={"p_adjusted": found.get(place)}) for place, effect in enumerate(effects)]


def smallest_correlation(rows: int, held_constant: int, alpha: float) -> float:
    """Return the smallest partial correlation that this many rows find with a power of 0.8, by Fisher's z.

    It is 1 where there are too few rows for any.
    """
    free = rows - held_constant - 3
    if free <= 0:
        return 1.0
    return float(np.tanh((norm.ppf(1 - alpha / 2) + norm.ppf(POWER)) / np.sqrt(free)))
