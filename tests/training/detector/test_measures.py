"""The measures of a ranking and of a threshold have the values of hand-made examples."""

import numpy as np
import pytest

from training.detector.measures import (
    _Ranking,
    metrics_at_recall,
    pr_auc,
    pr_auc_estimate,
    pr_auc_gain,
    roc_auc,
    threshold_metrics,
)
from training.estimate import Estimate


def test_a_perfect_ranking_has_area_1() -> None:
    """A ranking with all positives above all others has area 1."""
    assert pr_auc([False, False, True], [0.1, 0.2, 0.3]) == 1


def test_one_score_for_all_has_the_share_of_positives() -> None:
    """One score for all turns has the share of positives as its area, as chance does."""
    assert pr_auc([True, False, False, False], [0.5] * 4) == pytest.approx(0.25)


def test_the_interval_holds_the_area_and_is_repeatable() -> None:
    """The bootstrap interval of the PR-AUC contains the value and is the same each time."""
    labels = [i % 3 == 0 for i in range(60)]
    scores = [(i * 7 % 11) / 11 + 0.3 * label for i, label in enumerate(labels)]
    groups = [str(i // 6) for i in range(60)]
    found = pr_auc_estimate(labels, scores, groups)
    assert found.low <= found.value == pr_auc(labels, scores) <= found.high
    assert found == pr_auc_estimate(labels, scores, groups)


def test_one_conversation_has_no_spread() -> None:
    """The PR-AUC of a single conversation has an interval of no width."""
    labels, scores = [True, False, True], [0.9, 0.8, 0.7]
    assert pr_auc_estimate(labels, scores, ["a"] * 3) == Estimate(*[pr_auc(labels, scores)] * 3)


def test_figures_at_a_threshold() -> None:
    """The metrics at a threshold are those of two of three positives found and one of three flags false."""
    found = threshold_metrics([True, True, True, False, False, False], [True, True, False, True, False, False])
    assert found.recall == pytest.approx(2 / 3)
    assert found.precision == pytest.approx(2 / 3)
    assert found.f1 == pytest.approx(2 / 3)
    assert found.flagged == pytest.approx(1 / 2)


@pytest.mark.parametrize("flags", [[], [False, False]])
def test_nothing_flagged_is_no_division_by_zero(flags: list[bool]) -> None:
    """With nothing flagged all metrics are 0 instead of a division by zero."""
    found = threshold_metrics([False] * len(flags), flags)
    assert (found.f1, found.recall, found.precision, found.flagged) == (0, 0, 0, 0)


def test_a_turn_that_is_drawn_twice_counts_twice() -> None:
    """A turn that is drawn twice counts twice, and equal scores are one step."""
    labels, scores, counts = [True, False, True, False], [0.9, 0.5, 0.5, 0.1], [2, 1, 3, 0]
    many = [i for i, count in enumerate(counts) for _ in range(count)]
    assert _Ranking(labels, scores).area(np.array(counts)) == pytest.approx(
        pr_auc([labels[i] for i in many], [scores[i] for i in many])
    )


def test_a_gain_is_measured_on_the_same_draws() -> None:
    """A ranking has no gain over itself, and a better one has a gain on every bootstrap draw."""
    labels = [i % 3 == 0 for i in range(90)]
    right = [0.9 if label else 0.1 for label in labels]
    blind = [i * 7 % 11 / 11 for i in range(90)]
    groups = [str(i // 9) for i in range(90)]
    none = pr_auc_gain(labels, blind, blind, groups)
    assert (none.value, none.low, none.high) == (0, 0, 0)
    some = pr_auc_gain(labels, right, blind, groups)
    assert 0 < some.low <= some.value <= some.high


def test_what_keeping_a_recall_costs() -> None:
    """The metrics at a recall are those of the highest threshold that keeps it."""
    labels = [True] * 10 + [False] * 10
    scores = [i / 20 for i in range(20, 0, -2)] + [i / 20 for i in range(19, 0, -2)]
    found = metrics_at_recall(labels, scores, 0.8)
    assert found.recall == 0.8
    assert found.flagged == 15 / 20


def test_the_area_under_roc_is_half_by_chance() -> None:
    """The area under the ROC curve is a half by chance, with an interval around it."""
    found = roc_auc([True, False] * 20, [i // 2 for i in range(40)])
    assert found.value == pytest.approx(0.5)
    assert found.low < 0.5 < found.high
    assert f"{found:.3f}".startswith("0.500 [")
