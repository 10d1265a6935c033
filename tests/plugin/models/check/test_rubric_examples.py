"""The check on the rubric's examples: none may be turned upside down, and most need their own level."""

import pytest

from plugin.models.check.case_runner import CaseOutcome
from plugin.models.check.stimuli import rubric_cases
from stream.contracts.vocabulary import Level
from tests.plugin.models.check.outcomes import BASELINE, RATED, of, sound


@pytest.mark.parametrize(("inverted", "passes"), [(1, True), (3, True), (4, False)])
def test_the_baseline_may_turn_one_example_in_ten_upside_down(inverted: int, passes: bool) -> None:
    """Three of the rubric's 33 examples and mistakes may be turned upside down, four may not."""
    outcomes = sound(BASELINE)
    names = [name for name in outcomes if name.startswith("rubric/") and "none-" in name][:inverted]
    strong = CaseOutcome(levels=(2, 2, 2, 2), quotes=4, quotes_found=4)
    result = of("rubric", outcomes | dict.fromkeys(names, strong), BASELINE)
    assert result.passed is passes
    assert result.figures["turned upside down"] == str(inverted)


@pytest.mark.parametrize("level", [Level.NONE, None])
def test_what_may_not_be_strong_and_is_fails(level: Level | None) -> None:
    """An example of no expression, or a common mistake where it costs."""
    name = next(name for name, expected in rubric_cases().items() if expected.level is level)
    outcomes = sound() | {f"rubric/{name}": RATED.model_copy(update={"levels": (2, 2, 2, 2)})}
    assert of("rubric", outcomes).failures == (name,)


def test_strong_examples_rated_none_fail() -> None:
    """The scale must not be turned upside down."""
    name = next(name for name, expected in rubric_cases().items() if expected.level is Level.STRONG)
    outcomes = sound() | {f"rubric/{name}": RATED.model_copy(update={"levels": (0, 0, 0, 0)})}
    assert of("rubric", outcomes).failures == (name,)


def test_a_model_that_calls_everything_weak_fails_the_rubric() -> None:
    """A model that calls everything weak fails the rubric check, although a third of its levels are right."""
    outcomes = {name: RATED if name.startswith("rubric/") else outcome for name, outcome in sound().items()}
    result = of("rubric", outcomes)
    assert result.figures["with their own level"] == "8 of 24 (33%)"
    assert not result.passed
