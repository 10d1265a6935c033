"""The check on the rubric's own examples and common mistakes."""

from plugin.models.check import stimuli
from plugin.models.check.results import (
    MAX_SHOWN_FAILURES,
    CheckedModel,
    CheckResult,
    Outcomes,
    make_result,
    share,
    with_prefix,
)
from stream.contracts.vocabulary import Level, Mechanism

MIN_EXACT_SHARE = 0.6
"""Of the rubric's own examples. Two people who rate by one rubric agree less than fully; chance would be a third."""
MAX_INVERTED_SHARE_OF_BASELINE = 0.1
"""Of the rubric's examples and mistakes. A small encoder turns some upside down; each is told by its name."""


def check_rubric(outcomes: Outcomes, model: CheckedModel) -> CheckResult:
    """Return whether no example of none and no common mistake is strong, and most examples have their own level.

    The baseline may turn one in ten upside down, which the figures name.
    """
    expected = stimuli.rubric_cases()
    order = list(Mechanism)
    inverted = []
    exact = examples = 0
    for name, outcome in with_prefix(outcomes, "rubric").items():
        case = expected[name]
        level = None if outcome.levels is None else outcome.levels[order.index(case.mechanism)]
        if case.level is not None:
            examples += 1
            exact += level == case.level
        if case.level in {None, Level.NONE} and level == Level.STRONG:
            inverted.append(name)
        if case.level is Level.STRONG and level == Level.NONE:
            inverted.append(name)
    figures = {
        "examples of the rubric": str(examples),
        "with their own level": share(exact, examples),
        "turned upside down": str(len(inverted)),
    }
    if inverted:
        figures["upside down"] = ", ".join(inverted[:MAX_SHOWN_FAILURES])
    if model.is_baseline and len(inverted) <= MAX_INVERTED_SHARE_OF_BASELINE * len(expected):
        inverted = []
    if examples and exact / examples < MIN_EXACT_SHARE:
        inverted.append(f"fewer than {MIN_EXACT_SHARE:.0%} of the examples have their own level")
    return make_result("rubric", "the rubric's examples and its common mistakes", inverted, figures)
