"""The agreement of raters: weighted kappa and macro-F1 with intervals, between people, and between people and a model.

Kappa is `plugin.weighted_kappa`. Intervals are percentiles of a bootstrap over items. Pure functions; the random source
is passed in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1_000
"""Percentiles at 2.5 and 97.5 move by about a hundredth from one seed to the next, which no verdict hangs on."""
INTERVAL = (2.5, 97.5)

Pair = tuple[Sequence[int], Sequence[int]]
"""Two raters' levels of the same items."""
Measure = Callable[[Sequence[int], Sequence[int]], float]


@dataclass(frozen=True)
class AgreementEstimate:
    """A figure with its 95 % interval, NaN where it is not defined: only one level, or no item in common."""

    value: float
    low: float
    high: float


def macro_f1(truth: Sequence[int], said: Sequence[int]) -> float:
    """The mean of the F1 of each level that either of them gave."""
    scores = []
    for level in sorted({*truth, *said}):
        both = sum(t == s == level for t, s in zip(truth, said, strict=True))
        scores.append(2 * both / (list(truth).count(level) + list(said).count(level)))
    return fmean(scores) if scores else float("nan")


def estimate_over_pairs(
    pairs: Sequence[Sequence[tuple[int, int] | None]], measure: Measure, random: np.random.Generator
) -> AgreementEstimate:
    """The mean of a measure over pairs of raters, with its interval.

    `pairs` holds for each pair of raters one entry an item, None where one of the two gave no level. Items are drawn
    once for all pairs: raters of the same items are not independent.
    """
    value = _mean(pairs, measure, range(_items(pairs)))
    if np.isnan(value):
        return AgreementEstimate(value, value, value)
    drawn = [_mean(pairs, measure, random.integers(0, _items(pairs), _items(pairs)).tolist()) for _ in range(RESAMPLES)]
    low, high = np.nanpercentile(drawn, INTERVAL)
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
    cuts = sorted({int(cut) for cut in np.quantile(lengths, np.linspace(0, 1, 9))})
    best = max(
        ((low, high) for low in cuts for high in cuts if low <= high),
        key=lambda cut: macro_f1(levels.tolist(), _cut(lengths, *cut).tolist()),
    )
    return int(_cut(np.array([words[leave]]), *best)[0])


def _cut(lengths: NDArray[np.int64], low: int, high: int) -> NDArray[np.int64]:
    return (lengths > low).astype(np.int64) + (lengths > high)


def _median_level(levels: Sequence[int | None]) -> int | None:
    given = sorted(level for level in levels if level is not None)
    return given[(len(given) - 1) // 2] if given else None


def _paired(one: Sequence[int | None], other: Sequence[int | None]) -> list[tuple[int, int] | None]:
    return [None if a is None or b is None else (a, b) for a, b in zip(one, other, strict=True)]


def _items(pairs: Sequence[Sequence[tuple[int, int] | None]]) -> int:
    return len(pairs[0]) if pairs else 0


def _mean(pairs: Sequence[Sequence[tuple[int, int] | None]], measure: Measure, items: Sequence[int] | range) -> float:
    values = []
    for pair in pairs:
        both = [found for i in items if (found := pair[i]) is not None]
        value = measure([a for a, _ in both], [b for _, b in both])
        if not np.isnan(value):
            values.append(value)
    return fmean(values) if values else float("nan")
