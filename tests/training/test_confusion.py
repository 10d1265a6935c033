"""Tests of macro-F1 and kappa from counts, against sklearn's."""

import math

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, f1_score

from training.confusion import codes_of, confusion, f1_by_label, kappa


@pytest.mark.parametrize("seed", range(5))
def test_the_same_as_sklearn(seed: int) -> None:
    """F1 by label and both kappas are those of sklearn."""
    random = np.random.default_rng(seed)
    truth, given = random.integers(0, 4, 60), random.integers(0, 4, 60)
    counts = confusion(truth, given, 4)
    assert f1_by_label(counts) == pytest.approx(f1_score(truth, given, average=None, labels=range(4)))
    assert kappa(counts) == pytest.approx(cohen_kappa_score(truth, given))
    assert kappa(counts, weighted=True) == pytest.approx(cohen_kappa_score(truth, given, weights="quadratic"))


def test_one_label_says_nothing_of_chance() -> None:
    """Where all labels are one there is no kappa, and a label that nobody gave has an F1 of 0."""
    counts = confusion(np.zeros(3, dtype=int), np.zeros(3, dtype=int), 2)
    assert math.isnan(kappa(counts))
    assert f1_by_label(counts).tolist() == [1, 0]


def test_labels_have_places() -> None:
    """Labels become their places in a list."""
    assert codes_of(["a", "b"], ["b", "a", "b"]).tolist() == [1, 0, 1]
