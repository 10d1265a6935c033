"""The accuracy of levels: macro-F1 with intervals over sessions, and confusion matrices, as pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from training.estimate import Estimate
from training.feedback.data import Levels

LEVELS: Final = 3
NO_LEVEL: Final = LEVELS
"""The column of answers that give no level (unreadable, or null); each is a miss and not a class of its own."""
RESAMPLES: Final = 1_000
_INTERVAL = (0.025, 0.975)


@dataclass(frozen=True)
class RatedExchange:
    """An exchange with people's levels and the model's (None: its answer could not be read)."""

    session: str
    truth: Levels
    predicted: Levels | None


def confusion_matrix(rated: Sequence[RatedExchange], place: int) -> Any:
    """Return a 3 x 4 matrix: rows are the levels of people, columns those of the model, the last one no level."""
    matrix = np.zeros((LEVELS, LEVELS + 1), dtype=np.int64)
    for one in rated:
        truth = one.truth[place]
        if truth is not None:  # without a level of people there is nothing to compare
            level = None if one.predicted is None else one.predicted[place]
            matrix[truth, NO_LEVEL if level is None else level] += 1
    return matrix


def macro_f1(matrix: Any) -> float:
    """Return the mean F1, in percent, over the levels that either side gave."""
    hits = np.diag(matrix[:, :LEVELS])
    given = matrix.sum(axis=1) + matrix[:, :LEVELS].sum(axis=0)
    present = given > 0
    return float(100 * np.mean(2 * hits[present] / given[present])) if present.any() else float("nan")


def macro_f1_with_interval(rated: Sequence[RatedExchange], place: int, seed: int) -> Estimate:
    """Return the macro-F1 of one mechanism, with an interval by bootstrap.

    Sessions are drawn, not exchanges, since the exchanges of a session are alike.
    """
    sessions = sorted({one.session for one in rated})
    matrices = np.stack([confusion_matrix([one for one in rated if one.session == name], place) for name in sessions])
    value = macro_f1(matrices.sum(axis=0))
    if np.isnan(value):
        return Estimate(value, value, value)
    random = np.random.default_rng(seed)
    draws = random.integers(len(sessions), size=(RESAMPLES, len(sessions)))
    low, high = np.nanquantile([macro_f1(matrices[drawn].sum(axis=0)) for drawn in draws], _INTERVAL)
    return Estimate(value, float(low), float(high))
