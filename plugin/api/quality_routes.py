"""The routes on which an operator reads numbers of the queue and of the machine; none of them is about a person."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from plugin.api.caller import OperatorReader
from plugin.api.list_models import Part
from plugin.api.problems import nothing_here
from plugin.api.read_routes import READING
from plugin.queue.quality import Quality as FoundQuality
from plugin.queue.quality import shadow_kappa
from stream.contracts.vocabulary import LeftOut, Mechanism

router = APIRouter(tags=["quality"])


class Proportion(Part):
    """A proportion with its interval of 95 %; the three are null where there is too little to estimate anything."""

    turns: int = Field(description="The number of client turns of which it is a proportion.")
    sessions: int = Field(description="The number of sessions in which they are.")
    value: float | None
    low: float | None
    high: float | None
    is_few: bool = Field(description="Whether it rests on so few turns that the interval is wide.")


class EstimatedVersion(Part):
    """The versions of feedback model and detector whose answers are counted together."""

    name: str
    version: str
    detector: str


class Estimate(Part):
    """What blind looks at the random sample say of one version; versions are never mixed."""

    version: EstimatedVersion
    sessions: int
    turns: int
    unsure: int = Field(description="Turns of which a supervisor was not sure whether they are resistance.")
    precision: Proportion = Field(description="Of the turns that are shown, how many are called resistance.")
    recall: Proportion = Field(description="Of the turns that are called resistance, how many are shown.")
    critical_precision: Proportion = Field(description="Of the turns with a sign, how many speak of critical content.")
    possible_precision: Proportion = Field(description="The same of the turns with a possible sign.")
    critical_recall: Proportion = Field(description="Of those that speak of some, how many have a sign of either.")


class LevelAgreement(Part):
    """Weighted kappa of one model with supervisors, who had its level in view; null where they are too few."""

    model: str
    mechanism: Mechanism
    levels: int
    kappa: float | None


class DisputeRate(Part):
    """The share of the sessions released in the last 90 days that are disputed.

    It is null where sessions or counsellors are too few.
    """

    released: int
    rate: float | None


class ShadowModel(Part):
    """A version of a model."""

    name: str
    weights: str
    prompt: str
    rubric: str


class ShadowLevels(Part):
    """Weighted kappa of the two models on one mechanism; null where there are too few levels, or all are alike."""

    mechanism: Mechanism
    kappa: float | None


class Shadow(Part):
    """The model in shadow beside the active one, over the exchanges that both were asked about."""

    active: ShadowModel
    shadow: ShadowModel
    exchanges: int
    both_rated: int
    same_verdict: int
    active_abstained: int
    shadow_abstained: int
    levels: tuple[ShadowLevels, ...]


class Quality(Part):
    """What people's answers say of the machine, on all platforms together."""

    sampled: int = Field(description="The stored sessions of the random sample.")
    looked_at: int = Field(description="How many of them a supervisor has looked at.")
    estimates: tuple[Estimate, ...]
    agreement: tuple[LevelAgreement, ...]
    disputes: DisputeRate
    shadow: Shadow | None = Field(description="Null where nothing was rated in shadow.")


class CalibrationNumbers(Part):
    """How many calibrations there are."""

    open: int
    over: int


class QueueNumbers(Part):
    """The numbers of the queue, on all platforms together."""

    stored: int = Field(description="The sessions with feedback.")
    left_out: Mapping[LeftOut, int] = Field(description="Those without, by reason.")
    erased: int = Field(description="Those left out for lack of consent that were withdrawn after a close.")
    reopened: int = Field(description="The sessions that are hidden until they close again.")
    waiting: int
    oldest_waiting: datetime | None = Field(description="The end of the session that has waited longest.")
    without_team: int = Field(description="The sessions whose counsellors are in no team.")
    calibrations: CalibrationNumbers


@router.get("/queue-numbers", responses=READING)
def read_queue_numbers(caller: OperatorReader) -> QueueNumbers:
    """Return how many sessions there are and wait, without a name and without a session."""
    counts, calibrations = caller.store.operator_counts(caller.viewer), caller.store.calibrations.counts(caller.viewer)
    if counts is None or calibrations is None:
        raise nothing_here()
    return QueueNumbers.model_validate({**asdict(counts), "calibrations": calibrations})


@router.get("/quality", responses=READING)
def read_quality(caller: OperatorReader) -> Quality:
    """Return precision and recall as blind looks estimate them, agreement with supervisors, and the dispute rate."""
    found = caller.store.quality(caller.viewer)
    if found is None:
        raise nothing_here()
    return quality_of(found)


def quality_of(found: FoundQuality) -> Quality:
    """Return the numbers as JSON holds them."""
    return Quality.model_validate(
        {
            "sampled": found.sampled,
            "looked_at": found.looked_at,
            "estimates": found.estimates,
            "agreement": found.agreement,
            "disputes": found.disputes,
            "shadow": None
            if found.shadow is None
            else {
                **{name: getattr(found.shadow, name) for name in Shadow.model_fields if name != "levels"},
                "levels": [{"mechanism": each.mechanism, "kappa": shadow_kappa(each)} for each in found.shadow.levels],
            },
        }
    )
