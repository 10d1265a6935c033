"""Tests of the six dimensions: their anchors, their features, and the measure."""

from pathlib import Path

import pytest

from stream.contracts.rubric import Technique
from stream.contracts.vocabulary import Mechanism
from stream.feedback.models.reader import Opinion
from stream.measures.anchors import ANCHORS, HIGHEST, LOWEST, WINDOW_TURNS, Dimension, RatedOn
from stream.measures.base import take
from stream.measures.dynamics import CARD, SHOWN, WEIGHTS, DynamicsMeasure, estimate, estimate_at
from stream.measures.features import features
from stream.measures.hearing import hear
from stream.measures.turns import FinishedSession
from tests.stream.measures.samples import ANSWERS, heard, opinion, talk

PAGE = Path(__file__).parents[3] / "docs" / "systems" / "dynamics.md"
PLAIN = opinion()


def test_each_dimension_has_an_anchor_for_each_step() -> None:
    """Each dimension has a title, a question and five different anchors."""
    assert set(ANCHORS) == set(Dimension)
    assert all(len(set(anchors.steps)) == HIGHEST - LOWEST + 1 for anchors in ANCHORS.values())
    assert all(anchors.question.endswith("?") for anchors in ANCHORS.values())


def test_the_page_has_the_anchors() -> None:
    """The page shows each dimension's question and anchors, word for word."""
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    for anchors in ANCHORS.values():
        for words in (anchors.title, anchors.question, *anchors.steps):
            assert words in page


def test_the_page_and_the_card_agree_on_what_is_shown() -> None:
    """The page says of each dimension whether people may be shown it, as the card does."""
    page = PAGE.read_text(encoding="utf-8")
    assert {quantity.name for quantity in CARD.quantities if quantity.shown} == SHOWN
    for dimension, anchors in ANCHORS.items():
        assert f"| {anchors.title} | {'yes' if dimension in SHOWN else 'no'} |" in page


@pytest.mark.parametrize("dimension", Dimension)
def test_weights_are_those_of_the_features(dimension: Dimension) -> None:
    """The weights that ship name each feature of a dimension, and the intercept."""
    given = talk("It is hard.", "It is hard for you.")
    place = 0 if ANCHORS[dimension].rated_on is RatedOn.CLIENT_TURN else 1
    names = set(features(dimension, given, heard(given), place))
    assert set(WEIGHTS[dimension.value]) == {"intercept", *names}


def estimated(given: FinishedSession, dimension: Dimension, place: int, *opinions: Opinion) -> float:
    """Return the estimate of a dimension."""
    return estimate_at(dimension, given, hear(given, opinions, ANSWERS), place)


def test_a_reflection_with_resonance_is_more_empathic_than_a_nod() -> None:
    """A reply that the reader hears as a resonant reflection has more empathy than one that only acknowledges."""
    warm = opinion(Technique.COMPLEX_REFLECTION, {Mechanism.EMOTIONAL_RESONANCE: 2, Mechanism.STANCE_ALIGNMENT: 2})
    full = estimated(talk("It is hard.", "It weighs on you every evening."), Dimension.EMPATHY, 1, PLAIN, warm)
    bare = estimated(talk("It is hard.", "Okay."), Dimension.EMPATHY, 1, PLAIN, PLAIN)
    assert full > bare + 1


def test_an_open_question_explores_more_than_a_statement() -> None:
    """A reply that the reader hears as an open question explores more than one that informs."""
    question = opinion(Technique.OPEN_QUESTION, {Mechanism.CONVERSATIONAL_ORIENTATION: 2})
    fact = opinion(Technique.INFORMATION)
    asks = estimated(talk("It is hard.", "What makes it hard for you?"), Dimension.EXPLORATION, 1, PLAIN, question)
    tells = estimated(talk("It is hard.", "Most people find it hard."), Dimension.EXPLORATION, 1, PLAIN, fact)
    assert asks > tells + 1


def test_words_of_unease_raise_self_directed_emotion() -> None:
    """A client turn with words of fear and shame has more self-directed emotion than an appointment."""
    sad = estimated(talk("I am so ashamed, and afraid that I fail."), Dimension.SELF_DIRECTED_EMOTION, 0, PLAIN)
    plain = estimated(talk("I am there on Tuesday at five then."), Dimension.SELF_DIRECTED_EMOTION, 0, PLAIN)
    assert sad > plain + 1


def test_a_window_ends_with_its_reply() -> None:
    """Rapport reads no more than the six turns that end with the reply."""
    texts = ["I like that. Exactly.", "Good."] * 4
    short, long = talk(*texts[-WINDOW_TURNS:]), talk("no", "What?", *texts)
    found = [
        features(Dimension.RAPPORT, given, heard(given, [PLAIN] * 40), len(given.turns) - 1) for given in (short, long)
    ]
    assert found[0] == found[1]


def test_estimates_stay_on_the_scale() -> None:
    """An estimate beyond the scale is its end."""
    assert estimate({"intercept": 9.0}, {}) == HIGHEST
    assert estimate({"intercept": -9.0}, {}) == LOWEST
    assert estimate({"intercept": 1.0, "x": 0.5}, {"x": 3.0}) == 2.5


def test_each_side_has_its_dimensions() -> None:
    """Client turns have the three of clients, replies the two of counsellors and the window's."""
    given = talk("It is hard.", "What helps?")
    found = take(DynamicsMeasure(), given, heard(given))
    assert [each.quantity for each in found if each.turn == 1] == list(Dimension)[3:]
    assert [each.quantity for each in found if each.turn == 2] == list(Dimension)[:3]
