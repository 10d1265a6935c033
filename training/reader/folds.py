"""Five folds in which no conversation, video or writer stands on both sides, and their out-of-fold answers on disk.

A fold that is finished is not computed again, so that an interrupted run goes on where it stopped. Only ids and
numbers are written, never text.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.errors import DataError
from training.reader.examples import ReplyExample, TurnExample
from training.reader.words import count_in, take_out

FOLDS = 5
SHIPPED_FOLD = 0
"""The weights of this fold ship, so that its figures are those of what ships."""
_SEED = 0


def fold_of_groups(groups: Sequence[str], folds: int = FOLDS) -> dict[str, int]:
    """Return the fold of each group: largest groups first, each into the fold with fewest members so far.

    Groups of one kind (videos, sessions, writers) are dealt out on their own, so that every fold tests every kind. Who
    wrote about danger alone comes last, so that folds of the others stay as they were before.
    """
    kinds: dict[str, list[str]] = {}
    for group in sorted(set(groups), key=lambda group: (_kind(group) == "danger", group)):
        kinds.setdefault(_kind(group), []).append(group)
    found: dict[str, int] = {}
    random_ = random.Random(_SEED)
    for own in kinds.values():
        sizes = [0] * folds
        random_.shuffle(own)
        for group in sorted(own, key=groups.count, reverse=True):
            fold = sizes.index(min(sizes))
            found[group] = fold
            sizes[fold] += groups.count(group)
    return found


def fold_of_examples(turns: Sequence[TurnExample], replies: Sequence[ReplyExample]) -> dict[str, int]:
    """Return the fold of each group of turns and replies: a turn and its reply are always in one."""
    return fold_of_groups([*(each.group for each in turns), *(each.group for each in replies)])


def _kind(group: str) -> str:
    if group.startswith("danger-"):
        return "danger"
    if group.startswith("writer-") or group == "lines":
        return "writer"
    return "video" if "/" in group else "session"


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """Logits of the examples of finished folds, each from a reader that saw nothing of its group."""

    folds: int
    """How many of the five are finished."""
    turn_ids: tuple[str, ...]
    turns: Any
    words: Any
    """What the models of words heard, counted in with the turns' logits: a logit of resistance, then behaviours."""
    reply_ids: tuple[str, ...]
    replies: Any


def answered_examples(
    found: OutOfFold, turns: Sequence[TurnExample], replies: Sequence[ReplyExample]
) -> tuple[list[TurnExample], list[ReplyExample]]:
    """Return the turns and the replies that were answered, in the order of the answers."""
    turn_by_id = {each.id: each for each in turns}
    reply_by_id = {each.id: each for each in replies}
    return [turn_by_id[each] for each in found.turn_ids], [reply_by_id[each] for each in found.reply_ids]


@dataclass(frozen=True, slots=True)
class Split:
    """The examples of one fold: those to learn from, and those to be read by what was learned."""

    fold: int
    train_turns: tuple[TurnExample, ...]
    train_replies: tuple[ReplyExample, ...]
    test_turns: tuple[TurnExample, ...]
    test_replies: tuple[ReplyExample, ...]


def split_examples(turns: Sequence[TurnExample], replies: Sequence[ReplyExample], fold: int) -> Split:
    """Return the examples of one fold; whole groups stand on one side."""
    folds = fold_of_examples(turns, replies)
    return Split(
        fold,
        tuple(each for each in turns if folds[each.group] != fold),
        tuple(each for each in replies if folds[each.group] != fold),
        tuple(each for each in turns if folds[each.group] == fold),
        tuple(each for each in replies if folds[each.group] == fold),
    )


FitAndRead = Callable[[Split], tuple[Any, Any, Any]]
"""Fits on what is to be learned from; returns the rest's turn logits, what words heard in them, and reply logits."""


def compute_fold(split: Split, fit_and_read: FitAndRead, folder: Path) -> None:
    """Compute the answers of one fold and write them, unless they are there."""
    path = folder / f"fold-{split.fold}.npz"
    if path.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    turn_logits, words, reply_logits = fit_and_read(split)
    _write(
        path,
        turn_ids=np.array([each.id for each in split.test_turns]),
        turns=turn_logits,
        words=words,
        reply_ids=np.array([each.id for each in split.test_replies]),
        replies=reply_logits,
    )


def _write(path: Path, **arrays: Any) -> None:
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.savez(file, **arrays)
    unfinished.rename(path)


def replace_words(split: Split, words_of: Callable[[Split], Any], folder: Path) -> None:
    """Put what other models of words heard in the place of what is in a finished fold; the encoder's logits stay."""
    path = folder / f"fold-{split.fold}.npz"
    with np.load(path, allow_pickle=False) as saved:
        arrays = {name: saved[name] for name in saved.files}
    if arrays["turn_ids"].tolist() != [each.id for each in split.test_turns]:
        raise DataError(f"{path} answers other turns than this data has; compute the fold again")
    words = words_of(split)
    turns = count_in(take_out(arrays["turns"], arrays["words"]), words)
    _write(path, **arrays | {"turns": turns, "words": words})


def finished_folds(folder: Path, only: int | None = None) -> OutOfFold:
    """Return the answers of all folds that are finished, or of one.

    Raises:
        DataError: none is.
    """
    parts = []
    for path in sorted(folder.glob(f"fold-{'*' if only is None else only}.npz")):
        with np.load(path, allow_pickle=False) as saved:
            parts.append({name: saved[name] for name in saved.files})
    if not parts:
        raise DataError(f"no fold is finished in {folder}; run `python -m training.reader folds` first")
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return OutOfFold(
        len(parts),
        tuple(joined["turn_ids"].tolist()),
        joined["turns"],
        joined["words"],
        tuple(joined["reply_ids"].tolist()),
        joined["replies"],
    )
