"""The evaluation of the recipe on a data folder, as plain records; `report` prints them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stream.contracts.vocabulary import OperatingPoint
from stream.detection import Detector
from training.detector.corpora import Corpus, LabelledTurn, of_corpus
from training.detector.crossval import (
    INNER,
    OUTER,
    OutOfFoldScore,
    Trainer,
    score_out_of_fold,
    train_encoder,
    train_length_baseline,
    train_linear,
    train_random_baseline,
    train_terms,
)
from training.detector.fitting import fingerprint
from training.detector.measures import (
    ThresholdMetrics,
    pr_auc_estimate,
    pr_auc_gain,
    threshold_metrics,
)
from training.estimate import Estimate


@dataclass(frozen=True, slots=True)
class MetricsRow:
    """The metrics of one way of scoring on one corpus."""

    corpus: Corpus
    name: str
    turns: int
    positive: float
    pr_auc: Estimate
    at: dict[OperatingPoint, ThresholdMetrics]
    gain: Estimate | None = None
    """The gain in PR-AUC over the linear detector."""


@dataclass(frozen=True, slots=True)
class ComparedTrainer:
    """A recipe to compare, and whether it may learn from both corpora."""

    name: str
    train: Trainer
    both: bool


LINEAR_NAME = "words and phrases (linear)"
ENCODER_NAME = "words, phrases and meaning (encoder, triton)"
COMPARED_TRAINERS = (
    ComparedTrainer(LINEAR_NAME, train_linear, both=True),
    ComparedTrainer(ENCODER_NAME, train_encoder, both=True),
    ComparedTrainer("words alone", train_terms, both=True),
    ComparedTrainer("words and phrases, this corpus only", train_linear, both=False),
    ComparedTrainer("length alone", train_length_baseline, both=False),
    ComparedTrainer("random", train_random_baseline, both=False),
)


def count_fits(turns: Sequence[LabelledTurn]) -> int:
    """Return how many fits `cross_validate` makes, for its progress bar."""
    runs = sum(1 if compared.both else len(corpus_names(turns)) for compared in COMPARED_TRAINERS)
    return runs * OUTER * (INNER + 1)


ScoresByTrainer = dict[str, dict[Corpus, list[OutOfFoldScore]]]
"""The scores of each trainer for each turn of each corpus, by a model that had not seen the turn."""


def cross_validate(turns: Sequence[LabelledTurn], step: Callable[[], None]) -> ScoresByTrainer:
    """Return the out-of-fold scores of every compared trainer on every corpus of `turns`."""
    result: ScoresByTrainer = {}
    for compared in COMPARED_TRAINERS:
        if compared.both:
            scored = score_out_of_fold(turns, compared.train, step)
            result[compared.name] = {
                corpus: [found for turn, found in zip(turns, scored, strict=True) if turn.corpus == corpus]
                for corpus in corpus_names(turns)
            }
        else:
            result[compared.name] = {
                corpus: score_out_of_fold(of_corpus(turns, corpus), compared.train, step)
                for corpus in corpus_names(turns)
            }
    return result


def metrics_rows(turns: Sequence[LabelledTurn], found: ScoresByTrainer) -> list[MetricsRow]:
    """Return the metrics of each trainer, compared with the linear detector."""
    return [
        metrics_row(
            name,
            of_corpus(turns, corpus),
            by_corpus[corpus],
            None if name == LINEAR_NAME else found[LINEAR_NAME][corpus],
        )
        for corpus in corpus_names(turns)
        for name, by_corpus in found.items()
    ]


def unseen_turns(turns: Sequence[LabelledTurn], seen: Sequence[str]) -> list[LabelledTurn]:
    """Return the turns of conversations that the shipped weights were not trained on."""
    known = set(seen)
    return [turn for turn in turns if fingerprint(turn.group) not in known]


def evaluate_detectors(
    turns: Sequence[LabelledTurn], name: str, detectors: dict[OperatingPoint, Detector]
) -> list[MetricsRow]:
    """Return the metrics of the shipped weights on the given turns."""
    found_rows = []
    for corpus in corpus_names(turns):
        own = of_corpus(turns, corpus)
        if not any(turn.resists for turn in own):
            continue
        found = {point: detector.detect([turn.given for turn in own]) for point, detector in detectors.items()}
        found_rows.append(
            metrics_row(
                name,
                own,
                [
                    OutOfFoldScore(found[OperatingPoint.GATE][i].score, {p: found[p][i].flagged for p in detectors})
                    for i in range(len(own))
                ],
            )
        )
    return found_rows


def turns_per_second(detector: Detector, turns: Sequence[LabelledTurn]) -> float:
    """Return how many turns a detector handles per second of one core, evidence included."""
    inputs = [turn.given for turn in turns]
    start = time.process_time()
    detector.detect(inputs)
    return len(inputs) / (time.process_time() - start)


def corpus_names(turns: Sequence[LabelledTurn]) -> list[Corpus]:
    """Return the names of the corpora that `turns` come from, sorted."""
    return sorted({turn.corpus for turn in turns})


def metrics_row(
    name: str,
    turns: Sequence[LabelledTurn],
    found: Sequence[OutOfFoldScore],
    reference: Sequence[OutOfFoldScore] | None = None,
) -> MetricsRow:
    """Return the metrics of one way of scoring the turns of one corpus."""
    labels = [turn.resists for turn in turns]
    scores = [each.score for each in found]
    groups = [turn.group for turn in turns]
    return MetricsRow(
        corpus=turns[0].corpus,
        name=name,
        turns=len(turns),
        positive=sum(labels) / len(labels),
        pr_auc=pr_auc_estimate(labels, scores, groups),
        at={point: threshold_metrics(labels, [each.flagged[point] for each in found]) for point in OperatingPoint},
        gain=None if reference is None else pr_auc_gain(labels, scores, [each.score for each in reference], groups),
    )
