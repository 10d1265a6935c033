"""Fits the baseline of the dynamics to ratings, and measures what it is worth beside constants and length alone."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from stream.contracts.vocabulary import Role
from stream.measures.anchors import ANCHORS, HIGHEST, LOWEST, Dimension, RatedOn
from stream.measures.dynamics import WEIGHTS, estimate
from stream.measures.features import features
from training.confusion import codes_of, confusion, kappa
from training.corpora.labels import TurnId
from training.estimate import Estimate
from training.measures.intervals import by_bootstrap
from training.measures.sessions import HeardTalk

_FOLDS = 5
_SEED = 0
_RIDGE = 10.0
"""The penalty on weights of standardised features, set beforehand: with 160 rows and ten features a light one."""
_SCALE = list(range(LOWEST, HIGHEST + 1))
Weights = dict[str, float]


@dataclass(frozen=True, slots=True)
class RatedRow:
    """The features of one turn or window, and its rating."""

    talk: str
    group: str
    features: Mapping[str, float]
    rating: float


@dataclass(frozen=True, slots=True)
class Worth:
    """How near estimates come to ratings."""

    correlation: Estimate
    """Pearson's."""
    kappa: Estimate
    """Quadratically weighted, both rounded."""
    skill: Estimate
    """1 less the squared error as a share of that of the mean rating: 0 is a constant, below it is worse than one."""


def rated_rows(
    talks: Sequence[HeardTalk], ratings: Mapping[TurnId, Mapping[Dimension, float]], dimension: Dimension
) -> list[RatedRow]:
    """Return a row for each rated turn or window; those of which the measure says nothing are left out."""
    found = []
    for each in talks:
        number = 0
        for place, turn in enumerate(each.session.turns):
            if turn.role is not Role.CLIENT:
                continue
            number += 1
            rating = ratings.get((each.talk.id, number), {}).get(dimension)
            at = place if ANCHORS[dimension].rated_on is RatedOn.CLIENT_TURN else place + 1
            if rating is not None and not each.heard.turns[at].is_critical:
                given = features(dimension, each.session, each.heard, at)
                found.append(RatedRow(each.talk.id, each.talk.group, given, rating))
    return found


def fit(rows: Sequence[RatedRow]) -> Weights:
    """Return the weights of a ridge regression, in the units of the features."""
    names = list(rows[0].features)
    given, ratings = _matrix(rows, names), np.array([row.rating for row in rows])
    mean, spread = given.mean(axis=0), given.std(axis=0)
    spread[spread == 0] = 1
    scaled = (given - mean) / spread
    inner = scaled.T @ scaled + _RIDGE * np.eye(len(names))
    weights = np.linalg.solve(inner, scaled.T @ (ratings - ratings.mean())) / spread
    intercept = ratings.mean() - weights @ mean
    return {"intercept": round(float(intercept), 4)} | {
        name: round(float(weight), 4) for name, weight in zip(names, weights, strict=True)
    }


def out_of_fold(rows: Sequence[RatedRow]) -> dict[str, Any]:
    """Return the estimates of rows by weights that saw nothing of their conversation, by baseline and by its losers."""
    groups = sorted({row.group for row in rows})
    random.Random(_SEED).shuffle(groups)
    fold = np.array([groups.index(row.group) % _FOLDS for row in rows])
    found = {name: np.zeros(len(rows)) for name in ("baseline", "length alone", "constant")}
    for number in range(_FOLDS):
        known = [row for row, own in zip(rows, fold, strict=True) if own != number]
        of_length = fit([by_length(row) for row in known])
        weights, mean = fit(known), float(np.mean([row.rating for row in known]))
        for place in np.flatnonzero(fold == number).tolist():
            found["baseline"][place] = estimate(weights, rows[place].features)
            found["length alone"][place] = estimate(of_length, by_length(rows[place]).features)
            found["constant"][place] = mean
    return found


def shipped(rows: Sequence[RatedRow], dimension: Dimension, weights: Weights | None = None) -> Any:
    """Return the estimates of rows by the weights that ship, or by given ones."""
    return np.array([estimate(weights or WEIGHTS[dimension.value], row.features) for row in rows])


def worth(rows: Sequence[RatedRow], given: Any, constant: Any) -> Worth:
    """Return how near estimates come to the ratings of rows, with intervals by bootstrap over conversations."""
    ratings = np.array([row.rating for row in rows])
    rounded, estimated = (codes_of(_SCALE, np.floor(each + 0.5).astype(int).tolist()) for each in (ratings, given))

    def correlation(drawn: Any) -> float:
        one, other = ratings[drawn], given[drawn]
        return float(np.corrcoef(one, other)[0, 1]) if one.std() > 0 and other.std() > 0 else float("nan")

    def agreement(drawn: Any) -> float:
        return kappa(confusion(rounded[drawn], estimated[drawn], len(_SCALE)), weighted=True)

    def skill(drawn: Any) -> float:
        of_constant = ((ratings[drawn] - constant[drawn]) ** 2).sum()
        return float(1 - ((ratings[drawn] - given[drawn]) ** 2).sum() / of_constant) if of_constant else float("nan")

    groups = [row.group for row in rows]
    return Worth(*(by_bootstrap(statistic, groups) for statistic in (correlation, agreement, skill)))


def by_length(row: RatedRow) -> RatedRow:
    """Return a row with the features that are lengths alone."""
    kept = {name: given for name, given in row.features.items() if "length" in name}
    return replace(row, features=kept)


def _matrix(rows: Sequence[RatedRow], names: Sequence[str]) -> Any:
    return np.array([[row.features[name] for name in names] for row in rows])
