"""Compares the baseline's behaviours and levels with existing labels, with whole groups and bootstrap intervals."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline, make_union

from training.baseline.rules import RatedReply
from training.baseline.turns import BEHAVIOURS, CounsellorTurn
from training.estimate import Estimate

FOLDS = 5
RESAMPLES = 500
"""The number of bootstrap draws, enough for two digits of an interval."""
MIN_WORDS = 4
"""The fewest words of a turn that counts: shorter turns ("Mm-hmm.") carry their conversation's label by chance."""
SEED = 0
Model = TypeVar("Model")
Prediction = TypeVar("Prediction")
_PIECES = r"\w+|\?"  # the mark of a question is a word of its own


@dataclass(frozen=True)
class BehaviourRow:
    """The figures of one behaviour classifier: macro-F1, and F1 by behaviour."""

    name: str
    macro: Estimate
    by_behaviour: dict[str, float]


@dataclass(frozen=True)
class QualityRow:
    """The ROC-AUC with which one number separates turns of high from turns of low conversations; 0.5 by chance."""

    name: str
    auc: Estimate


def folds_by_video(turns: Sequence[CounsellorTurn]) -> Iterator[tuple[list[int], list[int]]]:
    """Yield the indices to train on and to test on; a video is never in both."""
    cut = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    labels, groups = [turn.behaviour for turn in turns], [turn.video for turn in turns]
    for train, test in cut.split(labels, labels, groups):
        yield train.tolist(), test.tolist()


def predict_by_folds(
    turns: Sequence[CounsellorTurn],
    fit: Callable[[Sequence[CounsellorTurn]], Model],
    predict: Callable[[Model, CounsellorTurn], Prediction],
) -> list[Prediction]:
    """Return the prediction for each turn of a model that was fitted on other videos."""
    predicted: dict[int, Prediction] = {}
    for train, test in folds_by_video(turns):
        fitted = fit([turns[place] for place in train])
        predicted |= {place: predict(fitted, turns[place]) for place in test}
    return [predicted[place] for place in range(len(turns))]


def fit_reference(turns: Sequence[CounsellorTurn]) -> Pipeline:
    """Fit the reference model: 1-2 words and 3-5 characters of the reply, weighted by rarity (TF-IDF)."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=_PIECES)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    model = make_pipeline(make_union(words, characters), LogisticRegression(max_iter=1000, class_weight="balanced"))
    return model.fit([turn.reply for turn in turns], [turn.behaviour for turn in turns])


def predict_behaviour(model: Pipeline, turn: CounsellorTurn) -> str:
    """Return the kind of utterance that a fitted pipeline predicts."""
    return str(model.predict([turn.reply])[0])


def evaluate_behaviours(name: str, turns: Sequence[CounsellorTurn], predicted: Sequence[str]) -> BehaviourRow:
    """Return the figures of one way of telling behaviours apart."""
    truth, found = np.array([turn.behaviour for turn in turns]), np.array(predicted)
    macro = _bootstrap_over_groups(
        [turn.video for turn in turns],
        lambda chosen: float(
            f1_score(truth[chosen], found[chosen], labels=BEHAVIOURS, average="macro", zero_division=0)
        ),
    )
    each = f1_score(truth, found, labels=BEHAVIOURS, average=None, zero_division=0)
    return BehaviourRow(name, macro, dict(zip(BEHAVIOURS, map(float, each), strict=True)))


def evaluate_quality(name: str, turns: Sequence[CounsellorTurn], scores: Sequence[float]) -> QualityRow:
    """Return how well a number separates turns of high and low conversations; the label is the conversation's."""
    truth, score = np.array([turn.quality == "high" for turn in turns]), np.array(scores)

    def auc(chosen: Sequence[int]) -> float:
        if len(set(truth[chosen])) == 1:
            return float("nan")
        return float(roc_auc_score(truth[chosen], score[chosen]))

    return QualityRow(name, _bootstrap_over_groups([turn.video for turn in turns], auc))


def drop_short_turns(
    turns: Sequence[CounsellorTurn], read: Sequence[RatedReply]
) -> tuple[list[CounsellorTurn], list[RatedReply]]:
    """Return the turns of at least four words that the rules can read, with their ratings."""
    kept = [
        (turn, one)
        for turn, one in zip(turns, read, strict=True)
        if len(turn.reply.split()) >= MIN_WORDS and None not in one.levels
    ]
    return [turn for turn, _ in kept], [one for _, one in kept]


def _bootstrap_over_groups(groups: Sequence[str], measure: Callable[[Sequence[int]], float]) -> Estimate:
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
    return Estimate(measure(range(len(groups))), float(low), float(high))
