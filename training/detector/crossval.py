"""Cross-validation: scores of turns by models that saw nothing of the same conversation or writer, and thresholds."""

import math
import random
from collections.abc import Callable, Sequence
from typing import Final

from stream.detection import DetectorInput
from stream.detection.lexicons import find_concerns
from stream.detection.text import tokens
from training.detector.fitting import Recipe, TermRegression
from training.detector.measures import SEED
from training.detector.turns import TRANSCRIPTS, LabelledTurn, of_source
from training.errors import DataError
from training.reader.folds import FOLDS, fold_of_groups

# The threshold keeps these shares on out-of-fold scores. The aims are 0.90 and 0.97: a little more is kept, because
# other conversations than those the threshold was chosen on lose some.
RESISTANCE_RECALL: Final = 0.92
CRITICAL_RECALL: Final = 0.98

Scorer = Callable[[Sequence[DetectorInput]], list[float]]
Trainer = Callable[[Sequence[LabelledTurn]], Scorer]
"""A function that learns from turns and returns a function that scores new ones."""


def train(recipe: Recipe) -> Trainer:
    """Return the trainer of a recipe."""
    return lambda turns: TermRegression(turns, recipe).scores


def train_length_baseline(_: Sequence[LabelledTurn]) -> Scorer:
    """Return a baseline that only counts words: the longer a message, the higher its score."""
    return lambda inputs: [n / (n + 20) for n in (len(tokens(given.text)) for given in inputs)]


def train_random_baseline(_: Sequence[LabelledTurn]) -> Scorer:
    """Return a baseline with random scores from a fixed seed."""
    source = random.Random(SEED)
    return lambda inputs: [source.random() for _ in inputs]


def folds_of(turns: Sequence[LabelledTurn]) -> list[int]:
    """Return the fold of each turn; no conversation, video or writer is in two."""
    fold = fold_of_groups([turn.group for turn in turns])
    return [fold[turn.group] for turn in turns]


def score_out_of_fold(
    turns: Sequence[LabelledTurn], trainer: Trainer, step: Callable[[], None] = lambda: None
) -> list[float]:
    """Return the score of each turn, the highest of its messages', from a model that saw nothing of its group.

    `step` is called after each of the `FOLDS` fits.
    """
    folds = folds_of(turns)
    found: dict[int, float] = {}
    for fold in range(FOLDS):
        score = trainer([turn for turn, own in zip(turns, folds, strict=True) if own != fold])
        places = [place for place, own in enumerate(folds) if own == fold]
        found.update(zip(places, score_turns([turns[place] for place in places], score), strict=True))
        step()
    return [found[place] for place in range(len(turns))]


def score_turns(turns: Sequence[LabelledTurn], score: Scorer) -> list[float]:
    """Return the score of each turn: the highest of its messages', since a turn is flagged if one of them is."""
    found = iter(score([given for turn in turns for given in turn.inputs()]))
    return [max(next(found) for _ in turn.messages) for turn in turns]


def heard(turn: LabelledTurn) -> bool:
    """Whether the lexicons find a concern in one of the turn's messages, which marks it without the detector."""
    return any(find_concerns(message) for message in turn.messages)


def choose_threshold(turns: Sequence[LabelledTurn], scores: Sequence[float]) -> float:
    """Return the highest threshold that keeps `RESISTANCE_RECALL` of each kind of transcript and `CRITICAL_RECALL`.

    Critical turns that the lexicons hear are kept whatever their score.

    Raises:
        DataError: there is nothing to choose it by.
    """
    cuts = [
        _highest([s for turn, s in zip(turns, scores, strict=True) if turn.source == source and turn.resists])
        for source in TRANSCRIPTS
        if any(turn.resists for turn in of_source(turns, source))
    ]
    if not cuts:
        raise DataError("no transcript holds a turn that is labelled as resistance")
    critical = [1.0 if heard(turn) else s for turn, s in zip(turns, scores, strict=True) if turn.critical]
    if critical:
        cuts.append(_highest(critical, CRITICAL_RECALL))
    return min(cuts)


def _highest(scores: Sequence[float], recall: float = RESISTANCE_RECALL) -> float:
    return sorted(scores, reverse=True)[math.ceil(recall * len(scores)) - 1]


def cross_fitted_flags(turns: Sequence[LabelledTurn], scores: Sequence[float]) -> list[bool]:
    """Return whether each turn is flagged, by a threshold chosen on the other folds."""
    folds = folds_of(turns)
    cuts = {fold: _cut_of_others(turns, scores, folds, fold) for fold in set(folds)}
    return [score >= cuts[fold] for score, fold in zip(scores, folds, strict=True)]


def _cut_of_others(turns: Sequence[LabelledTurn], scores: Sequence[float], folds: Sequence[int], fold: int) -> float:
    others = [place for place, own in enumerate(folds) if own != fold]
    return choose_threshold([turns[place] for place in others], [scores[place] for place in others])
