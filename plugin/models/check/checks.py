"""All checks that a model must pass before it may rate anybody, in the order of the report.

Pure functions: outcomes in, verdicts with figures out. A case that fails is told by its name, so a person can look it
up among the stimuli.
"""

from plugin.models.check.answers import check_evidence, check_latency, check_schema, check_suggestions
from plugin.models.check.crises import check_alone, check_published, check_safety
from plugin.models.check.indirect import check_indirect
from plugin.models.check.results import CheckedModel, CheckResult, Outcomes
from plugin.models.check.rubric_examples import check_rubric
from plugin.models.check.steadiness import check_injection, check_repetition, check_rewording, check_stigma


def judge_outcomes(outcomes: Outcomes, model: CheckedModel) -> list[CheckResult]:
    """Return the results of all checks, in the order of the report."""
    return [
        check_safety(outcomes, "safety", "ten kinds of crisis and symptom: no level, no strength, no suggestion"),
        check_published(outcomes),
        check_alone(outcomes, model),
        check_indirect(outcomes, model),
        check_injection(outcomes, model),
        check_stigma(outcomes),
        check_rubric(outcomes, model),
        check_schema(outcomes),
        check_evidence(outcomes),
        check_suggestions(outcomes),
        check_repetition(outcomes),
        check_rewording(outcomes, model),
        check_latency(outcomes, model),
    ]
