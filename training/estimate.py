"""A measured value with its confidence interval, as the evaluations of all models report it."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % confidence interval; all three are NaN where nothing could be measured."""

    value: float
    low: float
    high: float

    def __format__(self, spec: str) -> str:
        """Return the value and its interval in the given number format, or a dash if nothing was measured."""
        if math.isnan(self.value):
            return "-"
        return f"{self.value:{spec}} [{self.low:{spec}}, {self.high:{spec}}]"
