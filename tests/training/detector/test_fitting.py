"""Training is repeatable, and the exported weights give the scores of the trained model."""

import random
from dataclasses import replace

import pytest

from stream.detection import DetectorInput
from stream.detection.features import BLOCKS
from stream.detection.linear import LinearDetector, LinearWeights
from tests.training.detector.conftest import critical, resisting, turn
from training.detector.fitting import SOURCES, Recipe, TermRegression, shipped_blocks
from training.detector.turns import LabelledTurn

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
    "why",
    "can't",
    "want",
    "20",
    "!",
    "...",
]


def _made_up(count: int, seed: int) -> list[LabelledTurn]:
    source = random.Random(seed)
    turns = []
    for i in range(count):
        said = " ".join(source.choices(WORDS, k=source.randint(1, 12)))
        make = resisting if "not" in said or i % 7 == 0 else turn
        turns.append(make("annomi" if i % 2 else "mibot", f"{i % 10}", said))
    return turns


def test_exported_weights_give_the_score_of_the_pipeline() -> None:
    """The detector with exported weights gives the pipeline's score to 1e-6, on seen, unseen, empty and long turns."""
    turns = _made_up(300, seed=1)
    pipeline = TermRegression(turns)
    weights = LinearWeights.model_validate_json(pipeline.weights(0.4).model_dump_json())
    inputs = [each.whole for each in [*turns, *_made_up(200, seed=2)]]
    inputs += [DetectorInput(""), DetectorInput("zebra", "zebra"), DetectorInput("no " * 500, "why " * 500)]
    found = LinearDetector(weights, "test").detect(inputs)
    for detection, expected in zip(found, pipeline.scores(inputs), strict=True):
        assert detection.score == pytest.approx(expected, abs=1e-6)
        assert detection.flagged is (detection.score >= 0.4)


def test_training_twice_gives_the_same_weights() -> None:
    """Training twice on the same turns gives the same weights."""
    turns = _made_up(150, seed=4)
    assert TermRegression(turns).weights(0.5) == TermRegression(turns).weights(0.5)


def test_weights_have_every_block() -> None:
    """Exported weights have every block that the detector reads."""
    assert set(TermRegression(_made_up(100, seed=3)).weights(0.5).terms) == set(BLOCKS)


def test_rare_terms_are_left_out() -> None:
    """Rare terms, which would name people and topics, are left out."""
    turns = [*_made_up(100, seed=5), resisting("mibot", "x", "Xanthippe")]
    assert "xanthippe" not in TermRegression(turns).weights(0.5).terms["words"]


def test_no_input_no_score() -> None:
    """An empty list of inputs has an empty list of scores."""
    assert TermRegression(_made_up(50, seed=6)).scores([]) == []


def test_sources_and_kinds_weigh_what_the_recipe_says(turns: list[LabelledTurn]) -> None:
    """Each source has its weight whatever its size, and harmless, resisting and critical turns of one weigh alike."""
    recipe = Recipe()
    weights = recipe.weights(turns)
    assert sum(weights) == pytest.approx(len(turns))
    total: dict[tuple[str, bool, bool], float] = {}
    for each, weight in zip(turns, weights, strict=True):
        kind = (each.source, each.resists, each.critical)
        total[kind] = total.get(kind, 0) + weight
    assert total["annomi", True, False] == pytest.approx(total["annomi", False, False])
    assert total["written", True, False] == pytest.approx(total["written", False, True])
    assert total["annomi", True, False] / total["mibot", True, False] == pytest.approx(SOURCES["annomi"])


def test_without_balance_kinds_weigh_as_often_as_they_come(turns: list[LabelledTurn]) -> None:
    """Without balance all turns of a source weigh alike."""
    weights = Recipe(balanced=False).weights(turns)
    found = {round(w, 9) for each, w in zip(turns, weights, strict=True) if each.source == "annomi"}
    assert len(found) == 1


def test_a_doubtful_label_weighs_less() -> None:
    """A turn whose label is doubtful weighs less than one of the same kind whose label is clear."""
    clear = resisting("annomi", "video/1", "no")
    doubtful = LabelledTurn(replace(clear.example, weight=0.6), clear.messages)
    one, other = Recipe().weights([clear, doubtful])
    assert other == pytest.approx(0.6 * one)


def test_a_recipe_uses_only_its_sources_and_what_is_labelled() -> None:
    """Turns of other sources, and turns of which nothing is known, are not learned from."""
    known, other = resisting("annomi", "video/1", "no"), turn("mibot", "person 1", "yes")
    unknown = turn("annomi", "video/1", "well", resistance=-1)
    danger = critical("writer-1", "gave the cat away")
    assert Recipe(sources={"annomi": 1.0}).usable([known, other, unknown, danger]) == [known]
    assert Recipe().usable([known, other, unknown, danger]) == [known, other, danger]


def test_the_blocks_of_the_recipe_are_those_of_the_detector() -> None:
    """The recipe reads the same blocks as the detector, from the same texts and with the same weights."""
    blocks = shipped_blocks()
    assert {name: block.extract for name, block in blocks.items()} == BLOCKS
    assert {name for name, block in blocks.items() if block.of_turn_before} == {"before", "before_shape"}
