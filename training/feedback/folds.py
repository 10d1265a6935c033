"""The folds: which sessions train, choose the checkpoint or test. Groups stay whole; rare classes repeat."""

import random
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sklearn.model_selection import StratifiedGroupKFold

from training.errors import DataError
from training.feedback.data import MECHANISMS, Item, levels_of
from training.feedback.settings import FOLDS

_VALIDATION = 8
"""One part in so many of the untested sessions chooses the checkpoint, and is not trained on."""
MOST_COPIES = 5
"""The most copies of one item, since more copies of a very rare class would be learnt by heart."""

LevelClass = tuple[int, int]
"""A mechanism, by its index, and a level."""


@dataclass(frozen=True)
class Split:
    """The indices of the items of each part, in order."""

    train: list[int]
    valid: list[int]
    test: list[int]


def folds_by_session(items: Sequence[Item], seed: int, count: int = FOLDS) -> list[Split]:
    """Return the splits, by default five; each session is tested in exactly one of them.

    Raises:
        DataError: there are too few sessions.
    """
    grouped = any(item.group is not None for item in items)
    # A group is large: one to test, one that chooses and one to learn from are always there with two more than folds.
    needed = count + 2 if grouped else 2 * count
    if len({item.never_split for item in items}) < needed:
        raise DataError(f"{count} folds need at least {needed} {'groups' if grouped else 'sessions'}.")
    splits = []
    for known, test in _split_by_session(items, range(len(items)), count, seed):
        train, valid = _validation(items, known, seed)
        splits.append(Split(train, valid, test))
    return splits


def split_for_serving(items: Sequence[Item], seed: int) -> Split:
    """Return the split for the served model: all items train, except a part that chooses the checkpoint.

    Raises:
        DataError: there are too few sessions.
    """
    train, valid = _validation(items, range(len(items)), seed)
    return Split(train, valid, [])


def draw(places: Sequence[int], most: int | None, seed: int) -> list[int]:
    """Return at most `most` of the indices, drawn by chance and in order; without a limit all of them."""
    if most is None or most >= len(places):
        return list(places)
    return sorted(random.Random(seed).sample(list(places), most))  # a draw that must be the same each time


def draw_at_most(split: Split, most: int | None, seed: int) -> Split:
    """Return the split with at most `most` exchanges to learn from and an eighth as many that choose the checkpoint."""
    few = None if most is None else max(1, most // _VALIDATION)
    return Split(draw(split.train, most, seed), draw(split.valid, few, seed), split.test)


def oversample(items: Sequence[Item], train: Sequence[int], seed: int) -> list[int]:
    """Return the training part in random order, with every item at least once and rare classes more often.

    An item counts by its rarest class: if that class is a third as common as the mechanism's commonest, the item is
    drawn three times. The published recipe says only random oversampling; the rule for four labels per item is ours.
    """
    source = random.Random(seed)  # a draw that must be the same each time
    counts = _counts(items, train)
    most = {place: max(n for (p, _), n in counts.items() if p == place) for place, _ in counts}
    drawn = []
    for index in train:
        wanted = max((most[one[0]] / counts[one] for one in _classes(items[index])), default=1.0)
        wanted = min(wanted, float(MOST_COPIES))
        copies = int(wanted) + (source.random() < wanted % 1)
        drawn += [index] * copies
    source.shuffle(drawn)
    return drawn


def _validation(items: Sequence[Item], known: Sequence[int], seed: int) -> tuple[list[int], list[int]]:
    count = min(_VALIDATION, len({items[index].never_split for index in known}))
    if count < 2:  # noqa: PLR2004 - one to train on, one to choose by
        raise DataError("A split needs at least two sessions: one to train on, one that chooses the checkpoint.")
    return _split_by_session(items, known, count, seed)[0]


def _split_by_session(
    items: Sequence[Item], places: Sequence[int], count: int, seed: int
) -> list[tuple[list[int], list[int]]]:
    """Return pairs of the rest and a part, with whole sessions and a fair share of each item's rarest class."""
    counts = _counts(items, places)
    rarest = [min(_classes(items[index]), key=lambda one: (counts[one], one), default=(-1, -1)) for index in places]
    names = {one: number for number, one in enumerate(sorted(set(rarest)))}
    groups = [items[index].never_split for index in places]
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    labels = [names[one] for one in rarest]
    if max(Counter(labels).values()) < count:
        labels = [0] * len(labels)  # too few of each class to share them out evenly
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class with fewer items than parts is shared as far as it goes
        parts = list(splitter.split(labels, labels, groups))
    return [([places[i] for i in rest], [places[i] for i in part]) for rest, part in parts]


def _classes(item: Item) -> list[LevelClass]:
    levels = levels_of(item.answer)
    return [(place, int(level)) for place in range(len(MECHANISMS)) if (level := levels[place]) is not None]


def _counts(items: Sequence[Item], places: Sequence[int]) -> Counter[LevelClass]:
    return Counter(one for index in places for one in _classes(items[index]))
