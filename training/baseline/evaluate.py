"""What the baseline's cues and levels are worth against existing labels. Groups stay whole; intervals by bootstrap."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline, make_union

from training.baseline.rules import Read
from training.baseline.turns import BEHAVIOURS, CounsellorTurn

FOLDS = 5
RESAMPLES = 500
"""Enough for two digits of an interval."""
MIN_WORDS = 4
"""Shorter turns ("Mm-hmm.") carry the label of their conversation by chance."""
SEED = 0
_PIECES = r"\w+|\?"  # the mark of a question is a word of its own


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval over groups."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """As a table shows it."""
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class BehaviourRow:
    """How well one way of telling behaviours apart does: macro-F1, and F1 by behaviour."""

    name: str
    macro: Interval
    by_behaviour: dict[str, float]


@dataclass(frozen=True)
class QualityRow:
    """How well one number tells turns of high from turns of low conversations: ROC-AUC, 0.5 by chance."""

    name: str
    auc: Interval


def trained(turns: Sequence[CounsellorTurn]) -> list[str]:
    """Behaviours by words 1-2 and characters 3-5 of the reply, cross-validated by video."""
    texts = [turn.reply for turn in turns]
    labels = np.array([turn.behaviour for turn in turns])
    groups = [turn.video for turn in turns]
    found = np.empty(len(turns), dtype=object)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    for train, test in folds.split(texts, labels, groups):
        model = clone(_model())
        model.fit([texts[i] for i in train], labels[train])
        found[test] = model.predict([texts[i] for i in test])
    return [str(label) for label in found]


def behaviours(name: str, turns: Sequence[CounsellorTurn], said: Sequence[str]) -> BehaviourRow:
    """Figures of one way of telling behaviours apart."""
    truth, told = np.array([turn.behaviour for turn in turns]), np.array(said)
    macro = _over_groups(
        [turn.video for turn in turns],
        lambda chosen: float(
            f1_score(truth[chosen], told[chosen], labels=BEHAVIOURS, average="macro", zero_division=0)
        ),
    )
    each = f1_score(truth, told, labels=BEHAVIOURS, average=None, zero_division=0)
    return BehaviourRow(name, macro, dict(zip(BEHAVIOURS, map(float, each), strict=True)))


def quality(name: str, turns: Sequence[CounsellorTurn], scores: Sequence[float]) -> QualityRow:
    """How far a number is higher in conversations called high. The label is the conversation's, not the turn's."""
    truth, score = np.array([turn.quality == "high" for turn in turns]), np.array(scores)

    def auc(chosen: Sequence[int]) -> float:
        if len(set(truth[chosen])) == 1:
            return float("nan")
        return float(roc_auc_score(truth[chosen], score[chosen]))

    return QualityRow(name, _over_groups([turn.video for turn in turns], auc))


def long_enough(turns: Sequence[CounsellorTurn], read: Sequence[Read]) -> tuple[list[CounsellorTurn], list[Read]]:
    """Turns that say something and that the rules can read."""
    kept = [
        (turn, one)
        for turn, one in zip(turns, read, strict=True)
        if len(turn.reply.split()) >= MIN_WORDS and None not in one.levels
    ]
    return [turn for turn, _ in kept], [one for _, one in kept]


def _model() -> Pipeline:
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=_PIECES)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    return make_pipeline(make_union(words, characters), LogisticRegression(max_iter=1000, class_weight="balanced"))


def _over_groups(groups: Sequence[str], measure: Callable[[Sequence[int]], float]) -> Interval:
    places: dict[str, list[int]] = {}
    for place, group in enumerate(groups):
        places.setdefault(group, []).append(place)
    names = sorted(places)
    random = np.random.default_rng(SEED)
    drawn = []
    for _ in range(RESAMPLES):
        chosen = [place for name in random.choice(names, len(names)) for place in places[name]]
        drawn.append(measure(chosen))
    low, high = np.nanpercentile(drawn, (2.5, 97.5))
    return Interval(measure(range(len(groups))), float(low), float(high))
