"""Tests of the fit of the dynamics and of what its estimates are worth."""

import math
import random

import numpy as np
import pytest

from stream.measures.anchors import Dimension
from tests.training.measures.samples import conversation, heard_talk
from training.measures.dynamics import RatedRow, by_length, fit, out_of_fold, rated_rows, shipped, worth


def rows(count: int = 60) -> list[RatedRow]:
    """Return rows whose rating is 1 and twice a feature, of ten conversations; length is chance."""
    source = random.Random(1)
    return [
        RatedRow(
            f"A{number % 10}", f"video/{number % 10}", {"length": source.random(), "feeling": feeling}, 1 + 2 * feeling
        )
        for number in range(count)
        for feeling in [number % 3 / 2]
    ]


def test_a_fit_finds_the_weights() -> None:
    """The weights of a plain relation are found, a little smaller because they are held small."""
    weights = fit(rows())
    assert weights["feeling"] == pytest.approx(2, abs=0.4)
    assert weights["length"] == pytest.approx(0, abs=0.1)
    assert weights["intercept"] == pytest.approx(1, abs=0.3)


def test_a_feature_that_never_changes_has_no_weight() -> None:
    """A feature that is the same in all rows adds nothing."""
    assert fit([RatedRow("A1", "v", {"still": 1.0, "length": float(n)}, float(n)) for n in range(5)])["still"] == 0


def test_estimates_are_of_conversations_that_were_not_seen() -> None:
    """Ratings that only their own conversation explains are not explained out of fold."""
    own = [RatedRow(f"A{n}", f"v{n}", {"length": 0.0, **{f"is {k}": float(k == n) for k in range(10)}}, n % 2 * 4 + 1)
           for n in range(10) for _ in range(4)]  # fmt: skip
    given = out_of_fold(own)
    assert worth(own, given["baseline"], given["constant"]).skill.value < 0.01


def test_worth_is_relative_to_a_constant_and_to_length() -> None:
    """A baseline that explains the ratings has skill over a constant, which itself has none, and so has chance."""
    given = out_of_fold(rows())
    found = {by: worth(rows(), estimates, given["constant"]) for by, estimates in given.items()}
    assert found["baseline"].skill.low > 0.8
    assert found["baseline"].correlation.value > 0.9
    assert found["baseline"].kappa.value > 0.8
    assert found["constant"].skill.value == 0
    assert found["length alone"].skill.value < 0.1


def test_a_constant_has_no_correlation() -> None:
    """Estimates that never change have no correlation, and ratings that never change no skill."""
    flat = [RatedRow("A1", "v", {"length": 0.0}, 1.0)] * 4
    found = worth(flat, np.ones(4), np.ones(4))
    assert math.isnan(found.correlation.value)
    assert math.isnan(found.skill.value)


def test_length_alone_keeps_lengths() -> None:
    """The row of lengths has no other feature."""
    assert set(by_length(rows()[0]).features) == {"length"}


def test_rows_are_of_rated_turns() -> None:
    """A rating belongs to the client turn of its number, the reply to it, or the window that ends there."""
    talk = conversation("A1", "hi", "Hello.", "I am sad and afraid.", "It weighs on you.")
    ratings = {("A1", 2): {Dimension.EMPATHY: 4.0, Dimension.SELF_DIRECTED_EMOTION: 3.0}}
    (of_client,) = rated_rows([heard_talk(talk)], ratings, Dimension.SELF_DIRECTED_EMOTION)
    (of_reply,) = rated_rows([heard_talk(talk)], ratings, Dimension.EMPATHY)
    assert (of_client.rating, of_client.features["own_feeling"]) == (3, 2)
    assert (of_reply.rating, of_reply.features["acknowledges"]) == (4, 0)
    assert rated_rows([heard_talk(talk)], ratings, Dimension.RAPPORT) == []


def test_danger_is_in_no_row() -> None:
    """A client turn with critical content and the reply to it teach nothing and are measured on nothing."""
    talk = conversation("A1", "I want to kill myself.", "What happened?")
    ratings = {("A1", 1): dict.fromkeys(Dimension, 5.0)}
    assert all(not rated_rows([heard_talk(talk)], ratings, dimension) for dimension in Dimension)


def test_what_ships_estimates_by_its_own_weights() -> None:
    """The shipped weights estimate a row, and given ones are used in their place."""
    talk = conversation("A1", "I am sad and afraid.", "It weighs on you.")
    ratings = {("A1", 1): {Dimension.SELF_DIRECTED_EMOTION: 3.0}}
    found = rated_rows([heard_talk(talk)], ratings, Dimension.SELF_DIRECTED_EMOTION)
    assert shipped(found, Dimension.SELF_DIRECTED_EMOTION)[0] > 1.5
    weights = dict.fromkeys(found[0].features, 0.0) | {"intercept": 2.0}
    assert shipped(found, Dimension.SELF_DIRECTED_EMOTION, weights).tolist() == [2.0]
