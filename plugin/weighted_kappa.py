"""Cohen's kappa with quadratic weights (Cohen, 1968), for levels that are ordered."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

LEVELS: Final = 3
"""none, weak, strong; none against strong is worse than none against weak."""

Tables = NDArray[np.float64]
"""How often each level met each other one, in the last two axes; any axes before them count tables."""


def weighted_kappa(first: Sequence[int], second: Sequence[int]) -> float:
    """Cohen's kappa with quadratic weights; NaN where both gave one and the same level throughout."""
    return float(kappa_of_tables(table_of(first, second)))


def table_of(first: Sequence[int], second: Sequence[int]) -> Tables:
    """Return how often each level of one rater met each level of the other, item by item."""
    table = np.zeros((LEVELS, LEVELS))
    for one, other in zip(first, second, strict=True):
        table[one, other] += 1
    return table


def table_of_counts(pairs: Iterable[tuple[int, int, int]]) -> Tables:
    """Return the table of pairs of levels, each given with how often it occurs."""
    table = np.zeros((LEVELS, LEVELS))
    for one, other, times in pairs:
        table[one, other] += times
    return table


def kappa_of_tables(tables: Tables) -> NDArray[np.float64]:
    """Return the kappa of each table, NaN where it is not defined."""
    steps = np.subtract.outer(np.arange(LEVELS), np.arange(LEVELS)) ** 2
    observed = (steps * tables).sum(axis=(-2, -1)) * tables.sum(axis=(-2, -1))
    by_chance = (steps * tables.sum(axis=-1)[..., :, None] * tables.sum(axis=-2)[..., None, :]).sum(axis=(-2, -1))
    kappa = np.full(by_chance.shape, np.nan)
    np.divide(observed, by_chance, out=kappa, where=by_chance > 0)
    return np.asarray(1 - kappa)
