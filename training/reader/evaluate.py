"""Evaluates out-of-fold answers of the reader: resistance, type, critical content, levels and pairs, by corpus."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from stream.contracts.vocabulary import Mechanism
from stream.detection.lexicons import find_concerns
from training.detector.measures import (
    ThresholdMetrics,
    metrics_at_recall,
    pr_auc_estimate,
    roc_auc,
    threshold_metrics,
)
from training.estimate import Estimate
from training.reader.examples import UNKNOWN, ReplyExample, TurnExample
from training.reader.measures import LevelMetrics, expected_level, level_metrics, share, softmax
from training.reader.targets import CRITICAL, LEVEL_FROM, REPLY_HEADS, RESISTANCE, TURN_HEADS, Head


def part(logits: Any, head: Head) -> Any:
    """Return the logits of one head."""
    return logits[:, head.start : head.end]


def resistance_scores(turn_logits: Any) -> Any:
    """Return the probability of resistance of each row: one less that of none."""
    return 1 - softmax(part(turn_logits, TURN_HEADS["resistance"]))[:, 0]


def critical_scores(turn_logits: Any) -> Any:
    """Return the probability of critical content of each row."""
    return 1 - softmax(part(turn_logits, TURN_HEADS["critical"]))[:, 0]


@dataclass(frozen=True, slots=True)
class ResistanceRow:
    """How well resistance is told in one corpus."""

    corpus: str
    turns: int
    positive: float
    pr_auc: Estimate
    auc: Estimate
    confirmed: ThresholdMetrics
    """At the threshold from which on a moment is confirmed."""
    at_recall: dict[float, ThresholdMetrics]
    type_accuracy: Estimate
    """Over the resisting turns, of 13 behaviours."""


def resistance_row(corpus: str, turns: Sequence[TurnExample], logits: Any, confirm: Any) -> ResistanceRow:
    """Measure one corpus; `confirm` is the score from which on a turn counts as resistance, one for all or each."""
    known = [place for place, turn in enumerate(turns) if turn.resistance != UNKNOWN]
    own = [turns[place] for place in known]
    scores = resistance_scores(logits)[known]
    labels, groups = [turn.resists for turn in own], [turn.group for turn in own]
    kinds = softmax(part(logits, TURN_HEADS["resistance"]))[known][:, 1:].argmax(axis=1) + 1
    resisting = [place for place, turn in enumerate(own) if turn.resists]
    return ResistanceRow(
        corpus,
        len(own),
        float(np.mean(labels)),
        pr_auc_estimate(labels, scores.tolist(), groups),
        roc_auc(labels, scores.tolist()),
        threshold_metrics(labels, (scores >= np.broadcast_to(confirm, len(turns))[known]).tolist()),
        {recall: metrics_at_recall(labels, scores.tolist(), recall) for recall in (0.4, 0.9)},
        share([bool(kinds[p] == own[p].resistance) for p in resisting], [groups[p] for p in resisting]),
    )


@dataclass(frozen=True, slots=True)
class CriticalRow:
    """How critical content is found among written turns, by one way of looking."""

    by: str
    recall: dict[str, float]
    """By kind."""
    all_recall: float
    false_alarms: float
    """Among harmless turns that sound dangerous."""
    false_alarms_plain: float
    """Among all other harmless turns."""
    missed: tuple[str, ...]


def critical_rows(turns: Sequence[TurnExample], logits: Any, threshold: Any) -> list[CriticalRow]:
    """Measure lexicon, reader and both together on turns whose critical content is known.

    `threshold` is one score for all turns, or an array with one for each.
    """
    by_reader = [bool(passes) for passes in critical_scores(logits) >= threshold]
    by_lexicon = [bool(find_concerns(turn.text)) for turn in turns]
    both = [one or other for one, other in zip(by_reader, by_lexicon, strict=True)]
    return [
        _critical_row(by, turns, found)
        for by, found in (("lexicon", by_lexicon), ("reader", by_reader), ("both", both))
    ]


def _critical_row(by: str, turns: Sequence[TurnExample], found: Sequence[bool]) -> CriticalRow:
    kinds = sorted({turn.critical for turn in turns if turn.critical > 0})
    return CriticalRow(
        by,
        {CRITICAL[kind]: _rate(found, [turn.critical == kind for turn in turns]) for kind in kinds},
        _rate(found, [turn.critical > 0 for turn in turns]),
        _rate(found, [turn.critical == 0 and turn.critical_look_alike for turn in turns]),
        _rate(found, [turn.critical == 0 and not turn.critical_look_alike for turn in turns]),
        tuple(turn.id for turn, hit in zip(turns, found, strict=True) if turn.critical > 0 and not hit),
    )


def _rate(found: Sequence[bool], where: Sequence[bool]) -> float:
    hits = [hit for hit, own in zip(found, where, strict=True) if own]
    return sum(hits) / len(hits) if hits else float("nan")


def levels_of(logits: Any, mechanism: Mechanism) -> list[int]:
    """Return the level of each row, as the served model gives it."""
    means = expected_level(part(logits, REPLY_HEADS[mechanism.value]))
    return [sum(bool(mean >= start) for start in LEVEL_FROM) for mean in means]


def level_rows(replies: Sequence[ReplyExample], logits: Any) -> dict[Mechanism, LevelMetrics]:
    """Measure the levels of each mechanism."""
    return {
        mechanism: level_metrics(
            [reply.levels[place] for reply in replies],
            levels_of(logits, mechanism),
            [reply.group for reply in replies],
        )
        for place, mechanism in enumerate(Mechanism)
    }


def pairs_in_order(replies: Sequence[ReplyExample], logits: Any) -> dict[Mechanism, Estimate]:
    """Return how often the reply with the higher level is put above its sibling, by mechanism."""
    expected = {mechanism: expected_level(part(logits, REPLY_HEADS[mechanism.value])) for mechanism in Mechanism}
    found: dict[Mechanism, Estimate] = {}
    for place, mechanism in enumerate(Mechanism):
        hits, groups = [], []
        for one, other in siblings(replies):
            difference = replies[one].levels[place] - replies[other].levels[place]
            if difference:
                hits.append(bool((expected[mechanism][one] - expected[mechanism][other]) * difference > 0))
                groups.append(replies[one].group)
        found[mechanism] = share(hits, groups)
    return found


def siblings(replies: Sequence[ReplyExample]) -> Iterator[tuple[int, int]]:
    """Yield the places of the two replies to one written client turn."""
    order = sorted(range(len(replies)), key=lambda place: replies[place].id)
    for _, group in groupby(order, key=lambda place: replies[place].id.rpartition("/")[0]):
        places = list(group)
        if len(places) == 2 and replies[places[0]].source == "written":  # noqa: PLR2004 - two siblings
            yield places[0], places[1]


def by_length(replies: Sequence[ReplyExample], train: Sequence[ReplyExample]) -> dict[Mechanism, list[int]]:
    """Return the levels that the number of words alone would give: the commonest level among replies as long."""
    edges = np.quantile([_words(reply) for reply in train], np.linspace(0, 1, 9)[1:-1])
    found: dict[Mechanism, list[int]] = {}
    for place, mechanism in enumerate(Mechanism):
        table = np.zeros((len(edges) + 1, 3))
        for reply in train:
            if reply.levels[place] != UNKNOWN:
                table[np.searchsorted(edges, _words(reply)), reply.levels[place]] += 1
        best = table.argmax(axis=1)
        found[mechanism] = [int(best[np.searchsorted(edges, _words(reply))]) for reply in replies]
    return found


def _words(reply: ReplyExample) -> int:
    return len(reply.text.split())


def commonest(replies: Sequence[ReplyExample], train: Sequence[ReplyExample]) -> dict[Mechanism, list[int]]:
    """Return the commonest level of each mechanism, for every reply."""
    found: dict[Mechanism, list[int]] = {}
    for place, mechanism in enumerate(Mechanism):
        known = [reply.levels[place] for reply in train if reply.levels[place] != UNKNOWN]
        found[mechanism] = [int(np.bincount(known).argmax())] * len(replies)
    return found


LevelRule = Callable[[Sequence[ReplyExample], Sequence[ReplyExample]], dict[Mechanism, list[int]]]
"""Gives the levels of some replies by a rule that is taken from others."""


def across_folds(
    rule: LevelRule, replies: Sequence[ReplyExample], known: Sequence[ReplyExample], folds: dict[str, int]
) -> dict[Mechanism, list[int]]:
    """Return the levels of all replies by a rule that is taken, for each fold, from `known` ones of the others."""
    found = {mechanism: [UNKNOWN] * len(replies) for mechanism in Mechanism}
    for fold in {folds[reply.group] for reply in replies}:
        own = [place for place, reply in enumerate(replies) if folds[reply.group] == fold]
        given = rule([replies[place] for place in own], [each for each in known if folds[each.group] != fold])
        for mechanism, levels in given.items():
            for place, level in zip(own, levels, strict=True):
                found[mechanism][place] = level
    return found


def look_alike_auc(turns: Sequence[TurnExample], logits: Any) -> Estimate:
    """Return how often a resisting turn scores above a turn that only looks so."""
    some = [place for place, turn in enumerate(turns) if turn.resists or (turn.look_alike and turn.resistance == 0)]
    scores = resistance_scores(logits)
    return roc_auc([turns[place].resists for place in some], [float(scores[place]) for place in some])


def look_alike_auc_by_group(turns: Sequence[TurnExample], logits: Any) -> dict[str, Estimate]:
    """Return the same for each writer alone: readers of two folds do not score alike, and a writer is in one fold."""
    found: dict[str, Estimate] = {}
    for group in sorted({turn.group for turn in turns}):
        own = [place for place, turn in enumerate(turns) if turn.group == group]
        some = [turns[place] for place in own]
        if any(turn.resists for turn in some) and any(turn.look_alike and turn.resistance == 0 for turn in some):
            found[group] = look_alike_auc(some, logits[own])
    return found


def recall_by_type(turns: Sequence[TurnExample], flags: Sequence[bool]) -> dict[str, tuple[int, float]]:
    """Return how many turns of each behaviour there are, and which share of them is flagged."""
    found: dict[str, tuple[int, float]] = {}
    for place, kind in enumerate(RESISTANCE[1:], start=1):
        own = [flag for turn, flag in zip(turns, flags, strict=True) if turn.resistance == place]
        found[kind] = (len(own), sum(own) / len(own) if own else float("nan"))
    return found
