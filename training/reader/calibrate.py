"""Chooses the reader's calibration and thresholds on out-of-fold answers."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve

from stream.contracts.vocabulary import Mechanism
from training.reader.evaluate import critical_scores, resistance_scores
from training.reader.examples import ReplyExample, TurnExample
from training.reader.praise import choose_praise


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """How often a grade of critical content may be heard where there is none, as shares of turns."""

    written: float
    """Of harmless written turns, half of them made to sound dangerous."""
    transcripts: float
    """Of client turns of transcripts, each corpus counting alike. Nobody labelled danger there, but it is rare."""


SURE = FalseAlarms(written=0.01, transcripts=0.001)
"""A session with it comes first in the queue, which is worth nothing if most of them do. One turn in a thousand is one
session of 30 turns in thirty-four; turns that are written to be vivid are taken for danger ten times as often."""
POSSIBLE = FalseAlarms(written=0.1, transcripts=0.01)
"""A moment with it is rated by nobody, and its session keeps an ordinary place: what a supervisor can put up with."""
TRANSCRIPTS = frozenset({"annomi", "mibot"})
"""The sources of real turns."""
CONFIRM_RECALL = 0.4
"""Of resisting turns, each corpus counting alike: half of what is shown should be right, and this is what it costs."""
PLANTED = 0.9
"""From here on a supervisor is told: none of 1,500 sentences of unseen writers, three in five of planted ones. At .5
one exchange in ten of the samples was marked in error."""
DOUBTFUL = 0.05
"""From here on a sentence is not rated: one in twenty of unseen writers, nine in ten of planted ones."""


@dataclass(frozen=True, slots=True)
class ResistanceScale:
    """What makes a score of resistance a probability, and the probability from which on a moment is confirmed."""

    calibration: tuple[float, float]
    """Slope and intercept of the straight line through logits."""
    confirm: float


def choose_resistance(turns: Sequence[TurnExample], logits: Any) -> ResistanceScale:
    """Return calibration and threshold of resistance.

    Both are chosen on transcripts alone, where resistance is as rare as in life, each corpus counting alike.
    """
    real = _real(turns)
    labels = [turns[place].resists for place in real]
    scores, weights = resistance_scores(logits)[real], _weights([turns[place] for place in real])
    slope, intercept = _platt(labels, scores, weights)
    calibrated = 1 / (1 + np.exp(-(slope * _logit(scores) + intercept)))
    return ResistanceScale(
        (slope, intercept), _rounded_down(_threshold_of_recall(labels, calibrated.tolist(), weights))
    )


def choose(
    turns: Sequence[TurnExample],
    logits: Any,
    replies: Sequence[ReplyExample],
    reply_logits: Any,
    resistance: ResistanceScale | None = None,
) -> dict[str, object]:
    """Return calibration and thresholds as the served model reads them; `resistance` may be chosen on other turns."""
    real = _real(turns)
    weights = _weights([turns[place] for place in real])
    resistance = resistance or choose_resistance(turns, logits)
    harmless = [
        place for place, turn in enumerate(turns) if turn.source in {"written", "danger"} and turn.critical == 0
    ]
    dangers = critical_scores(logits)
    critical, possible = (
        max(
            np.quantile(dangers[harmless], 1 - allowed.written),
            np.quantile(dangers[real], 1 - allowed.transcripts, weights=weights, method="inverted_cdf"),
        )
        for allowed in (SURE, POSSIBLE)
    )
    return {
        "calibration": resistance.calibration,
        "thresholds": {
            "confirm": resistance.confirm,
            "critical": round(float(critical), 4),
            "possible_critical": round(float(possible), 4),
            "planted": PLANTED,
            "doubtful": DOUBTFUL,
        }
        | {f"praise_{mechanism}": choose_praise(replies, reply_logits, mechanism) for mechanism in Mechanism},
    }


def _real(turns: Sequence[TurnExample]) -> list[int]:
    return [place for place, turn in enumerate(turns) if turn.source in TRANSCRIPTS]


def _weights(turns: Sequence[TurnExample]) -> list[float]:
    """Return a weight for each turn, by which each corpus counts alike."""
    sizes = Counter(turn.source for turn in turns)
    return [len(turns) / sizes[turn.source] for turn in turns]


def _rounded_down(threshold: float) -> float:
    """Return the threshold with four digits; rounded up, it would lose the very turn that it was chosen to keep."""
    return math.floor(threshold * 1e4) / 1e4


def _platt(labels: Sequence[bool], scores: Any, weights: Sequence[float]) -> tuple[float, float]:
    """Return slope and intercept of the straight line through logits that makes scores probabilities."""
    model = LogisticRegression(C=1e6).fit(_logit(scores)[:, None], labels, sample_weight=weights)
    return round(float(model.coef_[0][0]), 6), round(float(model.intercept_[0]), 6)


def _logit(scores: Any) -> Any:
    certain = np.clip(scores, 1e-6, 1 - 1e-6)  # 0 and 1 have no logit
    return np.log(certain / (1 - certain))


def _threshold_of_recall(labels: Sequence[bool], scores: Sequence[float], weights: Sequence[float]) -> float:
    _, recall, cuts = precision_recall_curve(labels, scores, sample_weight=weights)
    return float(cuts[np.flatnonzero(recall[:-1] >= CONFIRM_RECALL)[-1]])
