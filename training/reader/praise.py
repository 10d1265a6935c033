"""Chooses from which probability on a strong level is called a strength, on out-of-fold answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stream.contracts.vocabulary import Level, Mechanism
from training.reader.evaluate import levels_of, part
from training.reader.examples import ReplyExample
from training.reader.measures import softmax
from training.reader.targets import REPLY_HEADS

PRECISION = 0.85
"""Of the replies of which a strength is said. Who is praised for nothing learns the wrong thing, and whoever reads it
stops believing the page; the level and its reason are shown with praise and without."""
LADDER = tuple(step / 100 for step in range(50, 100))
"""The thresholds that are tried: two digits say as much as a few hundred replies can."""


@dataclass(frozen=True, slots=True)
class Praise:
    """What a threshold of praise does to replies."""

    said: int
    """Replies of which the strength is said."""
    precision: float
    """The share of these whose level is strong to the rater."""
    strong: int
    """Replies whose level is strong to the reader."""


def praise_at(threshold: float, replies: Sequence[ReplyExample], logits: Any, mechanism: Mechanism) -> Praise:
    """Return what one threshold does for one mechanism."""
    sure = softmax(part(logits, REPLY_HEADS[mechanism.value]))[:, Level.STRONG]
    strong = np.array(levels_of(logits, mechanism)) == Level.STRONG
    right = np.array([reply.levels[list(Mechanism).index(mechanism)] == Level.STRONG for reply in replies])
    said = strong & (sure >= threshold)
    return Praise(int(said.sum()), float(right[said].mean()) if said.any() else float("nan"), int(strong.sum()))


def choose_praise(replies: Sequence[ReplyExample], logits: Any, mechanism: Mechanism) -> float:
    """Return the lowest threshold at which praise is as precise as asked, of transcripts and of written replies alike.

    Where none is, the highest is returned: a strength is then hardly ever said.
    """
    kinds = [own for is_written in (False, True) if (own := _places(replies, is_written))]
    for threshold in LADDER:
        found = [praise_at(threshold, [replies[place] for place in own], logits[own], mechanism) for own in kinds]
        if all(each.precision >= PRECISION for each in found):
            return threshold
    return LADDER[-1]


def _places(replies: Sequence[ReplyExample], is_written: bool) -> list[int]:
    return [place for place, each in enumerate(replies) if (each.source == "written") is is_written]
