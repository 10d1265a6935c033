"""A strength is said from the probability on at which it is precise, of transcripts and of written replies alike."""

from typing import Any

import numpy as np
import pytest

from stream.contracts.vocabulary import Mechanism
from tests.training.reader.samples import reply
from training.reader.examples import ReplyExample
from training.reader.praise import LADDER, PRECISION, choose_praise, praise_at
from training.reader.targets import REPLY_HEADS, width

STANCE = Mechanism.STANCE_ALIGNMENT


def read(*sure: float) -> Any:
    """Return logits of replies that are strong in stance with these probabilities, and else without expression."""
    logits = np.zeros((len(sure), width(REPLY_HEADS)))
    head = REPLY_HEADS[STANCE.value]
    for row, share in enumerate(sure):
        logits[row, head.start : head.start + 3] = np.log([(1 - share) / 10, 9 * (1 - share) / 10, share])
    return logits


def rated(*levels: int, source: str = "written") -> list[ReplyExample]:
    """Return replies with these levels of stance."""
    return [reply(number, (0, level, 0, 0), source) for number, level in enumerate(levels)]


def test_the_lowest_threshold_that_is_precise_is_chosen() -> None:
    """What is wrong below .8 is left without praise, and everything above is praised."""
    replies, logits = rated(0, 0, 2, 2, 2), read(0.7, 0.785, 0.85, 0.9, 0.95)
    assert choose_praise(replies, logits, STANCE) == 0.79
    assert praise_at(0.79, replies, logits, STANCE).said == 3
    assert praise_at(0.79, replies, logits, STANCE).precision >= PRECISION


def test_transcripts_and_written_replies_must_both_be_praised_rightly() -> None:
    """Many written replies that are right do not make up for a transcript's that is wrong."""
    replies = rated(2, 2, 2, 2, 2, 2, 2) + rated(0, 2, source="mibot")
    logits = read(0.6, 0.7, 0.8, 0.9, 0.9, 0.9, 0.99, 0.855, 0.99)
    assert choose_praise(replies, logits, STANCE) == 0.86


def test_where_no_threshold_is_precise_the_highest_is_chosen() -> None:
    """Where even the surest praise is wrong, it is said as seldom as can be."""
    assert choose_praise(rated(0, 0), read(0.9, 0.999), STANCE) == LADDER[-1]


def test_a_level_that_is_not_strong_is_never_praised() -> None:
    """A reply whose mean level is weak has no strength, however low the threshold."""
    found = praise_at(0.0, rated(2), read(0.3), STANCE)
    assert (found.said, found.strong) == (0, 0)
    assert found.precision != pytest.approx(found.precision)  # nothing was said: no precision
