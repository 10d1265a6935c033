"""What the recipe is worth on a data folder, as plain records; `report` prints them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stream.contracts.vocabulary import OperatingPoint
from stream.detection import Detector
from training.detector.corpora import Corpus, LabelledTurn, of_corpus
from training.detector.crossval import (
    INNER,
    OUTER,
    OutOfFold,
    Recipe,
    learned,
    length_only,
    out_of_fold,
    paired,
    random_order,
    shipped,
)
from training.detector.fitting import fingerprint
from training.detector.measures import AtThreshold, Gain, at_threshold, gain, interval, pr_auc


@dataclass(frozen=True, slots=True)
class Row:
    """One way of scoring, on one corpus."""

    corpus: Corpus
    name: str
    turns: int
    positive: float
    pr_auc: float
    low: float
    high: float
    at: dict[OperatingPoint, AtThreshold]
    gain: Gain | None = None
    """Over the linear detector."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A recipe to compare, and whether it may learn from the other corpus too."""

    name: str
    recipe: Recipe
    both: bool


LINEAR = "words and phrases (linear)"
PAIR = "words, phrases and meaning (encoder, triton)"
CANDIDATES = (
    Candidate(LINEAR, shipped, both=True),
    Candidate(PAIR, paired, both=True),
    Candidate("words alone", learned, both=True),
    Candidate("words and phrases, this corpus only", shipped, both=False),
    Candidate("length alone", length_only, both=False),
    Candidate("random", random_order, both=False),
)


def fits(turns: Sequence[LabelledTurn]) -> int:
    """How many fits `cross_validate` makes: the steps of its progress bar."""
    runs = sum(1 if candidate.both else len(corpora(turns)) for candidate in CANDIDATES)
    return runs * OUTER * (INNER + 1)


Found = dict[str, dict[Corpus, list[OutOfFold]]]
"""What each candidate said of each turn of each corpus, by a model that had not seen it."""


def cross_validate(turns: Sequence[LabelledTurn], step: Callable[[], None]) -> Found:
    """Every candidate on every corpus of `turns`."""
    result: Found = {}
    for candidate in CANDIDATES:
        if candidate.both:
            scored = out_of_fold(turns, candidate.recipe, step)
            result[candidate.name] = {
                corpus: [found for turn, found in zip(turns, scored, strict=True) if turn.corpus == corpus]
                for corpus in corpora(turns)
            }
        else:
            result[candidate.name] = {
                corpus: out_of_fold(of_corpus(turns, corpus), candidate.recipe, step) for corpus in corpora(turns)
            }
    return result


def rows(turns: Sequence[LabelledTurn], found: Found) -> list[Row]:
    """The figures, each candidate beside the linear detector."""
    return [
        row(name, of_corpus(turns, corpus), by_corpus[corpus], None if name == LINEAR else found[LINEAR][corpus])
        for corpus in corpora(turns)
        for name, by_corpus in found.items()
    ]


def unseen(turns: Sequence[LabelledTurn], seen: Sequence[str]) -> list[LabelledTurn]:
    """Turns of conversations that the shipped weights were not trained on."""
    known = set(seen)
    return [turn for turn in turns if fingerprint(turn.group) not in known]


def apply(turns: Sequence[LabelledTurn], name: str, detectors: dict[OperatingPoint, Detector]) -> list[Row]:
    """The shipped weights as they are, on turns that are new to them."""
    found_rows = []
    for corpus in corpora(turns):
        own = of_corpus(turns, corpus)
        if not any(turn.resists for turn in own):
            continue
        found = {point: detector.detect([turn.given for turn in own]) for point, detector in detectors.items()}
        found_rows.append(
            row(
                name,
                own,
                [
                    OutOfFold(found[OperatingPoint.GATE][i].score, {p: found[p][i].flagged for p in detectors})
                    for i in range(len(own))
                ],
            )
        )
    return found_rows


def turns_per_second(detector: Detector, turns: Sequence[LabelledTurn]) -> float:
    """Speed of detection per second of one core, evidence included."""
    inputs = [turn.given for turn in turns]
    start = time.process_time()
    detector.detect(inputs)
    return len(inputs) / (time.process_time() - start)


def corpora(turns: Sequence[LabelledTurn]) -> list[Corpus]:
    """The corpora that `turns` come from, by name."""
    return sorted({turn.corpus for turn in turns})


def row(
    name: str, turns: Sequence[LabelledTurn], found: Sequence[OutOfFold], reference: Sequence[OutOfFold] | None = None
) -> Row:
    """The figures of one way of scoring the turns of one corpus."""
    labels = [turn.resists for turn in turns]
    scores = [each.score for each in found]
    groups = [turn.group for turn in turns]
    low, high = interval(labels, scores, groups)
    return Row(
        corpus=turns[0].corpus,
        name=name,
        turns=len(turns),
        positive=sum(labels) / len(labels),
        pr_auc=pr_auc(labels, scores),
        low=low,
        high=high,
        at={point: at_threshold(labels, [each.flagged[point] for each in found]) for point in OperatingPoint},
        gain=None if reference is None else gain(labels, scores, [each.score for each in reference], groups),
    )
