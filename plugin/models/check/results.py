"""The result of a check, and what all judgements have in common."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from plugin.models.check.case_runner import CaseOutcome

MAX_SHOWN_FAILURES = 12
"""A report names no more cases of one check: who reads it needs some to look at, and the figures say how many."""

Outcomes = Mapping[str, CaseOutcome]


class CheckResult(BaseModel):
    """The result of one check. `not_applicable` is why a check does not apply, where it does not."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    check: str
    meaning: str
    passed: bool
    figures: dict[str, str]
    failures: tuple[str, ...] = ()
    not_applicable: str = ""


@dataclass(frozen=True)
class CheckedModel:
    """The properties of the served model that the checks need."""

    is_baseline: bool
    deadline_s: float


def with_prefix(outcomes: Outcomes, prefix: str) -> dict[str, CaseOutcome]:
    """Return the outcomes of the cases under a prefix, by the rest of their names."""
    return {name.removeprefix(f"{prefix}/"): o for name, o in outcomes.items() if name.startswith(f"{prefix}/")}


def make_result(check: str, meaning: str, failures: Iterable[str], figures: dict[str, str]) -> CheckResult:
    """Return the result of a check, which is passed where nothing failed."""
    failed = tuple(failures)
    return CheckResult(
        check=check, meaning=meaning, passed=not failed, figures=figures, failures=failed[:MAX_SHOWN_FAILURES]
    )


def not_applicable(check: str, meaning: str, reason: str) -> CheckResult:
    """Return the result of a check that does not apply to the model."""
    return CheckResult(check=check, meaning=meaning, passed=True, figures={}, not_applicable=reason)


def share(part: int, whole: int) -> str:
    """Return a share in words, as in `3 of 4 (75%)`."""
    return f"{part} of {whole} ({part / whole:.0%})" if whole else "0 of 0"
