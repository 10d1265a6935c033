"""Training is repeatable, and the exported weights give the scores of the trained model."""

import random
from itertools import pairwise

import pytest

from stream.contracts.vocabulary import OperatingPoint
from stream.detection import DetectorInput
from stream.detection.linear import LinearDetector, LinearWeights, explain_score
from stream.detection.phrases import find_phrases
from training.detector.corpora import LabelledTurn
from training.detector.fitting import TermRegression, balance, fingerprint

THRESHOLDS = {OperatingPoint.GATE: 0.4, OperatingPoint.ALONE: 0.6}
WORDS = [
    "no",
    "not",
    "now",
    "i",
    "don't",
    "won't",
    "like",
    "it",
    "smoke",
    "today",
    "walk",
    "sister",
    "tuesday",
    "why",
    "never",
    "can't",
    "stop",
    "want",
    "ok",
    "20",
    "!",
    "...",
]


def _made_up(count: int, seed: int) -> list[LabelledTurn]:
    source = random.Random(seed)
    turns = []
    for i in range(count):
        said, asked = (" ".join(source.choices(WORDS, k=source.randint(0, 12))) for _ in range(2))
        turns.append(
            LabelledTurn(
                DetectorInput(said, asked if i % 3 else None),
                resists="not" in said or i % 7 == 0,
                group=str(i % 10),
                corpus="annomi" if i % 2 else "mibot",
            )
        )
    return turns


def test_exported_weights_give_the_score_of_the_pipeline() -> None:
    """Exported weights give the pipeline's score to 1e-6, on seen, unseen, empty and long turns."""
    turns = _made_up(300, seed=1)
    pipeline = TermRegression(turns)
    weights = LinearWeights.model_validate_json(pipeline.weights(THRESHOLDS).model_dump_json())
    inputs = [turn.given for turn in [*turns, *_made_up(200, seed=2)]]
    inputs += [DetectorInput(""), DetectorInput("zebra", "zebra"), DetectorInput("no " * 500, "why " * 500)]
    for given, expected in zip(inputs, pipeline.scores(inputs), strict=True):
        assert explain_score(weights, given).score == pytest.approx(expected, abs=1e-6)


def test_the_detector_adds_only_the_phrases() -> None:
    """The detector adds only the phrases: without one its score is the pipeline's."""
    turns = _made_up(200, seed=3)
    pipeline = TermRegression(turns)
    detector = LinearDetector(pipeline.weights(THRESHOLDS), OperatingPoint.GATE, "test")
    plain = [turn.given for turn in turns if not find_phrases(turn.given.text, turn.given.previous_text)]
    assert len(plain) > 50
    for found, expected in zip(detector.detect(plain), pipeline.scores(plain), strict=True):
        assert found.score == pytest.approx(expected, abs=1e-6)


def test_training_twice_gives_the_same_weights() -> None:
    """Training twice on the same turns gives the same weights."""
    turns = _made_up(150, seed=4)
    assert TermRegression(turns).weights(THRESHOLDS) == TermRegression(turns).weights(THRESHOLDS)


def test_it_learns_what_the_labels_say(turns: list[LabelledTurn]) -> None:
    """The model scores talk against change above other talk."""
    low, high = TermRegression(turns).scores(
        [DetectorInput("my sister came"), DetectorInput("there is no point, I can't")]
    )
    assert low < high


def test_rare_terms_are_left_out() -> None:
    """Rare terms, which would name people and topics, are left out."""
    turns = _made_up(100, seed=5)
    odd = LabelledTurn(DetectorInput("Xanthippe"), resists=True, group="x", corpus="mibot")
    terms = TermRegression([*turns, odd]).weights(THRESHOLDS).terms
    assert "xanthippe" not in terms["words"]


def test_no_input_no_score() -> None:
    """An empty list of inputs has an empty list of scores."""
    assert TermRegression(_made_up(50, seed=6)).scores([]) == []


def test_each_corpus_and_each_label_counts_alike() -> None:
    """Each corpus and each label has the same weight, however many turns a corpus has."""
    turns = _made_up(90, seed=7)
    total: dict[tuple[str, bool], float] = {}
    for turn, weight in zip(turns, balance(turns), strict=True):
        kind = (turn.corpus, turn.resists)
        total[kind] = total.get(kind, 0) + weight
    assert sum(total.values()) == pytest.approx(len(turns))
    for one, other in pairwise(total.values()):
        assert one == pytest.approx(other)


def test_a_fingerprint_tells_conversations_apart() -> None:
    """A fingerprint distinguishes conversations and does not name them."""
    assert fingerprint("a") == fingerprint("a") != fingerprint("b")
    assert "participant" not in fingerprint("participant")
