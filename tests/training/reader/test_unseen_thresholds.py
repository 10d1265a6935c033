"""The thresholds of each fold are those that the answers of the other folds choose."""

from typing import Any

import numpy as np

from tests.training.reader.samples import reply, reply_logits
from tests.training.reader.test_calibrate import answered
from training.reader.calibrate import choose
from training.reader.examples import TurnExample
from training.reader.served import served_thresholds
from training.reader.unseen_thresholds import TurnThresholds, thresholds_of_other_folds

REPLIES = [reply(number, (2, 0, 0, 0)) for number in range(8)]
REPLY_LOGITS = reply_logits([each.levels for each in REPLIES])


def folds_of(turns: list[TurnExample], count: int) -> dict[str, int]:
    """Return a fold for every group, one after the other."""
    groups = sorted({*(each.group for each in turns), *(each.group for each in REPLIES)})
    return {group: number % count for number, group in enumerate(groups)}


def unseen(turns: list[TurnExample], logits: Any, folds: dict[str, int]) -> TurnThresholds:
    """Return the thresholds of each turn."""
    return thresholds_of_other_folds(turns, logits, REPLIES, REPLY_LOGITS, folds)


def test_each_turn_has_the_thresholds_that_the_other_folds_choose() -> None:
    """A turn's thresholds are those that would ship if its fold did not exist."""
    turns, logits = answered()
    folds = folds_of(turns, 3)
    found = unseen(turns, logits, folds)
    of_turn = np.array([folds[each.group] for each in turns])
    for fold in range(3):
        others = np.flatnonzero(of_turn != fold).tolist()
        replies = [place for place, each in enumerate(REPLIES) if folds[each.group] != fold]
        chosen = served_thresholds(
            choose(
                [turns[place] for place in others],
                logits[others],
                [REPLIES[place] for place in replies],
                REPLY_LOGITS[replies],
            )
        )
        own = of_turn == fold
        assert set(found.confirm[own]) == {chosen.confirm}
        assert set(found.critical[own]) == {chosen.critical}
        assert set(found.possible_critical[own]) == {chosen.possible_critical}


def test_the_answers_of_a_fold_do_not_move_its_own_thresholds() -> None:
    """Whatever is answered in a fold, its thresholds stay; those of the others change."""
    turns, logits = answered()
    folds = folds_of(turns, 3)
    own = np.array([folds[each.group] for each in turns]) == 0
    changed = logits.copy()
    changed[own] = -changed[own]
    before, after = unseen(turns, logits, folds), unseen(turns, changed, folds)
    assert (before.confirm[own] == after.confirm[own]).all()
    assert (before.confirm[~own] != after.confirm[~own]).all()
