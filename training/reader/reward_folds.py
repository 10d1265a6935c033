"""Scores replies by reward heads that saw nothing of their writers, and measures how often the preferred one is above.

As with the reader's other answers, a finished fold is not computed again, and only ids and numbers are written.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from stream.contracts.vocabulary import Mechanism
from training.corpora.ratings import BETTER, Pair, RatedReply, make_pairs, ratings_of
from training.errors import DataError
from training.estimate import Estimate
from training.reader.data import Examples
from training.reader.evaluate import part
from training.reader.examples import UNKNOWN, ReplyExample
from training.reader.folds import FOLDS, fold_of_examples
from training.reader.measures import expected_level, share
from training.reader.reward import fit_reward, texts_of
from training.reader.targets import MISTAKE_CODES, NONE, REPLY_HEADS

Read = Callable[[Sequence[tuple[str, str]]], tuple[Any, Any]]
"""Reads pairs of texts with the reader of a fold, and returns reply logits and vectors."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Two scores of each reply, by its id: of the reward head, and the sum of the levels that the reader expects."""

    folds: int
    reward: dict[str, float]
    levels: dict[str, float]


def compute_reward_fold(examples: Examples, pairs: Sequence[Pair], fold: int, read: Read, folder: Path) -> None:
    """Score the replies of one fold and write the scores, unless they are there."""
    path = folder / f"fold-{fold}.npz"
    if path.exists():
        return
    of_group = fold_of_examples(examples.turns, examples.replies)
    own = [pair for pair in pairs if of_group[pair.group] == fold]
    real = [reply for reply in _real(examples.replies) if of_group[reply.group] == fold]
    texts = texts_of(pairs) | {reply.id: (reply.before, reply.text) for reply in real}
    logits, vectors = read(list(texts.values()))
    head = fit_reward([pair for pair in pairs if of_group[pair.group] != fold], dict(zip(texts, vectors, strict=True)))
    scored = {*texts_of(own), *(reply.id for reply in real)}
    rows = [place for place, name in enumerate(texts) if name in scored]
    levels = sum(expected_level(part(logits, REPLY_HEADS[mechanism.value])) for mechanism in Mechanism)
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.savez(file, ids=np.array(list(texts))[rows], reward=(vectors @ head)[rows], levels=np.array(levels)[rows])
    unfinished.rename(path)


def finished_scores(folder: Path) -> Scores:
    """Return the scores of all folds that are finished.

    Raises:
        DataError: none is.
    """
    paths = sorted(folder.glob("fold-*.npz"))
    if not paths:
        raise DataError(f"no fold is finished in {folder}; run `python -m training.reader reward` first")
    reward: dict[str, float] = {}
    levels: dict[str, float] = {}
    for path in paths:
        with np.load(path, allow_pickle=False) as saved:
            ids = saved["ids"].tolist()
            reward |= zip(ids, saved["reward"].tolist(), strict=True)
            levels |= zip(ids, saved["levels"].tolist(), strict=True)
    return Scores(len(paths), reward, levels)


def reward_table(pairs: Sequence[Pair], replies: Sequence[ReplyExample], found: Scores) -> Table:
    """Return how often each way of scoring puts the preferred reply above, by kind of pair."""
    kinds = {
        "two written replies": [pair for pair in pairs if not pair.chosen.id.endswith(f"/{BETTER}")],
        "better reply, written reply": [pair for pair in pairs if pair.chosen.id.endswith(f"/{BETTER}")],
        "real replies to different turns": real_pairs(replies, found),
    }
    known = {kind: [pair for pair in own if pair.chosen.id in found.reward] for kind, own in kinds.items()}
    every = [pair for own in known.values() for pair in own]
    words = {reply.id: float(len(reply.text.split())) for pair in every for reply in (pair.chosen, pair.rejected)}
    title = f"reward: the preferred reply put above, across writers, {found.folds} of {FOLDS} folds"
    table = Table(title=title, title_justify="left")
    for column in ("scored by", *(f"{kind} ({len(own)})" for kind, own in known.items())):
        table.add_column(column)
    for by, scores in (("reward head", found.reward), ("sum of the reader's levels", found.levels), ("words", words)):
        table.add_row(by, *(f"{accuracy(own, scores):.3f}" for own in known.values()))
    return table


def print_rewards(console: Console, pairs: Sequence[Pair], examples: Examples, found: Scores) -> None:
    """Print what the reward heads are worth, and how sure they are."""
    console.print(reward_table(pairs, examples.replies, found))
    differences = [
        found.reward[pair.chosen.id] - found.reward[pair.rejected.id]
        for pair in pairs
        if pair.chosen.id in found.reward
    ]
    sure = float(np.mean(1 / (1 + np.exp(-np.array(differences)))))
    console.print(f"written pairs: the preferred reply gets a probability of {sure:.3f} on average")


def accuracy(pairs: Sequence[Pair], scores: Mapping[str, float]) -> Estimate:
    """Return the share of pairs whose preferred reply has the higher score, with an interval over exchanges."""
    hits = [scores[pair.chosen.id] > scores[pair.rejected.id] for pair in pairs]
    return share(hits, [pair.chosen.id.rpartition("/")[0] for pair in pairs])


def real_pairs(replies: Sequence[ReplyExample], found: Scores) -> list[Pair]:
    """Return pairs of replies of transcripts, rated by the same mapping; they answer different turns of one corpus.

    A reward compares replies to one turn, of which a transcript has a single one. So this asks more than is promised.
    """
    pairs = []
    for source in ("annomi", "mibot"):
        own = [reply for reply in _real(replies) if reply.source == source and reply.id in found.reward]
        pairs += make_pairs(source, "", [_rated(reply) for reply in own])
    return pairs


def _real(replies: Sequence[ReplyExample]) -> list[ReplyExample]:
    return [
        each for each in replies if each.source in {"annomi", "mibot"} and each.resisted and UNKNOWN not in each.levels
    ]


def _rated(reply: ReplyExample) -> RatedReply:
    mistake = MISTAKE_CODES[reply.mistake]
    return RatedReply(reply.id, reply.text, ratings_of(reply.levels, None if mistake == NONE else mistake))
