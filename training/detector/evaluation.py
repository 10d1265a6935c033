"""The evaluation of the detector on out-of-fold scores, as plain records; `report` prints them."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stream.contracts.vocabulary import Concern, ResistanceType
from stream.detection import Detector
from training.detector.crossval import heard
from training.detector.measures import ThresholdMetrics, pr_auc_estimate, roc_auc, threshold_metrics
from training.detector.turns import TRANSCRIPTS, LabelledTurn
from training.estimate import Estimate
from training.reader.targets import CRITICAL, RESISTANCE


@dataclass(frozen=True, slots=True)
class Scored:
    """A turn with its score, and whether it is flagged."""

    turn: LabelledTurn
    score: float
    flagged: bool


@dataclass(frozen=True, slots=True)
class ResistanceRow:
    """How well resistance is found in one source."""

    source: str
    turns: int
    positive: float
    pr_auc: Estimate
    auc: Estimate
    at: ThresholdMetrics


def resistance_rows(scored: Sequence[Scored]) -> list[ResistanceRow]:
    """Measure each source in which turns are known to resist or not to."""
    return [_resistance_row(source, own) for source, own in _by_source(scored).items() if _both(own)]


def _by_source(scored: Sequence[Scored]) -> dict[str, list[Scored]]:
    found: dict[str, list[Scored]] = {}
    for each in scored:
        if each.turn.labelled and not each.turn.critical:
            found.setdefault(each.turn.source, []).append(each)
    return found


def _both(scored: Sequence[Scored]) -> bool:
    return len({each.turn.resists for each in scored}) > 1


def _resistance_row(source: str, scored: Sequence[Scored]) -> ResistanceRow:
    labels = [each.turn.resists for each in scored]
    scores = [each.score for each in scored]
    return ResistanceRow(
        source,
        len(scored),
        sum(labels) / len(labels),
        pr_auc_estimate(labels, scores, [each.turn.group for each in scored]),
        roc_auc(labels, scores),
        threshold_metrics(labels, [each.flagged for each in scored]),
    )


def recall_by_behaviour(scored: Sequence[Scored]) -> dict[ResistanceType, tuple[int, float]]:
    """Return how many turns of real transcripts show each behaviour, and which share of them is flagged."""
    return {
        kind: _share(
            each.flagged
            for each in scored
            if each.turn.source in TRANSCRIPTS and each.turn.example.resistance == RESISTANCE.index(kind)
        )
        for kind in ResistanceType
    }


@dataclass(frozen=True, slots=True)
class CriticalShares:
    """How many written turns of a kind there are, and which share is found by the lexicons, the detector and either."""

    kind: str
    turns: int
    lexicon: float
    detector: float
    either: float


def critical_shares(scored: Sequence[Scored]) -> list[CriticalShares]:
    """Return the shares found of critical content by kind and of all, and the shares of harmless turns flagged."""
    written = [each for each in scored if each.turn.source == "written"]
    harmless = [each for each in written if not each.turn.critical]
    return [
        *(
            _critical(concern, [each for each in written if each.turn.example.critical == CRITICAL.index(concern)])
            for concern in Concern
        ),
        _critical("all", [each for each in written if each.turn.critical]),
        _critical("harmless, sounds dangerous", [each for each in harmless if each.turn.example.critical_look_alike]),
        _critical("harmless, resists not", [each for each in harmless if not each.turn.resists]),
    ]


def _critical(kind: str, scored: Sequence[Scored]) -> CriticalShares:
    by_lexicon = [heard(each.turn) for each in scored]
    return CriticalShares(
        kind,
        len(scored),
        _share(by_lexicon)[1],
        _share(each.flagged for each in scored)[1],
        _share(each.flagged or hit for each, hit in zip(scored, by_lexicon, strict=True))[1],
    )


def _share(hits: Iterable[bool]) -> tuple[int, float]:
    known = list(hits)
    return len(known), sum(known) / len(known) if known else float("nan")


def look_alike_auc(scored: Sequence[Scored], source: str) -> Estimate:
    """Return how often a resisting turn of a source scores above one that only looks so."""
    some = [
        each
        for each in scored
        if each.turn.source == source
        and each.turn.labelled
        and (each.turn.resists or (each.turn.example.look_alike and not each.turn.critical))
    ]
    return roc_auc([each.turn.resists for each in some], [each.score for each in some])


def turns_per_second(detector: Detector, turns: Sequence[LabelledTurn]) -> float:
    """Return how many messages a detector handles per second of one core, cues included."""
    inputs = [given for turn in turns for given in turn.inputs()]
    start = time.process_time()
    detector.detect(inputs)
    return len(inputs) / (time.process_time() - start)
