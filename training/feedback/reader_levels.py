"""The levels that the reader gave to replies it had not seen, by the name of the exchange."""

from pathlib import Path
from typing import Final

from stream.contracts.vocabulary import Level
from training.feedback.data import MECHANISMS, Levels
from training.reader.evaluate import levels_of
from training.reader.folds import finished_folds

OUT_OF_FOLD: Final = Path(__file__).parents[1] / "reader" / "out_of_fold" / "both"
"""The answers of the finished folds of the variant that ships."""


def reader_levels(folder: Path = OUT_OF_FOLD) -> dict[str, Levels]:
    """Return the reader's levels of every reply of the finished folds, as the served model gives them.

    Raises:
        DataError: no fold is finished.
    """
    found = finished_folds(folder)
    by_mechanism = [levels_of(found.replies, mechanism) for mechanism in MECHANISMS]
    rows = zip(*by_mechanism, strict=True)
    return {name: tuple(Level(level) for level in row) for name, row in zip(found.reply_ids, rows, strict=True)}
