"""Cohen's kappa with quadratic weights (Cohen, 1968), for levels that are ordered."""

from collections.abc import Sequence
from typing import Final

import numpy as np

LEVELS: Final = 3
"""none, weak, strong; none against strong is worse than none against weak."""


def weighted_kappa(first: Sequence[int], second: Sequence[int]) -> float:
    """Cohen's kappa with quadratic weights; NaN where both gave one and the same level throughout."""
    table = np.zeros((LEVELS, LEVELS))
    for one, other in zip(first, second, strict=True):
        table[one, other] += 1
    if not len(first):
        return float("nan")
    steps = np.subtract.outer(np.arange(LEVELS), np.arange(LEVELS)) ** 2
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    by_chance = float((steps * expected).sum())
    return 1 - float((steps * table).sum()) / by_chance if by_chance else float("nan")
