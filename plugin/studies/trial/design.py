"""The design of a trial: how many people it needs, and who gets feedback and which form first, by chance.

Pure functions; the seed of the question file decides what is left to chance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from random import Random
from typing import Final, Literal

from statsmodels.stats.power import TTestIndPower

from plugin.studies.question import TrialQuestion
from plugin.studies.trial.items import FormName
from stream.contracts.vocabulary import Mechanism

Group = Literal["feedback", "control"]
GROUPS: Final[tuple[Group, ...]] = ("feedback", "control")
_BLOCK: Final[tuple[tuple[Group, FormName], ...]] = (
    ("feedback", "A"), ("feedback", "B"), ("control", "A"), ("control", "B"),
)  # fmt: skip
"""Every four people of a stratum: both groups, each with either form first."""


@dataclass(frozen=True)
class Assignment:
    """A participant with their group, and the form that they fill in first."""

    participant: str
    group: Group
    first_form: FormName

    def form(self, occasion: str) -> FormName:
        """Return the form of an occasion: the other one afterwards."""
        if occasion == "before":
            return self.first_form
        return "B" if self.first_form == "A" else "A"


def people_needed(question: TrialQuestion) -> int:
    """Return how many people each group needs at the end, before anybody drops out.

    That is for a comparison of the groups with the scores before held constant, which takes away the share of the
    variance that those explain, at the strictest level of error of Holm's correction for four mechanisms.
    """
    effect = question.smallest_effect / sqrt(1 - question.before_after_correlation**2)
    needed = TTestIndPower().solve_power(effect, power=question.power, alpha=question.alpha / len(Mechanism))
    return ceil(float(needed))


def smallest_effect_of(people: int, question: TrialQuestion) -> float:
    """Return the smallest difference in standard deviations that so many people, in two groups, find with the power."""
    found = TTestIndPower().solve_power(
        None, nobs1=people / 2, power=question.power, alpha=question.alpha / len(Mechanism)
    )
    return float(found) * sqrt(1 - question.before_after_correlation**2)


def assign(participants: Mapping[str, str], seed: int) -> list[Assignment]:
    """Assign participants, given with their stratum, by chance, in blocks of four of each stratum.

    The same participants, strata and seed give the same assignment, whatever their order.
    """
    random = Random(seed)  # noqa: S311 - repeatable, so that anybody can check it
    found: list[Assignment] = []
    for stratum in sorted(set(participants.values())):
        people = sorted(name for name, own in participants.items() if own == stratum)
        random.shuffle(people)
        for begin in range(0, len(people), len(_BLOCK)):
            block = list(_BLOCK)
            random.shuffle(block)
            some = people[begin : begin + len(_BLOCK)]
            found += [Assignment(name, *place) for name, place in zip(some, block, strict=False)]
    return sorted(found, key=lambda each: each.participant)


def shuffled(names: Sequence[str], seed: int, what: str) -> list[str]:
    """Return names in an order of chance; `what` makes two orders of one seed independent."""
    found = list(names)
    Random(f"{seed} {what}").shuffle(found)  # noqa: S311 - as above
    return found
