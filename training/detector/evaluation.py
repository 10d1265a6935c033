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
    random_order,
    shipped,
)
from training.detector.fitting import fingerprint
from training.detector.measures import AtThreshold, at_threshold, interval, pr_auc


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


@dataclass(frozen=True, slots=True)
class Candidate:
    """A recipe to compare, and whether it may learn from the other corpus too."""

    name: str
    recipe: Recipe
    both: bool


CANDIDATES = (
    Candidate("words and phrases (ships)", shipped, both=True),
    Candidate("words alone", learned, both=True),
    Candidate("words and phrases, this corpus only", shipped, both=False),
    Candidate("length alone", length_only, both=False),
    Candidate("random", random_order, both=False),
)


def fits(turns: Sequence[LabelledTurn]) -> int:
    """How many fits `cross_validate` makes: the steps of its progress bar."""
    runs = sum(1 if candidate.both else len(corpora(turns)) for candidate in CANDIDATES)
    return runs * OUTER * (INNER + 1)


def cross_validate(turns: Sequence[LabelledTurn], step: Callable[[], None]) -> list[Row]:
    """Every candidate on every corpus of `turns`."""
    rows = []
    for candidate in CANDIDATES:
        if candidate.both:
            scored = out_of_fold(turns, candidate.recipe, step)
            rows += [
                _row(
                    candidate.name,
                    of_corpus(turns, corpus),
                    [found for turn, found in zip(turns, scored, strict=True) if turn.corpus == corpus],
                )
                for corpus in corpora(turns)
            ]
            continue
        for corpus in corpora(turns):
            own = of_corpus(turns, corpus)
            rows.append(_row(candidate.name, own, out_of_fold(own, candidate.recipe, step)))
    return sorted(rows, key=lambda row: row.corpus)


def unseen(turns: Sequence[LabelledTurn], seen: Sequence[str]) -> list[LabelledTurn]:
    """Turns of conversations that the shipped weights were not trained on."""
    known = set(seen)
    return [turn for turn in turns if fingerprint(turn.group) not in known]


def apply(turns: Sequence[LabelledTurn], detectors: dict[OperatingPoint, Detector]) -> list[Row]:
    """The shipped weights as they are, on turns that are new to them."""
    rows = []
    for corpus in corpora(turns):
        own = of_corpus(turns, corpus)
        if not any(turn.resists for turn in own):
            continue
        found = {point: detector.detect([turn.given for turn in own]) for point, detector in detectors.items()}
        rows.append(
            _row(
                "shipped weights",
                own,
                [
                    OutOfFold(found[OperatingPoint.GATE][i].score, {p: found[p][i].flagged for p in detectors})
                    for i in range(len(own))
                ],
            )
        )
    return rows


def turns_per_second(detector: Detector, turns: Sequence[LabelledTurn]) -> float:
    """Speed of detection per second of one core, evidence included."""
    inputs = [turn.given for turn in turns]
    start = time.process_time()
    detector.detect(inputs)
    return len(inputs) / (time.process_time() - start)


def corpora(turns: Sequence[LabelledTurn]) -> list[Corpus]:
    """The corpora that `turns` come from, by name."""
    return sorted({turn.corpus for turn in turns})


def _row(name: str, turns: Sequence[LabelledTurn], found: Sequence[OutOfFold]) -> Row:
    labels = [turn.resists for turn in turns]
    scores = [each.score for each in found]
    low, high = interval(labels, scores, [turn.group for turn in turns])
    return Row(
        corpus=turns[0].corpus,
        name=name,
        turns=len(turns),
        positive=sum(labels) / len(labels),
        pr_auc=pr_auc(labels, scores),
        low=low,
        high=high,
        at={point: at_threshold(labels, [each.flagged[point] for each in found]) for point in OperatingPoint},
    )
