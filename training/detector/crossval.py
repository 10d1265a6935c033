"""Cross-validation: scores of turns by models that have not seen any turn of the same conversation."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from stream.contracts.vocabulary import OperatingPoint
from stream.detection import DetectorInput
from stream.detection.encoder import average_logit
from stream.detection.linear import combined_score, logistic
from stream.detection.phrases import find_phrases
from stream.detection.text import tokens
from training.detector import own_set
from training.detector.calibration import Calibration
from training.detector.corpora import Corpus, LabelledTurn
from training.detector.fitting import TermRegression
from training.detector.meaning import EncoderHead
from training.detector.measures import SEED, choose_thresholds
from training.errors import DataError

OUTER, INNER = 5, 3

Scorer = Callable[[Sequence[DetectorInput]], list[float]]
Trainer = Callable[[Sequence[LabelledTurn]], Scorer]
"""A function that learns from turns and returns a function that scores new ones."""


def train_terms(turns: Sequence[LabelledTurn]) -> Scorer:
    """Train the linear model without the phrases."""
    return TermRegression(turns).scores


def train_linear(turns: Sequence[LabelledTurn]) -> Scorer:
    """Train the linear model with the phrases, as it ships."""
    model = TermRegression(turns)

    def score(inputs: Sequence[DetectorInput]) -> list[float]:
        return [
            combined_score(p, find_phrases(given.text, given.previous_text))
            for p, given in zip(model.scores(inputs), inputs, strict=True)
        ]

    return score


def train_encoder(turns: Sequence[LabelledTurn]) -> Scorer:
    """Train the detector `encoder` (words, phrases and meaning), without calibration of its scores."""
    lines = own_set.load(own_set.WRITTEN)
    words, head = TermRegression(turns, lines), EncoderHead(turns, lines)

    def score(inputs: Sequence[DetectorInput]) -> list[float]:
        meant = head.logits([given.text for given in inputs])
        return [
            logistic(average_logit(p, find_phrases(given.text, given.previous_text), logit))
            for p, given, logit in zip(words.scores(inputs), inputs, meant, strict=True)
        ]

    return score


def train_length_baseline(_: Sequence[LabelledTurn]) -> Scorer:
    """Return a baseline that only counts words: the longer a turn, the higher its score."""
    return lambda inputs: [n / (n + 20) for n in (len(tokens(given.text)) for given in inputs)]


def train_random_baseline(_: Sequence[LabelledTurn]) -> Scorer:
    """Return a baseline with random scores from a fixed seed."""
    source = random.Random(SEED)  # noqa: S311 - a baseline, not a secret
    return lambda inputs: [source.random() for _ in inputs]


@dataclass(frozen=True, slots=True)
class OutOfFoldScore:
    """A turn's score, and whether it is flagged at the thresholds of its fold."""

    score: float
    flagged: dict[OperatingPoint, bool]
    probability: float = 0.0
    """The score as calibrated on inner folds."""


def score_out_of_fold(
    turns: Sequence[LabelledTurn], recipe: Trainer, step: Callable[[], None] = lambda: None
) -> list[OutOfFoldScore]:
    """Return a score for each turn by grouped cross-validation, with thresholds from inner folds of the training part.

    `step` is called after each of the `OUTER * (INNER + 1)` fits.
    """
    result: dict[int, OutOfFoldScore] = {}
    for train, test in folds_by_group(turns, OUTER):
        known = [turns[i] for i in train]
        inner = score_by_folds(known, recipe, INNER, step)
        thresholds, calibrate = inner.thresholds(), inner.calibration()
        scores = recipe(known)([turns[i].given for i in test])
        step()
        for i, score in zip(test, scores, strict=True):
            flags = {point: score >= cut for point, cut in thresholds.items()}
            result[i] = OutOfFoldScore(score, flags, calibrate(score))
    return [result[i] for i in range(len(turns))]


@dataclass(frozen=True, slots=True)
class PooledScores:
    """Out-of-fold scores of all folds together, with weights by which each corpus counts alike."""

    labels: list[bool]
    scores: list[float]
    weights: list[float]

    def thresholds(self) -> dict[OperatingPoint, float]:
        """Return the threshold of each operating point."""
        return choose_thresholds(self.labels, self.scores, self.weights)

    def calibration(self) -> Calibration:
        """Return the calibration of scores to probabilities, with equal weight for every turn."""
        return Calibration.fit(self.labels, self.scores)


def score_by_folds(
    turns: Sequence[LabelledTurn], recipe: Trainer, count: int, step: Callable[[], None] = lambda: None
) -> PooledScores:
    """Return each turn's score from a fold that has not seen the turn."""
    pooled = PooledScores([], [], [])
    share = _corpus_share(turns)
    for train, test in folds_by_group(turns, count):
        score = recipe([turns[i] for i in train])
        pooled.scores.extend(score([turns[i].given for i in test]))
        pooled.labels.extend(turns[i].resists for i in test)
        pooled.weights.extend(share[turns[i].corpus] for i in test)
        step()
    return pooled


def choose_thresholds_by_folds(
    turns: Sequence[LabelledTurn], recipe: Trainer, count: int, step: Callable[[], None] = lambda: None
) -> dict[OperatingPoint, float]:
    """Return thresholds from pooled out-of-fold scores of `turns`, in which each corpus counts alike."""
    return score_by_folds(turns, recipe, count, step).thresholds()


def folds_by_group(turns: Sequence[LabelledTurn], count: int) -> Iterator[tuple[list[int], list[int]]]:
    """Yield train and test indices, stratified by label, with whole groups and every corpus in every part.

    Raises:
        DataError: too few conversations have positive turns for that many folds.
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
