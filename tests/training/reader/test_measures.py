"""Levels are compared by macro-F1 and weighted kappa, shares with intervals over groups."""

import math

import numpy as np
import pytest

from training.reader.examples import UNKNOWN
from training.reader.measures import expected_level, level_metrics, share, softmax

GROUPS = [f"g{number // 2}" for number in range(12)]
TRUTH = [0, 1, 2, 2, 1, 0, 0, 1, 2, 2, 1, 0]


def test_probabilities_sum_to_one_however_large_the_logits() -> None:
    """Probabilities of a row sum to one, and large logits do not overflow."""
    found = softmax(np.array([[0.0, 0.0], [1e4, -1e4]]))
    assert found.tolist() == [[0.5, 0.5], [1.0, 0.0]]


def test_an_expected_level_is_the_mean_under_its_probabilities() -> None:
    """An expected level lies between 0 and 2."""
    assert expected_level(np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 99.0]])).tolist() == pytest.approx([1.0, 2.0])


def test_full_agreement_is_one() -> None:
    """Levels that agree everywhere have F1 and kappa 1, without width."""
    found = level_metrics(TRUTH, TRUTH, GROUPS)
    assert (found.rated, found.macro_f1.value, found.kappa.value) == (12, 1.0, 1.0)
    assert found.kappa.low == found.kappa.high == 1.0


def test_a_far_miss_costs_more_than_a_near_one() -> None:
    """Weighted kappa counts a miss by two levels more than a miss by one."""
    near = level_metrics(TRUTH, [1, *TRUTH[1:]], GROUPS)
    far = level_metrics(TRUTH, [2, *TRUTH[1:]], GROUPS)
    assert far.kappa.value < near.kappa.value < 1
    assert near.kappa.low <= near.kappa.value <= near.kappa.high


def test_what_nobody_rated_is_left_out() -> None:
    """Mechanisms that could not be rated change nothing."""
    found = level_metrics([*TRUTH, UNKNOWN], [*TRUTH, 0], [*GROUPS, "g9"])
    assert found.rated == 12
    assert found.kappa.value == 1.0


def test_one_level_on_both_sides_says_nothing() -> None:
    """Where both sides give one level alone there is no kappa."""
    assert math.isnan(level_metrics([1, 1], [1, 1], ["a", "b"]).kappa.value)


def test_a_share_has_an_interval_over_groups() -> None:
    """The interval of a share is wide where few groups decide it."""
    found = share([True, True, False, False], ["a", "a", "b", "b"])
    assert (found.value, found.low, found.high) == (0.5, 0.0, 1.0)
    assert share([True] * 4, ["a", "b", "c", "d"]).low == 1.0
