"""The training data: for each exchange what the model reads (`instruction`) and what it should write (`output`).

The file is JSON Lines. The two columns are those of arXiv 2602.21638; beside them are the session and, where folds
keep more together than a session, its group. The file holds people's words.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stream.contracts.vocabulary import Level, Mechanism
from stream.feedback.models.answer import ModelAnswer, UnusableAnswer, parse_answer
from stream.feedback.models.base import CANARY
from stream.feedback.models.prompt import render_prompt
from training.errors import DataError

MECHANISMS: Final = tuple(Mechanism)
Levels = tuple[Level | None, ...]
"""The levels of an exchange in the order of the mechanisms; None where no level is given."""
_OWNER_ONLY = 0o600


class Arm(StrEnum):
    """The part of an answer that a model learns to write."""

    REASONS = "reasons"
    """The whole answer; every line has passed our output gate."""
    LABELS = "labels"
    """Levels alone, for comparison only: such a model cannot be served, since the gate needs evidence and reasons."""


class Item(BaseModel):
    """A line of training data."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    instruction: str = Field(min_length=1, repr=False)
    """Our prompt, rendered: `stream.feedback.models.prompt.render_prompt`."""
    output: str = Field(min_length=1, repr=False)
    """The answer as JSON: `stream.feedback.models.answer`."""
    session: str = Field(min_length=1)
    group: str | None = None
    exchange: str | None = None
    reviewers: int | None = Field(default=None, ge=1)
    """How many people gave the levels, if it is known."""

    @property
    def never_split(self) -> str:
        """The group, or else the session, whose items stand on one side of every fold."""
        return self.session if self.group is None else f"group {self.group}"

    @property
    def answer(self) -> ModelAnswer:
        """The answer that the model should give."""
        return parse_answer(self.output.encode())


def levels_of(answer: ModelAnswer) -> Levels:
    """Return the levels of an answer, in the order of the mechanisms."""
    by_mechanism = {rating.mechanism: rating.level for rating in answer.ratings}
    return tuple(by_mechanism[mechanism] for mechanism in MECHANISMS)


def reasons_of(answer: ModelAnswer) -> str:
    """Return all reasons of an answer, in the order of the mechanisms."""
    by_mechanism = {rating.mechanism: rating.reason for rating in answer.ratings}
    return " ".join(reason for mechanism in MECHANISMS if (reason := by_mechanism[mechanism]))


def arm_of(items: Sequence[Item]) -> Arm:
    """Return the arm that items were prepared for: labels if no item has a reason, else reasons."""
    return Arm.REASONS if any(reasons_of(item.answer) for item in items) else Arm.LABELS


def write_items(path: Path, items: Sequence[Item]) -> None:
    """Write items to a file that only its owner can read.

    Raises:
        DataError: the file cannot be written.
    """
    write_private(path, (item.model_dump_json(exclude_none=True) + "\n" for item in items))


def write_private(path: Path, lines: Iterable[str]) -> None:
    """Write lines to a file that only its owner can read.

    Raises:
        DataError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.writelines(lines)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}.") from None


def read_items(path: Path) -> list[Item]:
    """Read what `write_items` wrote.

    Raises:
        DataError: the file cannot be read, or a line was not written by `prepare` or was made for another prompt.
    """
    items = []
    for number, line in numbered_lines(path):
        try:
            item = Item.model_validate(json.loads(line))
            levels_of(item.answer)
        except (ValueError, ValidationError, UnusableAnswer):
            raise DataError(f"{path}, line {number}: it is no line of `prepare`.") from None
        if not item.instruction.startswith(_shared()):
            raise DataError(f"{path}, line {number}: it was made for another prompt. Run `prepare` again.")
        items.append(item)
    if not items:
        raise DataError(f"{path} is empty.")
    return items


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file that are not blank, with their numbers from 1.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        # Not splitlines, which also breaks at U+2028 and similar characters, which a message may contain.
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read ({type(error).__name__}).") from None
    yield from ((number, line) for number, line in enumerate(lines, start=1) if line.strip())


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def _shared() -> str:
    """Return the beginning that all prompts share."""
    return render_prompt(CANARY, boundary="").rpartition("<|start_header_id|>user")[0]
