"""How right levels are: macro-F1 with intervals over sessions, and confusion matrices. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from training.feedback.data import Levels

LEVELS: Final = 3
NO_LEVEL: Final = LEVELS
"""The column of answers that give no level: unreadable, or null. A miss, and no class of its own."""
RESAMPLES: Final = 1_000
_INTERVAL = (0.025, 0.975)


@dataclass(frozen=True)
class Figure:
    """One figure, in percent, with its 95 % interval. NaN where there is nothing to measure."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return "-" if np.isnan(self.value) else f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


@dataclass(frozen=True)
class Judged:
    """One exchange: what people said, what the model said (None: its answer could not be read)."""

    session: str
    truth: Levels
    said: Levels | None


def confusion(judged: Sequence[Judged], place: int) -> Any:
    """3 x 4: rows what people said, columns what the model said, the last one for no level at all."""
    table = np.zeros((LEVELS, LEVELS + 1), dtype=np.int64)
    for one in judged:
        truth = one.truth[place]
        if truth is not None:  # where people gave no level there is nothing to be right about
            said = None if one.said is None else one.said[place]
            table[truth, NO_LEVEL if said is None else said] += 1
    return table


def macro_f1(table: Any) -> float:
    """The mean F1, in percent, of the levels that either side gave."""
    hits = np.diag(table[:, :LEVELS])
    given = table.sum(axis=1) + table[:, :LEVELS].sum(axis=0)
    present = given > 0
    return float(100 * np.mean(2 * hits[present] / given[present])) if present.any() else float("nan")


def macro_f1_over_sessions(judged: Sequence[Judged], place: int, seed: int) -> Figure:
    """Macro-F1 of one mechanism. Sessions are drawn, not exchanges: those of one session are alike."""
    sessions = sorted({one.session for one in judged})
    tables = np.stack([confusion([one for one in judged if one.session == name], place) for name in sessions])
    value = macro_f1(tables.sum(axis=0))
    if np.isnan(value):
        return Figure(value, value, value)
    random = np.random.default_rng(seed)
    draws = random.integers(len(sessions), size=(RESAMPLES, len(sessions)))
    low, high = np.nanquantile([macro_f1(tables[drawn].sum(axis=0)) for drawn in draws], _INTERVAL)
    return Figure(value, float(low), float(high))
