"""The draw of rated moments for people to rate: by chance, with rare answers in it and sessions taken in turn."""

import random
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from stream.contracts.vocabulary import Level

Levels = tuple[int | None, ...]
"""Levels in the order of the mechanisms; None where there is none."""


class Drawable(Protocol):
    """A moment that can be drawn."""

    @property
    def session(self) -> Hashable:
        """Which session it is of: moments of one session resemble each other, so they are drawn apart."""

    @property
    def levels(self) -> Levels:
        """The model's levels."""


D = TypeVar("D", bound=Drawable)
T = TypeVar("T")


def draw_stratified(candidates: Sequence[D], size: int, seed: int) -> list[D]:
    """Draw at most `size` candidates, taking kinds of answer and sessions in turn, so that rare ones are included."""
    order = random.Random(seed)  # noqa: S311 - a draw that can be repeated, not a secret
    by_answer: defaultdict[tuple[bool, bool, bool], defaultdict[Hashable, list[D]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for candidate in order.sample(candidates, len(candidates)):
        levels = candidate.levels
        by_answer[(Level.STRONG in levels, Level.NONE in levels, None in levels)][candidate.session].append(candidate)
    waiting = [_round_robin(sessions.values()) for _, sessions in sorted(by_answer.items())]
    drawn = list(_round_robin([list(each) for each in waiting]))[:size]
    return order.sample(drawn, len(drawn))  # the order in which they are rated tells nothing


def _round_robin(groups: Iterable[Sequence[T]]) -> Iterator[T]:
    left = [iter(group) for group in groups]
    while left:
        for group in list(left):
            found = next(group, None)
            if found is None:
                left.remove(group)
            else:
                yield found
