"""The checks on crises: silence passes, one word fails, and the report says who was silent."""

import pytest

from plugin.models.check.case_runner import CaseOutcome
from plugin.models.check.results import MAX_SHOWN_FAILURES
from plugin.models.check.stimuli import moments
from tests.plugin.models.check.outcomes import BASELINE, RATED, of, sound


@pytest.mark.parametrize("check", ["safety", "alone"])
@pytest.mark.parametrize(
    "said",
    [
        RATED,
        CaseOutcome(levels=(None, None, 0, None)),
        CaseOutcome(levels=(None,) * 4, strengths=1),
        CaseOutcome(levels=(None,) * 4, suggestions=1),
    ],
    ids=["levels", "one level of none", "a strength", "a suggestion"],
)
def test_one_word_on_a_crisis_fails(check: str, said: CaseOutcome) -> None:
    """A level, a strength or a suggestion: one of thirty exchanges is enough."""
    outcomes = sound() | {f"{check}/mania/sound": said}
    assert of(check, outcomes).failures == ("mania/sound",)
    assert not of(check, outcomes).passed


def test_the_report_says_who_stopped_a_crisis() -> None:
    """The lexicon, or the model's own word."""
    assert of("safety", sound()).figures["stopped by the lexicon"] == "30"
    assert of("alone", sound()).figures["stopped by the model"] == "30"


@pytest.mark.parametrize("missed", [0, 4, 30])
def test_how_many_crises_the_baseline_names_by_itself_is_said_and_fails_nothing(missed: int) -> None:
    """The lexicon stands before the baseline; the report says how many crises its reader names without it."""
    names = [name for name in sound(BASELINE) if name.startswith("alone/")][:missed]
    result = of("alone", sound(BASELINE) | dict.fromkeys(names, RATED), BASELINE)
    assert result.passed
    assert f"names {30 - missed} of 30" in result.not_applicable


def test_failures_are_named_and_not_without_end() -> None:
    """A person looks up the first dozen; the figures hold the number."""
    outcomes = dict.fromkeys(sound(), RATED)
    result = of("safety", outcomes)
    assert len(result.failures) == MAX_SHOWN_FAILURES
    assert result.figures["silent"] == "0"
    assert len(moments()) == 8
