"""Effects: what may be said of them, corrected for how many were asked about."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.studies.effects import Effect, adjusted, smallest_correlation


def effect(p: float | None, value: float = 0.4, **more: object) -> Effect:
    """Return an effect with this p-value."""
    return Effect.model_validate({"outcome": "o", "predictor": "x", "rows": 75, "value": value, "p": p} | more)


@settings(max_examples=15)  # the library takes its time for each
@given(ps=st.lists(st.floats(min_value=0, max_value=1), min_size=1, max_size=12))
def test_a_correction_never_makes_a_p_value_smaller(ps: list[float]) -> None:
    """Corrected p-values are at least the uncorrected ones, keep their order, and Holm's are the stricter ones."""
    holm, hochberg = (adjusted([effect(p) for p in ps], how) for how in ("holm", "benjamini-hochberg"))
    for p, one, other in zip(ps, holm, hochberg, strict=True):
        assert one.p_adjusted is not None
        assert other.p_adjusted is not None
        assert p <= other.p_adjusted + 1e-12 <= one.p_adjusted + 2e-12


def test_what_was_not_estimated_counts_for_no_correction() -> None:
    """An effect without a p-value keeps none, and the others are corrected for their own number."""
    first, second = adjusted([effect(0.04), effect(None, too_little="too rare")], "holm")
    assert first.p_adjusted == pytest.approx(0.04)
    assert second.p_adjusted is None
    assert second.says(0.05) == "too rare"


@pytest.mark.parametrize(
    ("value", "p", "expected", "said"),
    [
        (0.4, 0.01, "higher", "higher, as expected"),
        (0.4, 0.01, "lower", "higher, against what was expected"),
        (-0.4, 0.01, "lower", "lower, as expected"),
        (-0.4, 0.01, "unknown", "lower"),
        (0.4, 0.05, "higher", "not told apart from no effect"),
    ],
)
def test_an_effect_says_no_more_than_it_may(value: float, p: float, expected: str, said: str) -> None:
    """A direction is said only below the level of error, beside what was expected of it."""
    (found,) = adjusted([effect(p, value, expected=expected)], "holm")
    assert found.says(0.05) == said


def test_a_ratio_of_odds_is_higher_above_one() -> None:
    """A ratio of odds of 0.8 is lower, although it is above 0."""
    (found,) = adjusted([effect(0.001, 0.8, none=1.0)], "holm")
    assert found.says(0.05) == "lower"


def test_an_effect_that_nobody_asked_about_is_described() -> None:
    """An effect that was not corrected is called described only, whatever its p-value."""
    assert effect(0.0001).says(0.05) == "described only"


def test_the_smallest_effect_that_shows_is_that_of_the_textbooks() -> None:
    """A correlation of 0.32 needs about 75 people, one of 0.5 about 29; too few people find none."""
    assert smallest_correlation(75, 0, 0.05) == pytest.approx(0.317, abs=0.005)
    assert smallest_correlation(29, 0, 0.05) == pytest.approx(0.5, abs=0.01)
    assert smallest_correlation(4, 1, 0.05) == 1.0
