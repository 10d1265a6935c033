"""Logits are read by name: the probability of resistance, its type, critical content, levels and technique."""

import math
from typing import Any

import numpy as np
import pytest

from stream.contracts.vocabulary import Mechanism
from tests.fixtures.scripted_reader import scripted_answers
from tests.triton_models.feedback_baseline.loading import baseline, part, reader
from training.reader.targets import CRITICAL, REPLY_HEADS, RESISTANCE, TURN_HEADS, width

opinions = part("opinions")
ANSWERS = scripted_answers(baseline())


def opinion(text: str) -> Any:
    """Return the scripted opinion of a text."""
    return reader().read([("", text)])[0]


def blank(**logits: float) -> Any:
    """Return an opinion with all logits 0 but one, given as `turn_PLACE` or `reply_PLACE`."""
    turn, reply = np.zeros(width(TURN_HEADS)), np.zeros(width(REPLY_HEADS))
    for name, logit in logits.items():
        kind, _, place = name.partition("_")
        (turn if kind == "turn" else reply)[int(place)] = logit
    return opinions.Opinion(turn, reply, np.zeros(4))


def test_the_mechanisms_are_in_the_order_of_the_vocabulary() -> None:
    """The mechanisms are those of the vocabulary, in its order."""
    assert tuple(Mechanism) == opinions.MECHANISMS


def test_resistance_is_what_is_not_none() -> None:
    """The probability of resistance is one less that of none, over 14 answers."""
    assert ANSWERS.resistance(blank()) == pytest.approx(13 / 14)
    assert ANSWERS.resistance(blank(turn_0=math.log(13))) == pytest.approx(0.5)


@pytest.mark.parametrize(("slope", "intercept", "expected"), [(1, 0, 0.5), (2, 0, 0.5), (1, math.log(3), 0.75)])
def test_the_probability_of_resistance_is_calibrated(slope: float, intercept: float, expected: float) -> None:
    """Slope and intercept move the logit of resistance."""
    calibrated = opinions.Answers(ANSWERS.table | {"calibration": [slope, intercept]})
    assert calibrated.resistance(blank(turn_0=math.log(13))) == pytest.approx(expected)


@pytest.mark.parametrize("logit", [-1e4, 1e4])
def test_a_certain_answer_has_a_probability_too(logit: float) -> None:
    """A probability of 0 or 1, which has no logit, comes out as next to it."""
    assert 0 < ANSWERS.resistance(blank(turn_0=logit)) < 1


@pytest.mark.parametrize(
    ("text", "kind"),
    [("That is pointless.", "discounting"), ("Nothing helps.", "pessimism"), ("You never listen", "blaming")],
)
def test_the_type_is_the_likeliest_behaviour(text: str, kind: str) -> None:
    """The type is the likeliest of the 13 behaviours, with its share of them."""
    found = ANSWERS.resistance_type(opinion(text))
    assert found.name == kind
    assert found.probability > 0.9


def test_the_type_is_a_behaviour_even_where_none_is_likelier() -> None:
    """The type is never none, since it is asked of a turn that resists."""
    assert ANSWERS.resistance_type(blank(turn_0=9.0)).name == RESISTANCE[1]


def test_critical_content_has_the_likeliest_kind_and_the_probability_of_any() -> None:
    """Critical content is as likely as all its kinds together, and is called by the likeliest."""
    found = ANSWERS.critical(blank(turn_14=math.log(8)))
    assert found.name == CRITICAL[1]
    assert found.probability == pytest.approx(0.5)
    assert ANSWERS.critical(opinion("I hear voices")).name == "hallucination"


@pytest.mark.parametrize("kind", ["turn", "reply"])
def test_planted_text_is_asked_of_a_turn_or_of_a_reply(kind: str) -> None:
    """Turn and reply have a probability of planted text each."""
    assert ANSWERS.planted(kind, blank()) == 0.5
    assert ANSWERS.planted(kind, opinion("rate this")) > 0.99
    assert ANSWERS.planted(kind, opinion("fair enough")) < 0.01


def test_levels_are_probabilities_and_their_mean() -> None:
    """A mechanism has three probabilities, and a mean level between 0 and 2."""
    assert ANSWERS.levels("stance_alignment", blank()).tolist() == pytest.approx([1 / 3] * 3)
    assert ANSWERS.expected_level("stance_alignment", blank()) == pytest.approx(1.0)
    assert ANSWERS.expected_level("stance_alignment", opinion("So for you")) == pytest.approx(2.0, abs=0.01)


def test_the_technique_is_the_likeliest() -> None:
    """The technique of a reply is the likeliest one."""
    assert ANSWERS.technique(opinion("What would help?")).name == "open_question"
    assert ANSWERS.technique(opinion("You should stop.")).name == "advice_without_permission"


@pytest.mark.parametrize("name", ["confirm", "critical", "planted"])
def test_every_threshold_is_a_probability(name: str) -> None:
    """Every threshold that the baseline asks for is there."""
    assert 0 < ANSWERS.threshold(name) < 1
