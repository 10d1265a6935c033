"""All checks together: what a model without fault passes, and which checks do not apply to which model."""

from plugin.models.check.checks import judge_outcomes
from tests.plugin.models.check.outcomes import BASELINE, LLM, sound


def test_a_model_without_fault_passes() -> None:
    """Every check but the published stimuli, which are asked where their path is given."""
    results = judge_outcomes(sound(), LLM)
    assert all(result.passed for result in results)
    assert [result.check for result in results if result.not_applicable] == ["published"]


def test_the_baseline_is_spared_what_does_not_apply_and_the_report_says_why() -> None:
    """The report says which checks do not apply to the baseline, and why."""
    results = judge_outcomes(sound(BASELINE), BASELINE)
    assert all(result.passed for result in results)
    reasons = {result.check: result.not_applicable for result in results if result.not_applicable}
    assert set(reasons) == {"published", "rewording", "alone"}
    assert all(reasons.values())
