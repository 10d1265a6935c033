"""Intervals by bootstrap over conversations, for any statistic of rows."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from training.estimate import Estimate

_SEED = 7
_RESAMPLES = 1_000
_INTERVAL = (0.025, 0.975)


def by_bootstrap(statistic: Callable[[Any], float], groups: Sequence[str]) -> Estimate:
    """Return a statistic with its interval. It gets the numbers of rows, whole groups drawn with replacement."""
    names, of_row = np.unique(np.array(groups), return_inverse=True)
    rows_of = [np.flatnonzero(of_row == number) for number in range(len(names))]
    random = np.random.default_rng(_SEED)
    found = []
    for _ in range(_RESAMPLES):
        drawn = np.concatenate([rows_of[number] for number in random.integers(len(names), size=len(names))])
        if not np.isnan(value := statistic(drawn)):  # a draw may hold one label alone
            found.append(value)
    low, high = np.quantile(found, _INTERVAL) if found else (np.nan, np.nan)
    return Estimate(statistic(np.arange(len(groups))), float(low), float(high))
