"""The ratings of the six dimensions from 1 to 5, and how far their two passes agree: ids and numbers, no text."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from stream.measures.anchors import ANCHORS, HIGHEST, LOWEST, Dimension, RatedOn
from training.corpora.labels import FOLDER, TurnId
from training.errors import DataError

FIRST = "dynamics.tsv"
SECOND = "dynamics-second-pass.tsv"
CHECK = "dynamics-check.tsv"
"""Client turns of other conversations, drawn and rated after the wordings that are counted were fixed."""
OF_CLIENTS = tuple(each for each in Dimension if ANCHORS[each].rated_on is RatedOn.CLIENT_TURN)
Ratings = Mapping[Dimension, int]


def load_ratings(name: str, folder: Path = FOLDER) -> dict[TurnId, Ratings]:
    """Return the ratings of one file: of a client turn, the reply to it and the window that ends there.

    The check's turns were rated for the three dimensions of clients alone.

    Raises:
        DataError: a line has another shape.
    """
    path, dimensions = folder / name, OF_CLIENTS if name == CHECK else tuple(Dimension)
    steps = {str(step): step for step in range(LOWEST, HIGHEST + 1)}
    found: dict[TurnId, Ratings] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            conversation, turn, *given = line.split("\t")
            ratings = {dimension: steps[each] for dimension, each in zip(dimensions, given, strict=True)}
            found[conversation, int(turn.removeprefix("C"))] = ratings
        except (KeyError, ValueError):
            raise DataError(f"{path}, line {number}: not a turn and its ratings from 1 to 5") from None
    return found


def mean_ratings() -> dict[TurnId, dict[Dimension, float]]:
    """Return the mean of both passes for each exchange that was rated twice."""
    first, second = load_ratings(FIRST), load_ratings(SECOND)
    return {
        turn: {dimension: (first[turn][dimension] + second[turn][dimension]) / 2 for dimension in Dimension}
        for turn in sorted(first.keys() & second.keys())
    }


def icc(*raters: Sequence[float]) -> float:
    """Return how far ratings of the same things agree absolutely: ICC(2,1); NaN if all of them are equal."""
    ratings = np.column_stack([np.asarray(each, float) for each in raters])
    things, size = ratings.shape
    mean = ratings.mean()
    between = size * ((ratings.mean(axis=1) - mean) ** 2).sum() / (things - 1)
    of_raters = things * ((ratings.mean(axis=0) - mean) ** 2).sum() / (size - 1)
    total = ((ratings - mean) ** 2).sum()
    rest = (total - between * (things - 1) - of_raters * (size - 1)) / ((things - 1) * (size - 1))
    below = between + (size - 1) * rest + size * (of_raters - rest) / things
    return float((between - rest) / below) if below > 0 else float("nan")
