"""Learning curves by size and by source, with the published encoder unchanged and a regression on its vectors.

A regression costs seconds where a fit of the reader costs a quarter of an hour, so that it can be asked what more data
of either kind would bring. Its figures are lower than the reader's; their slopes are what is read.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from stream.contracts.vocabulary import Mechanism
from training.detector.measures import pr_auc, roc_auc
from training.reader.data import Examples
from training.reader.examples import UNKNOWN, ReplyExample, TurnExample
from training.reader.folds import FOLDS, fold_of_examples
from training.reader.measures import level_metrics

SHARES = (0.25, 0.5, 1.0)
"""Of the conversations or writers of a source."""
SOURCES = ("transcripts", "written", "both")
_SEED = 3


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the curves: what was learned from, and what it gives."""

    source: str
    share: float
    turns: int
    replies: int
    spoken: float
    """PR-AUC of resistance on AnnoMI."""
    typed: float
    """PR-AUC of resistance on MIBot."""
    look_alikes: float
    """AUC of resisting turns against look-alikes, across writers."""
    kappa: dict[Mechanism, float]
    """Weighted kappa of levels of real replies to turns that resist."""


def learning_curve(examples: Examples, turn_vectors: Any, reply_vectors: Any) -> Iterator[Point]:
    """Yield a point for each source and share; vectors are in the order of the examples."""
    folds = fold_of_examples(examples.turns, examples.replies)
    turn_folds = [folds[each.group] for each in examples.turns]
    reply_folds = [folds[each.group] for each in examples.replies]
    for source in SOURCES:
        for share in SHARES:
            kept = _kept_groups(sorted(folds), share)
            turns = [_learns(source, each) and each.group in kept for each in examples.turns]
            replies = [_learns(source, each) and each.group in kept for each in examples.replies]
            scores = _resistance(examples.turns, turn_vectors, turn_folds, turns)
            yield Point(
                source,
                share,
                sum(turns),
                sum(replies),
                _ranking(examples.turns, scores, "annomi"),
                _ranking(examples.turns, scores, "mibot"),
                _look_alikes(examples.turns, scores),
                _levels(examples.replies, reply_vectors, reply_folds, replies),
            )


def _learns(source: str, example: TurnExample | ReplyExample) -> bool:
    from_transcripts = example.source in {"annomi", "mibot"}
    return source == "both" or (source == "transcripts") == from_transcripts


def _kept_groups(groups: Sequence[str], share: float) -> set[str]:
    """Return a share of the groups; a larger share holds all of a smaller one."""
    order = list(groups)
    random.Random(_SEED).shuffle(order)
    return set(order[: max(1, round(share * len(order)))])


def _resistance(turns: Sequence[TurnExample], vectors: Any, folds: Sequence[int], learned: Sequence[bool]) -> Any:
    labels = np.array([turn.resists for turn in turns])
    weights = np.array([turn.weight for turn in turns])
    usable = np.array([own and turn.resistance != UNKNOWN for own, turn in zip(learned, turns, strict=True)])
    scores = np.zeros(len(turns))
    for fold in range(FOLDS):
        here = np.array(folds) == fold
        train = usable & ~here
        if len(set(labels[train])) > 1:
            model = LogisticRegression(C=1.0, max_iter=1_000, class_weight="balanced")
            model.fit(vectors[train], labels[train], sample_weight=weights[train])
            scores[here] = model.predict_proba(vectors[here])[:, 1]
    return scores


def _ranking(turns: Sequence[TurnExample], scores: Any, corpus: str) -> float:
    own = [place for place, turn in enumerate(turns) if turn.source == corpus]
    return pr_auc([turns[place].resists for place in own], scores[own].tolist())


def _look_alikes(turns: Sequence[TurnExample], scores: Any) -> float:
    own = [
        place
        for place, turn in enumerate(turns)
        if turn.source == "written" and (turn.resists or (turn.look_alike and turn.resistance == 0))
    ]
    return roc_auc([turns[place].resists for place in own], scores[own].tolist()).value


def _levels(
    replies: Sequence[ReplyExample], vectors: Any, folds: Sequence[int], learned: Sequence[bool]
) -> dict[Mechanism, float]:
    found: dict[Mechanism, float] = {}
    for place, mechanism in enumerate(Mechanism):
        levels = np.array([reply.levels[place] for reply in replies])
        usable = np.array(learned) & (levels != UNKNOWN)
        given = np.zeros(len(replies), dtype=int)
        for fold in range(FOLDS):
            here = np.array(folds) == fold
            train = usable & ~here
            if len(set(levels[train])) > 1:
                model = LogisticRegression(C=1.0, max_iter=1_000, class_weight="balanced")
                given[here] = model.fit(vectors[train], levels[train]).predict(vectors[here])
        real = [number for number, reply in enumerate(replies) if reply.source != "written" and reply.resisted]
        found[mechanism] = level_metrics(
            [int(levels[number]) for number in real],
            [int(given[number]) for number in real],
            [replies[n].group for n in real],
        ).kappa.value
    return found
