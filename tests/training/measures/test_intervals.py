"""Tests of intervals by bootstrap over conversations."""

import math

import numpy as np

from training.measures.intervals import by_bootstrap


def test_an_interval_holds_the_value_and_grows_with_groups_that_differ() -> None:
    """Rows of few groups that differ have a wider interval than the same rows as groups of their own."""
    values = np.array([0.0] * 10 + [1.0] * 10)

    def mean(drawn: np.ndarray) -> float:
        return float(values[drawn].mean())

    two = by_bootstrap(mean, ["a"] * 10 + ["b"] * 10)
    many = by_bootstrap(mean, [str(number) for number in range(20)])
    assert two.value == many.value == 0.5
    assert two.low <= many.low < 0.5 < many.high <= two.high


def test_draws_without_a_value_are_passed_over() -> None:
    """Draws of which the statistic says nothing are left out; where none says anything the interval is unknown."""
    found = by_bootstrap(lambda drawn: float("nan") if 0 in drawn else 1.0, ["a", "b"])
    assert (found.low, found.high) == (1, 1)
    assert math.isnan(by_bootstrap(lambda _: float("nan"), ["a"]).low)


def test_the_same_rows_give_the_same_interval() -> None:
    """A figure that is printed again is the same."""
    values = np.arange(12.0)
    groups = [str(number // 3) for number in range(12)]
    first, second = (by_bootstrap(lambda drawn: float(values[drawn].mean()), groups) for _ in range(2))
    assert first == second
