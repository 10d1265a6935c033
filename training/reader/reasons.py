"""The reasons of the baseline, as a sheet for a second reader, and the marks that second readers gave.

A second reader marks each reason from 1 to 3 by the three criteria of the explanations in arXiv 2602.21638: consistent
with the rubric, anchored in the words, clear. Sheets hold text of conversations and are not kept here; marks are
ids and numbers.
"""

import csv
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.table import Table

from stream.contracts.vocabulary import Mechanism, Role
from stream.feedback.models.answer import ModelAnswer
from stream.feedback.models.base import ExchangePart, ShownExchange, ShownMessage
from training.errors import DataError
from training.estimate import Estimate
from training.reader.data import Examples
from training.reader.examples import ReplyExample
from training.reader.folds import fold_of_examples

MARKS = Path(__file__).parents[1] / "corpora" / "labels" / "reason-marks.tsv"
CRITERIA = ("consistent", "anchored", "clear")
HIGHEST = 3
_COLUMNS = ("reply", "version", "mechanism", *CRITERIA)
_SEED = 0
_DRAWS = 1_000
"""Bootstrap samples: the bounds of an interval move by less than they are printed with."""

Assess = Callable[[ShownExchange], ModelAnswer]
"""Returns a model's answer to an exchange."""


def draw_replies(examples: Examples, fold: int) -> Iterator[ReplyExample]:
    """Yield the replies of a fold to turns that resist, real before written, in a random order that stays the same."""
    folds = fold_of_examples(examples.turns, examples.replies)
    own = [each for each in examples.replies if folds[each.group] == fold and each.resisted]
    random_ = random.Random(_SEED)
    for is_written in (False, True):
        some = [each for each in own if (each.source == "written") is is_written]
        yield from random_.sample(some, len(some))


def write_sheet(replies: Iterator[ReplyExample], assess: Assess, count: int, path: Path) -> int:
    """Write up to `count` replies whose moment is confirmed, with their reasons, a line of JSON each.

    Returns:
        The number of replies that were written.
    """
    written = 0
    with path.open("x", encoding="utf-8") as file:
        for reply in replies:
            if written == count:
                break
            ratings = [
                {"mechanism": each.mechanism, "level": each.level, "reason": each.reason}
                for each in assess(_exchange(reply)).ratings
                if each.level is not None
            ]
            if not ratings:
                continue
            line = {"reply": reply.id, "client": reply.before, "counsellor": reply.text, "ratings": ratings}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            written += 1
    return written


def _exchange(reply: ReplyExample) -> ShownExchange:
    return ShownExchange(
        (
            ShownMessage(1, ExchangePart.CLIENT_TURN, Role.CLIENT, reply.before),
            ShownMessage(2, ExchangePart.REPLY, Role.COUNSELLOR, reply.text),
        )
    )


@dataclass(frozen=True, slots=True)
class ReasonMark:
    """What a second reader gave one reason. `version` names what wrote it."""

    reply: str
    version: str
    mechanism: Mechanism
    marks: tuple[int, ...]
    """In the order of `CRITERIA`, each from 1 to 3."""


def load_marks(path: Path = MARKS) -> list[ReasonMark]:
    """Return all marks of a file.

    Raises:
        DataError: a line has another shape.
    """
    with path.open(encoding="utf-8", newline="") as file:
        return [_mark(row, number) for number, row in enumerate(csv.reader(file, delimiter="\t"), start=1)]


def _mark(row: Sequence[str], number: int) -> ReasonMark:
    try:
        reply, version, mechanism, *marks = row
        found = ReasonMark(reply, version, Mechanism(mechanism), tuple(map(int, marks)))
    except ValueError:
        raise DataError(f"line {number} of the marks has not the columns {', '.join(_COLUMNS)}") from None
    if len(found.marks) != len(CRITERIA) or not all(1 <= mark <= HIGHEST for mark in found.marks):
        raise DataError(f"line {number} of the marks has not {len(CRITERIA)} marks from 1 to {HIGHEST}")
    return found


def mean_marks(marks: Sequence[ReasonMark]) -> list[Estimate]:
    """Return the mean mark by criterion; intervals are over replies."""
    by_reply: dict[str, list[tuple[int, ...]]] = {}
    for each in marks:
        by_reply.setdefault(each.reply, []).append(each.marks)
    if not by_reply:
        return [Estimate(float("nan"), float("nan"), float("nan"))] * len(CRITERIA)
    sums = np.array([np.sum(own, axis=0) for own in by_reply.values()], dtype=float)
    counts = np.array([len(own) for own in by_reply.values()], dtype=float)
    drawn = np.random.default_rng(_SEED).integers(len(counts), size=(_DRAWS, len(counts)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)[:, None]
    low, high = np.quantile(means, [0.025, 0.975], axis=0)
    value = sums.sum(axis=0) / counts.sum()
    return [Estimate(*map(float, each)) for each in zip(value, low, high, strict=True)]


def marks_table(marks: Sequence[ReasonMark]) -> Table:
    """Return the mean marks of each version, of all mechanisms and of each."""
    table = Table(title=f"Marks of second readers for reasons, 1 to {HIGHEST}, with 95 % intervals over replies")
    for name in ("version", "mechanism", "reasons", *CRITERIA):
        table.add_column(name)
    for version in sorted({each.version for each in marks}):
        for mechanism in (None, *Mechanism):
            own = [each for each in marks if each.version == version and mechanism in {None, each.mechanism}]
            means = [f"{each:.2f}" for each in mean_marks(own)]
            table.add_row(version, mechanism or "all", str(len(own)), *means)
    return table
