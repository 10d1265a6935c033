"""Cohen's kappa with quadratic weights (Cohen, 1968), for levels that are ordered."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

LEVELS: Final = 3
"""none, weak, strong; none against strong is worse than none against weak."""

Table = NDArray[np.float64]
"""How often two raters gave each pair of levels: the first one's by row, the second one's by column."""


def weighted_kappa(first: Sequence[int], second: Sequence[int]) -> float:
    """Cohen's kappa with quadratic weights; NaN where both gave one and the same level throughout."""
    table = np.zeros((LEVELS, LEVELS))
    for one, other in zip(first, second, strict=True):
        table[one, other] += 1
    return kappa_of_table(table)


def table_of(pairs: Iterable[tuple[int, int, int]]) -> Table:
    """Return the table of pairs of levels, each given with how often it occurs."""
    table = np.zeros((LEVELS, LEVELS))
    for one, other, times in pairs:
        table[one, other] += times
    return table


def kappa_of_table(table: Table) -> float:
    """Return the kappa of `weighted_kappa` for the levels that a table counts."""
    total = table.sum()
    if not total:
        return float("nan")
    steps = np.subtract.outer(np.arange(LEVELS), np.arange(LEVELS)) ** 2
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / total
    by_chance = float((steps * expected).sum())
    return 1 - float((steps * table).sum()) / by_chance if by_chance else float("nan")
