"""The agreement of raters: weighted kappa and macro-F1 with intervals, between people, and between people and a model.

Kappa is `plugin.weighted_kappa`. Intervals are percentiles of a bootstrap over items. Pure functions; the random source
is passed in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from plugin.weighted_kappa import LEVELS, Tables, table_of

RESAMPLES = 1_000
"""Percentiles at 2.5 and 97.5 move by about a hundredth from one seed to the next, which no verdict hangs on."""
INTERVAL = (2.5, 97.5)

Pair = tuple[Sequence[int], Sequence[int]]
"""Two raters' levels of the same items."""
Measure = Callable[[Tables], NDArray[np.float64]]
"""A measure of each of some tables of two raters' levels, such as `kappa_of_tables`; NaN where it is not defined."""


@dataclass(frozen=True)
class AgreementEstimate:
    """A figure with its 95 % interval, NaN where it is not defined: only one level, or no item in common."""

    value: float
    low: float
    high: float


def macro_f1(truth: Sequence[int], said: Sequence[int]) -> float:
    """The mean of the F1 of each level that either of them gave."""
    return float(macro_f1_of_tables(table_of(truth, said)))


def macro_f1_of_tables(tables: Tables) -> NDArray[np.float64]:
    """Return the macro-F1 of each table, NaN where nobody gave a level."""
    both = np.diagonal(tables, axis1=-2, axis2=-1)
    given = tables.sum(axis=-1) + tables.sum(axis=-2)
    f1 = np.zeros(given.shape)
    np.divide(2 * both, given, out=f1, where=given > 0)
    return _mean_where(f1, given > 0)


def estimate_over_pairs(
    pairs: Sequence[Sequence[tuple[int, int] | None]], measure: Measure, random: np.random.Generator
) -> AgreementEstimate:
    """The mean of a measure over pairs of raters, with its interval.

    `pairs` holds for each pair of raters one entry an item, None where one of the two gave no level. Items are drawn
    once for all pairs: raters of the same items are not independent.
    """
    cells = np.array([[_cells(both) for both in pair] for pair in pairs]).reshape(
        len(pairs), _items(pairs), LEVELS * LEVELS
    )
    value = float(_mean_over_pairs(cells.sum(axis=1), measure))
    if np.isnan(value):
        return AgreementEstimate(value, value, value)
    drawn = random.integers(0, _items(pairs), (RESAMPLES, _items(pairs)))
    numbers = np.arange(RESAMPLES)[:, None] * _items(pairs) + drawn
    times = np.bincount(numbers.ravel(), minlength=drawn.size).reshape(drawn.shape).astype(np.float64)
    low, high = np.nanpercentile(_mean_over_pairs(np.einsum("ri,pic->rpc", times, cells), measure), INTERVAL)
    return AgreementEstimate(value, float(low), float(high))


def rater_pairs(raters: Sequence[Sequence[int | None]]) -> list[list[tuple[int, int] | None]]:
    """Every two raters, item by item."""
    return [_paired(one, other) for one, other in combinations(raters, 2)]


def pairs_with(
    raters: Sequence[Sequence[int | None]], other: Sequence[int | None]
) -> list[list[tuple[int, int] | None]]:
    """Return the pairs of levels of each rater and one other source."""
    return [_paired(rater, other) for rater in raters]


def levels_by_length(words: Sequence[int], raters: Sequence[Sequence[int | None]]) -> list[int | None]:
    """Return the levels that two cuts in the reply's length give: each item by the cuts that fit all other items best.

    A model that does not beat this has learned how long replies are.
    """
    means = [_median_level([rater[i] for rater in raters]) for i in range(len(words))]
    return [_level_by_cuts(words, means, leave=i) for i in range(len(words))]


def _level_by_cuts(words: Sequence[int], means: Sequence[int | None], leave: int) -> int | None:
    known = [(words[i], level) for i, level in enumerate(means) if i != leave and level is not None]
    if not known:
        return None
    lengths = np.array([length for length, _ in known])
    levels = np.array([level for _, level in known])
    cuts = np.unique(np.quantile(lengths, np.linspace(0, 1, 9)).astype(np.int64))
    lows, highs = (cuts[places] for places in np.triu_indices(len(cuts)))
    scores = macro_f1_of_tables(_tables_of_rows(levels, _cut(lengths, lows[:, None], highs[:, None])))
    best = int(scores.argmax())
    return int(_cut(np.array(words[leave]), lows[best], highs[best]))


def _cut(lengths: NDArray[np.int64], low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.int64]:
    return (lengths > low).astype(np.int64) + (lengths > high)


def _tables_of_rows(levels: NDArray[np.int64], rows: NDArray[np.int64]) -> Tables:
    """Return a table for each row: how often the levels met those of the row."""
    cells = LEVELS * LEVELS
    numbers = np.arange(len(rows))[:, None] * cells + levels * LEVELS + rows
    return np.bincount(numbers.ravel(), minlength=len(rows) * cells).reshape(-1, LEVELS, LEVELS).astype(np.float64)


def _median_level(levels: Sequence[int | None]) -> int | None:
    given = sorted(level for level in levels if level is not None)
    return given[(len(given) - 1) // 2] if given else None


def _paired(one: Sequence[int | None], other: Sequence[int | None]) -> list[tuple[int, int] | None]:
    return [None if a is None or b is None else (a, b) for a, b in zip(one, other, strict=True)]


def _items(pairs: Sequence[Sequence[tuple[int, int] | None]]) -> int:
    return len(pairs[0]) if pairs else 0


def _cells(both: tuple[int, int] | None) -> Tables:
    """Return the table of one item, as one row."""
    return table_of(*(([], []) if both is None else ([both[0]], [both[1]]))).ravel()


def _mean_over_pairs(cells: Tables, measure: Measure) -> NDArray[np.float64]:
    """Return the mean of a measure over the last axis but one, that of the pairs; NaN where no pair has one."""
    values = measure(cells.reshape(*cells.shape[:-1], LEVELS, LEVELS))
    return _mean_where(np.nan_to_num(values), ~np.isnan(values))


def _mean_where(values: NDArray[np.float64], counts: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the mean over the last axis of the values that count; NaN where none does."""
    number = counts.sum(axis=-1)
    mean = np.full(number.shape, np.nan)
    np.divide((values * counts).sum(axis=-1), number, out=mean, where=number > 0)
    return mean
