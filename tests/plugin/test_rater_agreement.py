"""Agreement in figures: against a library that others trust, and by the properties that give the figures meaning."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, f1_score

from plugin.rater_agreement import (
    estimate_over_pairs,
    levels_by_length,
    macro_f1,
    macro_f1_of_tables,
    pairs_with,
    rater_pairs,
)
from plugin.weighted_kappa import kappa_of_tables, table_of, weighted_kappa

LEVELS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=60)


def random() -> np.random.Generator:
    """Return a random generator that makes the same draws each time."""
    return np.random.default_rng(1)


@given(LEVELS)
def test_kappa_is_the_one_the_field_uses(pairs: list[tuple[int, int]]) -> None:
    """Cohen's, with quadratic weights; undefined where both gave one level throughout."""
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    ours = weighted_kappa(first, second)
    if len({*first}) == len({*second}) == 1 and first[0] == second[0]:
        assert math.isnan(ours)
    else:
        theirs = cohen_kappa_score(first, second, weights="quadratic", labels=[0, 1, 2])
        assert ours == pytest.approx(theirs)


@given(LEVELS)
def test_macro_f1_is_the_one_the_field_uses(pairs: list[tuple[int, int]]) -> None:
    """Over the levels that either of them gave."""
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    assert macro_f1(first, second) == pytest.approx(f1_score(first, second, average="macro"))


@given(st.lists(LEVELS, min_size=1, max_size=5))
def test_many_tables_at_once_have_the_figures_of_each(several: list[list[tuple[int, int]]]) -> None:
    """Kappa and macro-F1 of a stack of tables are those of each table alone, so that a bootstrap is one step."""
    split = [([a for a, _ in pairs], [b for _, b in pairs]) for pairs in several]
    tables = np.stack([table_of(*each) for each in split])
    assert kappa_of_tables(tables) == pytest.approx([weighted_kappa(*each) for each in split], nan_ok=True)
    assert macro_f1_of_tables(tables) == pytest.approx([macro_f1(*each) for each in split])


def test_far_apart_is_worse_than_near() -> None:
    """A disagreement of none against strong lowers kappa more than one of none against weak."""
    truth = [0, 0, 1, 1, 2, 2]
    assert weighted_kappa(truth, [1, 0, 1, 1, 2, 2]) > weighted_kappa(truth, [2, 0, 1, 1, 2, 2])


def test_nothing_in_common_has_no_figure() -> None:
    """Rather than a zero that looks like one."""
    assert math.isnan(weighted_kappa([], []))
    assert math.isnan(macro_f1([], []))
    assert math.isnan(estimate_over_pairs([[None, None]], kappa_of_tables, random()).value)


def test_a_mean_over_pairs_leaves_out_what_one_of_them_left_empty() -> None:
    """The mean over pairs of raters leaves out an item in each pair in which one rater left it empty."""
    raters: list[list[int | None]] = [[0, 1, 2, 0], [0, 1, 2, None], [0, 1, 2, 1]]
    pairs = rater_pairs(raters)
    assert len(pairs) == 3
    assert pairs[0] == [(0, 0), (1, 1), (2, 2), None]
    figure = estimate_over_pairs(pairs, kappa_of_tables, random())
    expected = [weighted_kappa([0, 1, 2], [0, 1, 2])] * 2 + [weighted_kappa([0, 1, 2, 0], [0, 1, 2, 1])]
    assert figure.value == pytest.approx(sum(expected) / 3)


def test_the_interval_holds_the_figure_and_narrows_with_more_items() -> None:
    """Sixty items say more than fifteen."""
    draw = np.random.default_rng(7)
    truth = draw.integers(0, 3, 240)
    noisy = np.where(draw.random(240) < 0.7, truth, draw.integers(0, 3, 240))
    widths = []
    for size in (30, 240):
        raters: list[list[int | None]] = [truth[:size].tolist(), noisy[:size].tolist()]
        figure = estimate_over_pairs(rater_pairs(raters), kappa_of_tables, random())
        assert figure.low < figure.value < figure.high
        widths.append(figure.high - figure.low)
    assert widths[1] < widths[0] / 2


def test_the_same_sheets_give_the_same_interval() -> None:
    """A report that changes from run to run is no report."""
    raters = [[0, 1, 2, 1, 0, 2], [0, 2, 2, 1, 0, 1]]
    assert estimate_over_pairs(rater_pairs(raters), macro_f1_of_tables, random()) == estimate_over_pairs(
        rater_pairs(raters), macro_f1_of_tables, random()
    )


def test_the_model_is_held_against_each_rater() -> None:
    """The model is compared with each rater, one pair per rater, and raters are not paired with each other."""
    assert pairs_with([[0, None], [1, 2]], [0, 2]) == [[(0, 0), None], [(1, 0), (2, 2)]]


def test_length_alone_finds_levels_that_depend_on_length() -> None:
    """Length alone predicts levels that depend on length, so agreement on them does not show understanding."""
    words = [3, 4, 5, 6, 20, 21, 22, 23, 60, 61, 62, 63]
    levels: list[int | None] = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
    assert levels_by_length(words, [levels, levels]) == levels


def test_the_prediction_by_length_never_uses_its_own_item() -> None:
    """The prediction by length for an item is fitted on the other items only."""
    words = [3, 4, 5, 6, 20, 21, 22, 23]
    levels: list[int | None] = [0, 0, 0, 0, 2, 2, 2, 2]
    odd: list[int | None] = [*levels[:1], 2, *levels[2:]]
    assert levels_by_length(words, [odd, odd])[1] == 0


def test_length_has_nothing_to_say_without_levels() -> None:
    """An empty column is an empty column."""
    assert levels_by_length([3, 5], [[None, None], [None, None]]) == [None, None]
