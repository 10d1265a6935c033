"""Thresholds for the answers of each fold that were chosen on the answers of the other folds.

A threshold that is chosen on the turns it is measured on looks better than it is (`calibrate` says how it is chosen).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.reader.calibrate import choose
from training.reader.examples import ReplyExample, TurnExample
from training.reader.served import served_thresholds


@dataclass(frozen=True, slots=True)
class TurnThresholds:
    """The thresholds of each turn, as arrays in the order of the turns; see `Served`."""

    confirm: Any
    critical: Any
    possible_critical: Any


def thresholds_of_other_folds(
    turns: Sequence[TurnExample],
    logits: Any,
    replies: Sequence[ReplyExample],
    reply_logits: Any,
    folds: Mapping[str, int],
) -> TurnThresholds:
    """Return for each turn the thresholds that the answers of the other folds choose, of which there is at least one.

    `folds` has the fold of each group.
    """
    of_turn = np.array([folds[turn.group] for turn in turns])
    of_reply = np.array([folds[reply.group] for reply in replies])
    found = TurnThresholds(*(np.zeros(len(turns)) for _ in range(3)))
    for fold in np.unique(of_turn):
        others, other_replies = (np.flatnonzero(each != fold).tolist() for each in (of_turn, of_reply))
        served = served_thresholds(
            choose(
                [turns[place] for place in others],
                logits[others],
                [replies[place] for place in other_replies],
                reply_logits[other_replies],
            )
        )
        own = of_turn == fold
        found.confirm[own] = served.confirm
        found.critical[own] = served.critical
        found.possible_critical[own] = served.possible_critical
    return found
