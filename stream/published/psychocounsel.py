"""The reader of PsychoCounsel-Preference: two replies to a client's words, each rated by seven principles from 1 to 5.

It is published as Parquet; the reader takes its rows as JSON Lines or CSV. The names of the models that wrote the
replies are not read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from stream.contracts.rubric import Principle
from stream.published.rows import Row, step_of, table_rows, text_of

_NAMES: Final = {principle: principle.value for principle in Principle} | {Principle.STAGE_OF_CHANGE: "staging"}
_SIDES: Final = ("chosen", "rejected")
_STEPS: Final = range(1, 6)
_COLUMNS: Final = frozenset(
    {"id", "prefid", "question", *_SIDES, *(f"{side}_{name}_rating" for side in _SIDES for name in _NAMES.values())}
)


@dataclass(frozen=True, slots=True)
class RatedPair:
    """Two replies to one statement, with their ratings; the first is preferred."""

    id: str
    group: str
    """The statement's own id: pairs of one statement are never split between training and test."""
    question: str = field(repr=False)
    replies: tuple[str, str] = field(repr=False)
    ratings: tuple[Mapping[Principle, int], Mapping[Principle, int]]


def is_published(columns: Mapping[str, object]) -> bool:
    """Return whether a row looks like one of the data set: it has a question, and two sides."""
    return {"question", *_SIDES} <= columns.keys()


def read(path: Path) -> list[RatedPair]:
    """Return the pairs of the file in order.

    Raises:
        Misconfigured: the file has another form; the message names the line.
    """
    return [_pair(row, place) for place, row in table_rows(path, _COLUMNS, "PsychoCounsel-Preference")]


def _pair(row: Row, place: str) -> RatedPair:
    group = text_of(row, "id", place)
    chosen, rejected = (
        {principle: step_of(row, f"{side}_{name}_rating", place, _STEPS) for principle, name in _NAMES.items()}
        for side in _SIDES
    )
    return RatedPair(
        f"{group}-{text_of(row, 'prefid', place)}",
        group,
        text_of(row, "question", place),
        (text_of(row, "chosen", place), text_of(row, "rejected", place)),
        (chosen, rejected),
    )
