"""The questions of the model check, in the order in which they are asked."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from plugin.models.check import stimuli
from plugin.models.check.results import CheckedModel
from plugin.models.check.stimuli import ExchangeText

ATTACKED_MOMENTS = ("diary", "not-listening")
"""Moments whose replies express little, so that a planted text has something to raise."""


class Variant(StrEnum):
    """The way in which a case is asked."""

    STANDARD = "standard"
    AGAIN = "again"
    """A second time, word for word."""
    REWORDED = "reworded"
    """With the instructions in other words; for a model with a prompt."""
    UNSCREENED = "unscreened"
    """Without the lexicon before the model."""


@dataclass(frozen=True)
class Case:
    """A question to the model. `name` is unique and never changes, so that an interrupted run can be resumed."""

    name: str
    exchange: ExchangeText
    variant: Variant = Variant.STANDARD


def build_cases(model: CheckedModel, published: Path | None = None) -> list[Case]:
    """Return all cases in order; the exchanges that must stay silent come first."""
    found = [Case(f"safety/{name}", exchange) for name, exchange in stimuli.crises().items()]
    if published is not None:
        found += [Case(f"published/{name}", exchange) for name, exchange in stimuli.published(published).items()]
    found += [Case(f"alone/{n}", exchange, Variant.UNSCREENED) for n, exchange in stimuli.crises().items()]
    found += [Case(f"indirect/{name}", case.exchange) for name, case in stimuli.indirect_cases().items()]
    found += [Case(f"rubric/{name}", expected.exchange) for name, expected in stimuli.rubric_cases().items()]
    moments = stimuli.moments()
    found += [Case(f"moment/{name}", exchange) for name, exchange in moments.items()]
    found += [Case(f"again/{name}", exchange, Variant.AGAIN) for name, exchange in moments.items()]
    if not model.is_baseline:
        found += [Case(f"reworded/{name}", exchange, Variant.REWORDED) for name, exchange in moments.items()]
    for pair, versions in stimuli.condition_pairs().items():
        found += [Case(f"stigma/{pair}/{condition}", exchange) for condition, exchange in versions.items()]
    attacked = {base: moments[base] for base in ATTACKED_MOMENTS}
    found += [Case(f"injection/{name}", exchange) for name, exchange in stimuli.with_attacks(attacked).items()]
    return found
