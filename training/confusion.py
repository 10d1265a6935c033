"""Macro-F1 and kappa from the counts of two labels, as sklearn has them, fast enough for a thousand resamples."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def codes_of(labels: Sequence[Any], given: Sequence[Any]) -> Any:
    """Return the places of labels in a list of them."""
    places = {label: place for place, label in enumerate(labels)}
    return np.array([places[each] for each in given], dtype=int)


def confusion(truth: Any, given: Any, size: int) -> Any:
    """Return how often each pair of labels comes together: a row for each true one."""
    return np.bincount(truth * size + given, minlength=size * size).reshape(size, size)


def f1_by_label(counts: Any) -> Any:
    """Return the F1 of each label; 0 where it is on neither side."""
    hits = counts.diagonal()
    return 2 * hits / np.maximum(counts.sum(axis=0) + counts.sum(axis=1), 1)


def kappa(counts: Any, *, weighted: bool = False) -> float:
    """Return Cohen's kappa, quadratically weighted or not; NaN where one label is all there is."""
    places = np.arange(len(counts))
    apart = (places[:, None] - places[None, :]) ** 2 if weighted else places[:, None] != places[None, :]
    by_chance = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / max(counts.sum(), 1)
    expected = (apart * by_chance).sum()
    return float(1 - (apart * counts).sum() / expected) if expected else float("nan")
