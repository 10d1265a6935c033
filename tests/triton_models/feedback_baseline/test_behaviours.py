"""The behaviours of a sentence are computed from the shipped weights, whose arithmetic is tested here."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.triton_models.feedback_baseline.loading import VERSION_FOLDER, part

KINDS = ("reflection", "question", "input", "other")


def behaviours(bias: list[float], weights: dict[str, list[float]]) -> Any:
    """A model of a few terms."""
    return part("behaviours").Behaviours(bias, weights)


def shipped() -> Any:
    """The weights that ship."""
    return part("ratings").BEHAVIOURS


def test_terms_are_words_question_marks_and_neighbours() -> None:
    """The terms of a sentence are its words, question marks and neighbours, including the beginning."""
    assert part("behaviours").terms("you don't? no 12") == [
        "you", "don't", "?", "no", "^ you", "you don't", "don't ?", "? no",
    ]  # fmt: skip
    assert part("behaviours").terms("") == []


def test_probabilities_are_the_softmax_of_the_mean_direction() -> None:
    """The probabilities are the softmax of the mean direction, in which each known term counts once."""
    model = behaviours([0.0, 0.0, 0.0, 0.0], {"a": [2.0, 0.0, 0.0, 0.0], "b": [0.0, 1.0, 0.0, 0.0]})
    found = model.probabilities("a b a unknown")
    scores = [2 / math.sqrt(2), 1 / math.sqrt(2), 0, 0]
    total = sum(map(math.exp, scores))
    assert list(found) == list(KINDS)
    assert list(found.values()) == pytest.approx([math.exp(score) / total for score in scores])


def test_a_sentence_of_unknown_words_is_what_the_bias_says() -> None:
    """A sentence of unknown words has the probabilities of the bias, and very large scores are handled."""
    assert behaviours([0.0] * 4, {}).probabilities("xyzzy") == dict.fromkeys(KINDS, 0.25)
    assert behaviours([900.0, 0.0, 0.0, 0.0], {}).probabilities("xyzzy")["reflection"] == 1


def test_what_is_not_sure_enough_reads_like_nothing() -> None:
    """Being the likeliest is not enough."""
    model = behaviours([0.9, 0.0, 0.0, 0.0], {"surely": [9.0, 0.0, 0.0, 0.0]})
    assert 0.25 < model.probabilities("hm")["reflection"] < part("behaviours").SURE
    assert not model.reads_like("reflection", "hm")
    assert model.reads_like("reflection", "surely")


def test_weights_come_back_as_they_were_written(tmp_path: Path) -> None:
    """A term a line, in order, whatever characters it holds."""
    weights = {"ä b": [0.1, 0.2, 0.3, 0.4], '"': [1.0, 2.0, 3.0, -4.5]}
    behaviours([0.5, 0, 0, 0], weights).write(tmp_path / "w.json")
    again = part("behaviours").Behaviours.read(tmp_path / "w.json")
    assert (list(again.bias), dict(again.weights)) == ([0.5, 0, 0, 0], weights)
    assert len((tmp_path / "w.json").read_text().splitlines()) == len(weights) + 3


def test_the_shipped_weights_are_terms_with_a_weight_for_each_kind() -> None:
    """Words and pairs, nothing longer: no line of anybody's can be read out of them."""
    told = json.loads((VERSION_FOLDER / "behaviours.json").read_text())
    assert len(told["bias"]) == len(KINDS)
    assert all(len(row) == len(KINDS) for row in told["weights"].values())
    assert max(len(term.split()) for term in told["weights"]) == 2


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("so you're torn between wanting it and not wanting it.", "reflection"),
        ("you're worn out by being told what's wrong with you.", "reflection"),
        ("what would you like to be different?", "question"),
        ("there are groups that meet every week, and medication can help with the cravings.", "input"),
        ("okay, thank you.", "other"),
    ],
)
def test_the_shipped_weights_hear_what_no_list_holds(sentence: str, kind: str) -> None:
    """Plain cases of each kind; how often they err is in the model card."""
    found = shipped().probabilities(sentence)
    assert max(found, key=lambda name: found[name]) == kind
