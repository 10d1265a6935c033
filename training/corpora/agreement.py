"""Measures how far two independent raters of the same replies agree."""

from collections.abc import Mapping
from dataclasses import dataclass

from sklearn.metrics import cohen_kappa_score

from stream.contracts.vocabulary import Mechanism
from training.corpora.labels import ReplyLabel, TurnId


@dataclass(frozen=True, slots=True)
class LevelAgreement:
    """The agreement of two raters on the levels of one mechanism."""

    replies: int
    same: float
    """The share of replies that both gave one level."""
    kappa: float
    """Quadratically weighted (Cohen, 1968); chance is 0."""


def level_agreement(
    first: Mapping[TurnId, ReplyLabel], second: Mapping[TurnId, ReplyLabel]
) -> dict[Mechanism, LevelAgreement]:
    """Compare the levels of the replies that both rated; a mechanism that either could not rate is left out."""
    found: dict[Mechanism, LevelAgreement] = {}
    for mechanism in Mechanism:
        pairs = [
            (int(first[turn].levels[mechanism]), int(label.levels[mechanism]))
            for turn, label in second.items()
            if turn in first and mechanism in first[turn].levels and mechanism in label.levels
        ]
        same = sum(one == other for one, other in pairs) / len(pairs) if pairs else float("nan")
        ones, others = [one for one, _ in pairs], [other for _, other in pairs]
        # One level on both sides throughout says nothing of agreement by chance.
        says = len({*ones, *others}) > 1
        kappa = float(cohen_kappa_score(ones, others, weights="quadratic", labels=[0, 1, 2])) if says else float("nan")
        found[mechanism] = LevelAgreement(len(pairs), same, kappa)
    return found
