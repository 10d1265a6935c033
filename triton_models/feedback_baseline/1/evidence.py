"""Which sentence of a reply carries a level: the one without which the reader would give less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .moment import Moment, joined
from .opinions import MECHANISMS, Answers, Choice, Opinion, ReadPairs
from .text import Sentence

MAX_LEFT_OUT = 12
"""Sentences of a reply that are left out one by one; later ones are read with the whole reply alone."""
NOTICEABLE = 0.25
"""A quarter of a level: smaller differences come and go with a comma."""


class Alone(NamedTuple):
    """A sentence, and what it is by itself after the turn before."""

    sentence: Sentence
    opinion: Opinion


@dataclass(frozen=True)
class Heard:
    """A sentence of a reply: how much each level hangs on it, and what technique it is by itself."""

    sentence: Sentence
    share: dict[str, float]
    """By mechanism: the expected level of the whole reply less that of the reply without this sentence."""
    technique: Choice
    alone: dict[str, float]
    """By mechanism: the expected level of this sentence by itself."""


def read_alone(before: str, parts: Sequence[Sentence], read: ReadPairs) -> list[Alone]:
    """Return each sentence with the opinion of it by itself."""
    opinions = read([(before, sentence.raw) for sentence in parts])
    return [Alone(*each) for each in zip(parts, opinions, strict=True)]


def hear_sentences(
    moment: Moment, whole: Opinion, alone: Sequence[Alone], read: ReadPairs, answers: Answers
) -> list[Heard]:
    """Return what each of the first sentences of the reply adds to it; `alone` are its sentences by themselves."""
    some = alone[:MAX_LEFT_OUT]
    rests = [joined((*moment.reply[:place], *moment.reply[place + 1 :])) for place in range(len(some))]
    without: Sequence[Opinion | None] = [None]  # of a reply of one sentence nothing is left
    if len(moment.reply) > 1:
        without = read([(moment.client_end, rest) for rest in rests])
    return [
        Heard(
            sentence,
            {
                mechanism: answers.expected_level(mechanism, whole)
                - (0.0 if rest is None else answers.expected_level(mechanism, rest))
                for mechanism in MECHANISMS
            },
            answers.technique(own),
            {mechanism: answers.expected_level(mechanism, own) for mechanism in MECHANISMS},
        )
        for (sentence, own), rest in zip(some, without, strict=True)
    ]


def carrier(heard: list[Heard], mechanism: str) -> Heard:
    """Return the sentence that carries the level of a mechanism.

    The level hangs on it, and it has the level by itself: either alone may point at a mere ending.
    """
    return max(heard, key=lambda each: each.share[mechanism] + each.alone[mechanism])


def opponent(heard: list[Heard], mechanism: str) -> Heard | None:
    """Return the sentence without which the level would be highest, if any sentence works against it noticeably."""
    least = min(heard, key=lambda each: each.share[mechanism])
    return least if least.share[mechanism] <= -NOTICEABLE else None
