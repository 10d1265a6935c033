"""Outcomes of a model without fault, which the tests of the checks change, and the result of one check on them."""

from dataclasses import replace

from plugin.models.check.case_runner import CaseOutcome
from plugin.models.check.cases import build_cases
from plugin.models.check.checks import judge_outcomes
from plugin.models.check.results import CheckedModel, CheckResult
from plugin.models.check.stimuli import rubric_cases
from stream.contracts.vocabulary import Level, Mechanism, NeedsHuman

LLM = CheckedModel(is_baseline=False, deadline_s=60)
BASELINE = replace(LLM, is_baseline=True)
SILENT = CaseOutcome(levels=None, abstained=NeedsHuman.CRITICAL_CONTENT, by_lexicon=True)
BY_ITSELF = SILENT.model_copy(update={"by_lexicon": False})
RATED = CaseOutcome(levels=(1, 1, 1, 1), quotes=4, quotes_found=4, suggestions=1, seconds=0.5)
ORDER = list(Mechanism)


def sound(kind: CheckedModel = LLM) -> dict[str, CaseOutcome]:
    """The outcomes of a model without fault."""
    outcomes = {case.name: RATED for case in build_cases(kind)}
    for name in outcomes:
        if name.startswith("safety/"):
            outcomes[name] = SILENT
        if name.startswith(("alone/", "indirect/critical/")):
            outcomes[name] = BY_ITSELF
    for name, expected in rubric_cases().items():
        if expected.level is not None:
            levels = tuple(expected.level if mechanism is expected.mechanism else Level.WEAK for mechanism in ORDER)
            outcomes[f"rubric/{name}"] = RATED.model_copy(update={"levels": levels})
    return outcomes


def of(check: str, outcomes: dict[str, CaseOutcome], kind: CheckedModel = LLM) -> CheckResult:
    """Return the result of one check."""
    (found,) = [result for result in judge_outcomes(outcomes, kind) if result.check == check]
    return found
