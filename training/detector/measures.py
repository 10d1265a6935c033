"""Measures of a ranking and of a threshold."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score

from training.estimate import Estimate

SEED = 7
_RESAMPLES = 1_000


@dataclass(frozen=True, slots=True)
class ThresholdMetrics:
    """The metrics at one threshold, all in 0..1."""

    f1: float
    recall: float
    precision: float
    flagged: float


def roc_auc(labels: Sequence[bool], scores: Sequence[float]) -> Estimate:
    """Return how often a positive scores above a negative, 0.5 by chance, with a bootstrap over either kind."""
    random = np.random.default_rng(SEED)
    y, s = np.array(labels), np.array(scores)
    above = np.sign(s[y][:, None] - s[~y][None, :]) / 2 + 0.5
    found = []
    for _ in range(_RESAMPLES):
        rows, columns = (np.bincount(random.integers(n, size=n), minlength=n) for n in above.shape)
        found.append(float(rows @ above @ columns) / above.size)
    low, high = np.quantile(found, (0.025, 0.975))
    return Estimate(float(above.mean()), float(low), float(high))


def pr_auc(labels: Sequence[bool], scores: Sequence[float]) -> float:
    """Return the area under the precision-recall curve (average precision); by chance it is the share of positives."""
    return float(average_precision_score(labels, scores))


class _Ranking:
    """A ranking of turns that is sorted once, to compute its PR-AUC for any count of each turn."""

    def __init__(self, labels: Sequence[bool], scores: Sequence[float]) -> None:
        y, s = np.array(labels), np.array(scores)
        self._order = np.argsort(-s, kind="stable")
        self._positive = y[self._order]
        ranked = s[self._order]
        self._last_of_equals = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))

    def area(self, counts: Any) -> float:
        """Return the average precision when turn i counts `counts[i]` times."""
        drawn = counts[self._order]
        hits = np.cumsum(drawn * self._positive)[self._last_of_equals]
        flagged = np.cumsum(drawn)[self._last_of_equals]
        gained = np.diff(hits, prepend=0)
        return float((gained * hits / np.maximum(flagged, 1)).sum() / hits[-1])


def _bootstrap_counts(labels: Sequence[bool], groups: Sequence[str]) -> Iterator[Any]:
    """Yield how often each turn is drawn when conversations are drawn with replacement."""
    random = np.random.default_rng(SEED)
    names, of_turn = np.unique(np.array(groups), return_inverse=True)
    y = np.array(labels)
    for _ in range(_RESAMPLES):
        drawn = np.bincount(random.integers(len(names), size=len(names)), minlength=len(names))[of_turn]
        if (drawn * y).any():
            yield drawn


def pr_auc_estimate(labels: Sequence[bool], scores: Sequence[float], groups: Sequence[str]) -> Estimate:
    """Return the PR-AUC with its interval, by bootstrap over conversations."""
    ranking = _Ranking(labels, scores)
    low, high = np.quantile([ranking.area(drawn) for drawn in _bootstrap_counts(labels, groups)], (0.025, 0.975))
    return Estimate(pr_auc(labels, scores), float(low), float(high))


def pr_auc_gain(
    labels: Sequence[bool], scores: Sequence[float], reference: Sequence[float], groups: Sequence[str]
) -> Estimate:
    """Return by how much the PR-AUC of `scores` is above that of `reference`, for the same turns.

    The bootstrap over conversations is paired: both are measured on each draw.
    """
    one, other = _Ranking(labels, scores), _Ranking(labels, reference)
    found = [one.area(drawn) - other.area(drawn) for drawn in _bootstrap_counts(labels, groups)]
    low, high = np.quantile(found, (0.025, 0.975))
    return Estimate(pr_auc(labels, scores) - pr_auc(labels, reference), float(low), float(high))


def metrics_at_recall(labels: Sequence[bool], scores: Sequence[float], recall: float) -> ThresholdMetrics:
    """Return the metrics at the highest threshold with this `recall` on these turns: orientation, not a promise."""
    y, s = np.array(labels), np.array(scores)
    kept = np.sort(s[y])[::-1]
    cut = kept[int(np.ceil(recall * len(kept))) - 1]
    return threshold_metrics(labels, (s >= cut).tolist())


def threshold_metrics(labels: Sequence[bool], flags: Sequence[bool]) -> ThresholdMetrics:
    """Return F1, recall, precision and share flagged of a set of decisions."""
    hits = sum(label and flag for label, flag in zip(labels, flags, strict=True))
    flagged, positive = sum(flags), sum(labels)
    return ThresholdMetrics(
        f1=2 * hits / (flagged + positive) if flagged + positive else 0.0,
        recall=hits / positive if positive else 0.0,
        precision=hits / flagged if flagged else 0.0,
        flagged=flagged / len(labels) if labels else 0.0,
    )
