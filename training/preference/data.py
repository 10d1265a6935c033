"""Preference pairs as a file (JSON Lines): made from rated replies, and split so that no writer is on both sides.

Rated replies come from the written exchanges, or from a file: a line has `id`, `group`, `prompt` and `replies`, each
with `text` and `ratings` by the seven principles; or the file is PsychoCounsel-Preference, as JSON Lines or a table
(stream/published/psychocounsel.py). Both files hold people's words.
"""

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stream.contracts.rubric import Principle
from stream.published import psychocounsel
from stream.published.files import read_file
from training.corpora.published import read_published
from training.corpora.ratings import Pair, RatedReply, make_pairs
from training.errors import DataError
from training.feedback.data import numbered_lines, write_private

TEST_SHARE = 0.2
"""Of the groups: they are in no training, and all figures are theirs."""


class Item(BaseModel):
    """A line of what `prepare` writes: two replies to a prompt, the first of which is preferred."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    id: str = Field(min_length=1)
    group: str = Field(min_length=1)
    prompt: str = Field(min_length=1, repr=False)
    chosen: str = Field(min_length=1, repr=False)
    rejected: str = Field(min_length=1, repr=False)


class _Reply(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    text: str = Field(min_length=1, repr=False)
    ratings: dict[Principle, int] = Field(min_length=len(Principle))


class _Rated(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    id: str
    group: str
    prompt: str = Field(min_length=1, repr=False)
    replies: list[_Reply] = Field(min_length=2)


@dataclass(frozen=True, slots=True)
class Built:
    """The pairs of rated replies, and how many two replies made none."""

    pairs: list[Pair]
    left_out: int
    corpus: str | None = None
    """The name of the published corpus that they are from; None for a file of one's own."""


def items_of(pairs: Iterable[Pair]) -> list[Item]:
    """Return the pairs as lines of the file."""
    return [
        Item(
            id=f"{pair.chosen.id} {pair.rejected.id}",
            group=pair.group,
            prompt=pair.prompt,
            chosen=pair.chosen.text,
            rejected=pair.rejected.text,
        )
        for pair in pairs
    ]


def read_rated(path: Path) -> Built:
    """Return the pairs of a file of rated replies: our own lines, or rows of PsychoCounsel-Preference.

    Raises:
        DataError: the file cannot be read, or a line has another shape; the message never holds its text.
    """
    return _read_published(path) if _is_published(path) else _read_own(path)


def _is_published(path: Path) -> bool:
    """Return whether the first row of a file is one of PsychoCounsel-Preference, as JSON or in a table."""
    text = read_published(path, read_file).lstrip()
    first = text.partition("\n")[0]
    try:
        row = json.loads(first)
    except ValueError:
        return text[:1] != "{"  # a table, or an array of rows; our own lines are objects
    return not isinstance(row, dict) or psychocounsel.is_published(row)


def _read_published(path: Path) -> Built:
    found = read_published(path, psychocounsel.read)
    pairs: list[Pair] = []
    for each in found:
        replies = [
            RatedReply(f"{each.id}/{place}", text, dict(ratings))
            for place, (text, ratings) in enumerate(zip(each.replies, each.ratings, strict=True), start=1)
        ]
        pairs += make_pairs(each.group, each.question, replies)
    return Built(pairs, len(found) - len(pairs), "psychocounsel")


def _read_own(path: Path) -> Built:
    pairs: list[Pair] = []
    all_twos = 0
    for number, line in numbered_lines(path):
        try:
            rated = _Rated.model_validate_json(line)
        except ValidationError:
            raise DataError(f"{path}, line {number}: not the shape of rated replies (see --help).") from None
        replies = [
            RatedReply(f"{rated.id}/{place}", reply.text, reply.ratings)
            for place, reply in enumerate(rated.replies, start=1)
        ]
        pairs += make_pairs(rated.group, rated.prompt, replies)
        all_twos += len(replies) * (len(replies) - 1) // 2
    return Built(pairs, all_twos - len(pairs))


def write_items(path: Path, items: Sequence[Item]) -> None:
    """Write pairs to a file that only its owner can read.

    Raises:
        DataError: the file cannot be written.
    """
    write_private(path, (item.model_dump_json() + "\n" for item in items))


def read_items(path: Path) -> list[Item]:
    """Read what `prepare` wrote.

    Raises:
        DataError: the file cannot be read, is empty, or a line was not written by `prepare`.
    """
    items = []
    for number, line in numbered_lines(path):
        try:
            items.append(Item.model_validate_json(line))
        except ValidationError:
            raise DataError(f"{path}, line {number}: it is no line of `prepare`.") from None
    if not items:
        raise DataError(f"{path} is empty.")
    return items


def split_items(items: Sequence[Item], seed: int) -> tuple[list[Item], list[Item]]:
    """Return the pairs to learn from and those to be measured on; a group is on one side.

    Raises:
        DataError: there is one group alone.
    """
    groups = sorted({item.group for item in items})
    if len(groups) < 2:  # noqa: PLR2004 - one for each side
        raise DataError("The pairs need at least two groups: one to learn from, one to be measured on.")
    held_out = set(random.Random(seed).sample(groups, max(1, round(TEST_SHARE * len(groups)))))
    return (
        [item for item in items if item.group not in held_out],
        [item for item in items if item.group in held_out],
    )


def prompts_of(items: Sequence[Item]) -> list[str]:
    """Return the prompts of the pairs, each once, in order."""
    return list(dict.fromkeys(item.prompt for item in items))


def is_short(reply: str, limit: int) -> bool:
    """Return whether a reply keeps to a limit in words."""
    return len(reply.split()) <= limit


def short_items(items: Sequence[Item], limit: int) -> Iterator[Item]:
    """Yield the pairs whose preferred reply keeps to the limit, so that length is no way to be preferred."""
    return (item for item in items if is_short(item.chosen, limit))
