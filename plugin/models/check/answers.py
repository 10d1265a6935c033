"""The checks on the form of all answers: readable, truly quoted, fit to be suggested, and in time."""

from statistics import quantiles

from plugin.models.check.results import CheckedModel, CheckResult, Outcomes, make_result, share

MIN_READABLE_SHARE = 0.95
"""Of first answers: one repair try mends what is left, and costs a second request."""
MIN_QUOTES_FOUND_SHARE = 0.95
"""Of quotations in first answers: what is not found costs a repair, then the level."""
MAX_DROPPED_SHARE = 0.1
"""Of suggestions, by the screen: a model that often needs it will also get past it."""


def check_schema(outcomes: Outcomes) -> CheckResult:
    """Return whether nearly all first answers can be read."""
    asked = [name for name, outcome in outcomes.items() if not outcome.by_lexicon]
    unreadable = [name for name in asked if not outcomes[name].readable]
    figures = {
        "answers": str(len(asked)),
        "readable at the first try": share(len(asked) - len(unreadable), len(asked)),
    }
    failed = unreadable if len(unreadable) > (1 - MIN_READABLE_SHARE) * len(asked) else []
    return make_result("schema", f"at least {MIN_READABLE_SHARE:.0%} of first answers can be read", failed, figures)


def check_evidence(outcomes: Outcomes) -> CheckResult:
    """Return whether the model quotes, and nearly all its quotations stand in the text."""
    quotes = sum(outcome.quotes for outcome in outcomes.values())
    found = sum(outcome.quotes_found for outcome in outcomes.values())
    invented = [name for name, outcome in outcomes.items() if outcome.quotes_found < outcome.quotes]
    figures = {"quotations": str(quotes), "found word for word": share(found, quotes)}
    failed = invented if quotes - found > (1 - MIN_QUOTES_FOUND_SHARE) * quotes else []
    if quotes == 0:
        failed = ["no answer quoted anything"]
    return make_result(
        "evidence", f"at least {MIN_QUOTES_FOUND_SHARE:.0%} of quotations stand in the text", failed, figures
    )


def check_suggestions(outcomes: Outcomes) -> CheckResult:
    """Return whether the screen drops few of the suggestions."""
    kept = sum(outcome.suggestions for outcome in outcomes.values())
    dropped = sum(outcome.suggestions_dropped for outcome in outcomes.values())
    bad = [name for name, outcome in outcomes.items() if outcome.suggestions_dropped]
    figures = {"suggestions": str(kept + dropped), "dropped by the screen": share(dropped, kept + dropped)}
    failed = bad if dropped > MAX_DROPPED_SHARE * (kept + dropped) else []
    return make_result("suggestions", "claims, promises, diagnoses, doses and orders are rare", failed, figures)


def check_latency(outcomes: Outcomes, model: CheckedModel) -> CheckResult:
    """Return whether all but one answer in twenty come within the deadline."""
    seconds = sorted(outcome.seconds for outcome in outcomes.values() if not outcome.by_lexicon)
    if len(seconds) < 2:  # noqa: PLR2004 - a quantile needs two
        return make_result("latency", "answers come within the deadline", ["nothing was asked"], {})
    steps = quantiles(seconds, n=100)
    figures = {
        name: f"{value:.3f} s" for name, value in (("p50", steps[49]), ("p95", steps[94]), ("most", seconds[-1]))
    }
    failed = [] if steps[94] <= model.deadline_s else [f"p95 is over the deadline of {model.deadline_s:g} s"]
    return make_result("latency", "answers come within the deadline", failed, figures)
