"""What the reader's answers are worth: rankings, types, critical content, levels and ordered pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.confusion import confusion, f1_by_label, kappa
from training.estimate import Estimate
from training.reader.examples import UNKNOWN

_LEVELS = 3
_SEED = 7
_RESAMPLES = 1_000
_INTERVAL = (0.025, 0.975)


def softmax(logits: Any) -> Any:
    """Return the probabilities of each row."""
    grown = np.exp(logits - logits.max(axis=1, keepdims=True))
    return grown / grown.sum(axis=1, keepdims=True)


def expected_level(logits: Any) -> Any:
    """Return the mean level of each row under its probabilities, from 0 to 2."""
    return softmax(logits) @ np.arange(logits.shape[1])


@dataclass(frozen=True, slots=True)
class LevelMetrics:
    """How far levels of a model agree with those of raters, in 0..1."""

    rated: int
    macro_f1: Estimate
    kappa: Estimate
    """Quadratically weighted."""


def level_metrics(truth: Sequence[int], given: Sequence[int], groups: Sequence[str]) -> LevelMetrics:
    """Compare levels where both sides gave one, with intervals by bootstrap over groups."""
    known = [place for place, level in enumerate(truth) if level != UNKNOWN]
    y, p = np.array(truth, dtype=int)[known], np.array(given, dtype=int)[known]
    names, of_row = np.unique(np.array(groups)[known], return_inverse=True)
    random = np.random.default_rng(_SEED)
    f1s, kappas = [], []
    for _ in range(_RESAMPLES):
        times = np.bincount(random.integers(len(names), size=len(names)), minlength=len(names))[of_row]
        rows = np.repeat(np.arange(len(y)), times)
        counts = confusion(y[rows], p[rows], _LEVELS)
        f1s.append(_macro_f1(counts))
        kappas.append(kappa(counts, weighted=True))
    counts = confusion(y, p, _LEVELS)
    return LevelMetrics(len(y), _estimate(_macro_f1(counts), f1s), _estimate(kappa(counts, weighted=True), kappas))


def _macro_f1(counts: Any) -> float:
    return float(f1_by_label(counts).mean()) if counts.any() else float("nan")


def _estimate(value: float, drawn: Sequence[float]) -> Estimate:
    known = [each for each in drawn if not np.isnan(each)]  # a resample may hold one level alone
    low, high = np.quantile(known, _INTERVAL) if known else (np.nan, np.nan)
    return Estimate(value, float(low), float(high))


def share(hits: Sequence[float], groups: Sequence[str]) -> Estimate:
    """Return the share of hits with an interval by bootstrap over groups; a hit counts 1, or what it counts for."""
    y = np.array(hits, dtype=float)
    names, of_row = np.unique(np.array(groups), return_inverse=True)
    random = np.random.default_rng(_SEED)
    drawn = []
    for _ in range(_RESAMPLES):
        times = np.bincount(random.integers(len(names), size=len(names)), minlength=len(names))[of_row]
        drawn.append(float((y * times).sum() / max(times.sum(), 1)))
    return _estimate(float(y.mean()) if len(y) else float("nan"), drawn)
