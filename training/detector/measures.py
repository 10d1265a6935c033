"""Figures for a ranking and for a threshold, and how thresholds are chosen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_curve

from stream.contracts.vocabulary import OperatingPoint

SEED = 7
# The gate must let through this share of what the labels call resistance: a model or a person sorts after it.
GATE_RECALL = 0.8
# At its precise point a false flag costs more than a miss: F-beta with beta 0.5, precision twice recall.
ALONE_BETA = 0.5
_RESAMPLES = 1_000


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """What holds once scores are cut, all in 0..1."""

    f1: float
    recall: float
    precision: float
    flagged: float


def pr_auc(labels: Sequence[bool], scores: Sequence[float]) -> float:
    """Average precision: the area under the precision-recall curve; by chance it is the share of positives."""
    return float(average_precision_score(labels, scores))


def interval(labels: Sequence[bool], scores: Sequence[float], groups: Sequence[str]) -> tuple[float, float]:
    """95% interval of the PR-AUC, by bootstrap over conversations."""
    random = np.random.default_rng(SEED)
    y, s = np.array(labels), np.array(scores)
    members = [np.flatnonzero(np.array(groups) == group) for group in sorted(set(groups))]
    areas = []
    for _ in range(_RESAMPLES):
        drawn = np.concatenate([members[i] for i in random.integers(len(members), size=len(members))])
        if y[drawn].any():
            areas.append(pr_auc(y[drawn].tolist(), s[drawn].tolist()))
    low, high = np.quantile(areas, (0.025, 0.975))
    return float(low), float(high)


def at_threshold(labels: Sequence[bool], flags: Sequence[bool]) -> AtThreshold:
    """F1, recall, precision and share flagged of a set of decisions."""
    hits = sum(label and flag for label, flag in zip(labels, flags, strict=True))
    flagged, positive = sum(flags), sum(labels)
    return AtThreshold(
        f1=2 * hits / (flagged + positive) if flagged + positive else 0.0,
        recall=hits / positive if positive else 0.0,
        precision=hits / flagged if flagged else 0.0,
        flagged=flagged / len(labels) if labels else 0.0,
    )


def choose(labels: Sequence[bool], scores: Sequence[float], weights: Sequence[float]) -> dict[OperatingPoint, float]:
    """The threshold of each operating point; a score is flagged when it is not below.

    `gate` is the highest that keeps `GATE_RECALL`; `alone` has the best F-beta and is never below `gate`.
    """
    precision, recall, cuts = precision_recall_curve(labels, scores, sample_weight=weights)
    precision, recall = precision[:-1], recall[:-1]  # the last point has no threshold
    gate = int(np.flatnonzero(recall >= GATE_RECALL)[-1])
    square = ALONE_BETA**2
    f_beta = (1 + square) * precision * recall / np.maximum(square * precision + recall, 1e-12)
    alone = max(gate, int(np.argmax(f_beta)))
    return {OperatingPoint.GATE: float(cuts[gate]), OperatingPoint.ALONE: float(cuts[alone])}
