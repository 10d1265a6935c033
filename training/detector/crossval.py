"""Scores for turns that the scoring model has not seen, nor anything of their conversation."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from stream.contracts.vocabulary import OperatingPoint
from stream.detection import DetectorInput
from stream.detection.encoder import average
from stream.detection.linear import combine, logistic
from stream.detection.phrases import phrases
from stream.detection.text import tokens
from training.detector import own_set
from training.detector.calibration import Calibration
from training.detector.corpora import Corpus, DataError, LabelledTurn
from training.detector.fitting import Pipeline
from training.detector.meaning import Head
from training.detector.measures import SEED, choose

OUTER, INNER = 5, 3

Scorer = Callable[[Sequence[DetectorInput]], list[float]]
Recipe = Callable[[Sequence[LabelledTurn]], Scorer]
"""Turns to learn from in, a way to score new ones out."""


def learned(turns: Sequence[LabelledTurn]) -> Scorer:
    """The linear model without the phrases."""
    return Pipeline(turns).scores


def shipped(turns: Sequence[LabelledTurn]) -> Scorer:
    """The linear model with the phrases, as it ships."""
    model = Pipeline(turns)

    def score(inputs: Sequence[DetectorInput]) -> list[float]:
        return [
            combine(p, phrases(given.text, given.previous_text))
            for p, given in zip(model.scores(inputs), inputs, strict=True)
        ]

    return score


def paired(turns: Sequence[LabelledTurn]) -> Scorer:
    """Words, phrases and meaning: the detector `encoder`, before its scores are calibrated."""
    lines = own_set.load(own_set.WRITTEN)
    words, head = Pipeline(turns, lines), Head(turns, lines)

    def score(inputs: Sequence[DetectorInput]) -> list[float]:
        meant = head.opinions([given.text for given in inputs])
        return [
            logistic(average(p, phrases(given.text, given.previous_text), logit))
            for p, given, logit in zip(words.scores(inputs), inputs, meant, strict=True)
        ]

    return score


def length_only(_: Sequence[LabelledTurn]) -> Scorer:
    """A baseline that only counts words: the longer, the more resistance."""
    return lambda inputs: [n / (n + 20) for n in (len(tokens(given.text)) for given in inputs)]


def random_order(_: Sequence[LabelledTurn]) -> Scorer:
    """A baseline that knows nothing."""
    source = random.Random(SEED)  # noqa: S311 - a baseline, not a secret
    return lambda inputs: [source.random() for _ in inputs]


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """A turn's score, and what its fold's thresholds made of it."""

    score: float
    flagged: dict[OperatingPoint, bool]
    probability: float = 0.0
    """The score as calibrated on inner folds."""


def out_of_fold(
    turns: Sequence[LabelledTurn], recipe: Recipe, step: Callable[[], None] = lambda: None
) -> list[OutOfFold]:
    """Grouped cross-validation; thresholds come from inner folds of the training part only.

    `step` is called after each of the `OUTER * (INNER + 1)` fits.
    """
    result: dict[int, OutOfFold] = {}
    for train, test in folds(turns, OUTER):
        known = [turns[i] for i in train]
        inner = scored_by_folds(known, recipe, INNER, step)
        thresholds, calibrate = inner.thresholds(), inner.calibration()
        scores = recipe(known)([turns[i].given for i in test])
        step()
        for i, score in zip(test, scores, strict=True):
            flags = {point: score >= cut for point, cut in thresholds.items()}
            result[i] = OutOfFold(score, flags, calibrate(score))
    return [result[i] for i in range(len(turns))]


@dataclass(frozen=True, slots=True)
class Scored:
    """Pooled out-of-fold scores; by their weights each corpus counts alike."""

    labels: list[bool]
    scores: list[float]
    weights: list[float]

    def thresholds(self) -> dict[OperatingPoint, float]:
        """The threshold of each operating point."""
        return choose(self.labels, self.scores, self.weights)

    def calibration(self) -> Calibration:
        """From a score to a probability, every turn counting alike."""
        return Calibration.fit(self.labels, self.scores)


def scored_by_folds(
    turns: Sequence[LabelledTurn], recipe: Recipe, count: int, step: Callable[[], None] = lambda: None
) -> Scored:
    """Each turn's score from a fold that did not see it."""
    pooled = Scored([], [], [])
    share = _corpus_share(turns)
    for train, test in folds(turns, count):
        score = recipe([turns[i] for i in train])
        pooled.scores.extend(score([turns[i].given for i in test]))
        pooled.labels.extend(turns[i].resists for i in test)
        pooled.weights.extend(share[turns[i].corpus] for i in test)
        step()
    return pooled


def choose_by_folds(
    turns: Sequence[LabelledTurn], recipe: Recipe, count: int, step: Callable[[], None] = lambda: None
) -> dict[OperatingPoint, float]:
    """Thresholds from pooled out-of-fold scores of `turns`, in which each corpus counts alike."""
    return scored_by_folds(turns, recipe, count, step).thresholds()


def folds(turns: Sequence[LabelledTurn], count: int) -> Iterator[tuple[list[int], list[int]]]:
    """Train and test indices, stratified by label, each group whole, every corpus in every part.

    Raises:
        DataError: too few conversations with positive turns for that many folds.
    """
    parts: list[list[tuple[list[int], list[int]]]] = []
    for corpus in sorted({turn.corpus for turn in turns}):
        index = np.array([i for i, turn in enumerate(turns) if turn.corpus == corpus])
        labels = [turns[i].resists for i in index]
        groups = [turns[i].group for i in index]
        with_positive = {group for group, label in zip(groups, labels, strict=True) if label}
        if len(with_positive) < count:
            raise DataError(f"{corpus}: {len(with_positive)} conversations hold resistance, {count} folds need as many")
        splitter = StratifiedGroupKFold(count, shuffle=True, random_state=SEED)
        parts.append([(index[a].tolist(), index[b].tolist()) for a, b in splitter.split(index, labels, groups)])
    for split in zip(*parts, strict=True):
        yield [i for train, _ in split for i in train], [i for _, test in split for i in test]


def _corpus_share(turns: Sequence[LabelledTurn]) -> dict[Corpus, float]:
    corpora = [turn.corpus for turn in turns]
    return {corpus: len(turns) / corpora.count(corpus) for corpus in set(corpora)}
