"""The numbers of quality in words, the same in the terminal and on the operator's page."""

from collections.abc import Iterator

from plugin.least_people import LEAST_COUNSELLORS
from plugin.plain_text import counted, join_words
from plugin.queue.comparison import ModelComparison
from plugin.queue.proportion import MIN_SESSIONS, MIN_TURNS, Proportion
from plugin.queue.quality import (
    MIN_LEVELS,
    MIN_RELEASED,
    DisputeRate,
    LevelAgreement,
    Quality,
    shadow_kappa,
)
from plugin.queue.sample_estimates import VersionName
from stream.contracts.rubric import RUBRIC


def quality_lines(quality: Quality) -> Iterator[str]:
    """Yield one line for each number that the page shows."""
    yield sample_words(quality)
    for estimate in quality.estimates:
        said = f"{proportion_words(estimate.precision)}; recall {proportion_words(estimate.recall)}"
        yield f"sample, {version_words(estimate.version)}: precision {said}"
    for each in quality.agreement:
        yield f"agreement with supervisors, {each.model}, {RUBRIC[each.mechanism].title}: {agreement_words(each)}"
    yield f"disputes: {dispute_words(quality.disputes)}"
    if quality.shadow is not None:
        yield f"model in shadow: {shadow_words(quality.shadow)}"


def sample_words(quality: Quality) -> str:
    """Return how many sessions of the sample were looked at."""
    return f"random sample: {quality.looked_at} of {counted(quality.sampled, 'session')} looked at"


def version_words(version: VersionName) -> str:
    """Return the versions that an estimate is about."""
    return f"{version.name} ({version.version}), detector {version.detector}"


def proportion_words(found: Proportion) -> str:
    """Return a proportion with its interval and what it rests on, or that it rests on too little."""
    base = f"{counted(found.turns, 'turn')} of {counted(found.sessions, 'session')}"
    if found.value is None or found.low is None or found.high is None:
        return f"not estimated, {base} (at least {MIN_TURNS} turns of {MIN_SESSIONS} sessions)"
    few = ", few: a wide interval" if found.is_few else ""
    return f"{found.value:.0%}, 95 % interval {found.low:.0%} to {found.high:.0%}, from {base}{few}"


def agreement_words(found: LevelAgreement) -> str:
    """Return a kappa with what it rests on, or that it rests on too little."""
    base = counted(found.levels, "level")
    if found.kappa is None:
        return f"not estimated, {base} (at least {MIN_LEVELS}, and not all alike)"
    return f"weighted kappa {found.kappa:.2f}, from {base}"


def dispute_words(found: DisputeRate) -> str:
    """Return the rate of disputed sessions, or that there are too few of them."""
    released = counted(found.released, "released session")
    if found.rate is None:
        least = f"at least {MIN_RELEASED} sessions of {LEAST_COUNSELLORS} counsellors"
        return f"not counted, {released} in 90 days ({least})"
    return f"{found.rate:.0%} of {released} in 90 days"


def shadow_words(found: ModelComparison) -> str:
    """Return how far the model in shadow agrees with the active one, without intervals."""
    measured = ((each.mechanism, shadow_kappa(each)) for each in found.levels)
    kappas = [f"{kappa:.2f} ({RUBRIC[mechanism].title})" for mechanism, kappa in measured if kappa is not None]
    few = f"no kappa (from {MIN_LEVELS} levels of a mechanism on, and not all alike)"
    agreed = f"weighted kappa {join_words(kappas)}" if kappas else few
    return (
        f"{found.shadow} beside {found.active}, {counted(found.exchanges, 'exchange')}: {agreed}; the same verdict in"
        f" {found.same_verdict} of {found.both_rated}; it abstained from {found.shadow_abstained}, the active one from"
        f" {found.active_abstained}"
    )
