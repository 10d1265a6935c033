"""The calibration of scores to probabilities, and how well calibrated they are."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from sklearn.linear_model import LogisticRegression

from stream.detection.linear import logistic

BINS = 10
_CERTAIN = 1e-6
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Calibration:
    """Platt's calibration: a straight line through logits, which keeps the order of scores."""

    slope: float
    intercept: float

    @classmethod
    def fit(cls, labels: Sequence[bool], scores: Sequence[float]) -> Self:
        """Fit on scores of turns that the scoring model has not seen."""
        model = LogisticRegression(C=1e6)
        model.fit([[_logit(score)] for score in scores], labels)
        return cls(round(float(model.coef_[0][0]), _DIGITS), round(float(model.intercept_[0]), _DIGITS))

    def __call__(self, score: float) -> float:
        """Return the probability that a turn with this score is labelled resistance."""
        return logistic(self.slope * _logit(score) + self.intercept)


@dataclass(frozen=True, slots=True)
class Bin:
    """A group of turns with similar probabilities: their mean, and the share that was labelled resistance."""

    turns: int
    predicted: float
    observed: float


def reliability_bins(labels: Sequence[bool], probabilities: Sequence[float]) -> list[Bin]:
    """Return ten bins of equal size, the one with the lowest probabilities first."""
    order = np.argsort(probabilities, kind="stable")
    y, p = np.array(labels), np.array(probabilities)
    return [Bin(len(part), float(p[part].mean()), float(y[part].mean())) for part in np.array_split(order, BINS)]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Return the expected calibration error (ECE): the mean difference of predicted and observed over all turns."""
    return sum(each.turns * abs(each.predicted - each.observed) for each in bins) / sum(each.turns for each in bins)


def reliability_svg(named: Mapping[str, Sequence[Bin]]) -> str:
    """Return the reliability diagram as SVG, with one line per corpus over the diagonal."""
    size, edge = 360, 48
    colours = ("#0b6e99", "#b4462a", "#4b7a2b")

    def at(share: float, *, up: bool) -> float:
        return size - edge - share * (size - 2 * edge) if up else edge + share * (size - 2 * edge)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" font-family="sans-serif" font-size="11">',
        f'<rect width="{size}" height="{size}" fill="white"/>',
        f'<line x1="{edge}" y1="{size - edge}" x2="{size - edge}" y2="{edge}" stroke="#999" stroke-dasharray="4"/>',
    ]
    for tick in (0, 0.25, 0.5, 0.75, 1):
        parts += [
            f'<text x="{at(tick, up=False)}" y="{size - edge + 16}" text-anchor="middle">{tick:g}</text>',
            f'<text x="{edge - 8}" y="{at(tick, up=True) + 4}" text-anchor="end">{tick:g}</text>',
        ]
    for (name, bins), colour in zip(named.items(), colours, strict=False):
        points = " ".join(f"{at(each.predicted, up=False):.1f},{at(each.observed, up=True):.1f}" for each in bins)
        row = edge + 14 * list(named).index(name)
        parts += [
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>',
            f'<text x="{edge + 8}" y="{row}" fill="{colour}">{name}, ECE {calibration_error(bins):.3f}</text>',
        ]
    parts += [
        f'<text x="{size / 2}" y="{size - 12}" text-anchor="middle">probability told</text>',
        f'<text x="14" y="{size / 2}" text-anchor="middle" transform="rotate(-90 14 {size / 2})">share labelled</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _logit(score: float) -> float:
    inside = min(max(score, _CERTAIN), 1 - _CERTAIN)
    return math.log(inside / (1 - inside))
