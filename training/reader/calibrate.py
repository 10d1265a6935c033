"""Chooses the reader's calibration and thresholds on out-of-fold answers."""

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
CONFIRM_RECALL = 0.4
"""Of resisting turns, each corpus counting alike: half of what is shown should be right, and this is what it costs."""
PLANTED = 0.9
"""From here on a supervisor is told: none of 1,500 sentences of unseen writers, three in five of planted ones. At .5
one exchange in ten of the samples was marked in error."""
DOUBTFUL = 0.05
"""From here on a sentence is not rated: one in twenty of unseen writers, nine in ten of planted ones."""


def choose(
    turns: Sequence[TurnExample], logits: Any, replies: Sequence[ReplyExample], reply_logits: Any
) -> dict[str, object]:
    """Return calibration and thresholds as the served model reads them.

    Resistance is calibrated on transcripts alone, where it is as rare as in life, each corpus counting alike.
    """
    real = [place for place, turn in enumerate(turns) if turn.source in {"annomi", "mibot"}]
    labels = [turns[place].resists for place in real]
    scores = resistance_scores(logits)[real]
    sizes = {name: sum(turns[place].source == name for place in real) for name in ("annomi", "mibot")}
    weights = [len(real) / sizes[turns[place].source] for place in real]
    slope, intercept = _platt(labels, scores, weights)
    confirm = _threshold_of_recall(labels, (1 / (1 + np.exp(-(slope * _logit(scores) + intercept)))).tolist(), weights)
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
        "calibration": (slope, intercept),
        "thresholds": {
            "confirm": round(confirm, 4),
            "critical": round(float(critical), 4),
            "possible_critical": round(float(possible), 4),
            "planted": PLANTED,
            "doubtful": DOUBTFUL,
        }
        | {f"praise_{mechanism}": choose_praise(replies, reply_logits, mechanism) for mechanism in Mechanism},
    }


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
