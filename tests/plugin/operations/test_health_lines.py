"""Tests of the lines of an operator's morning: each has its state, and only what is not as it should be has advice."""

from dataclasses import replace
from typing import Any

import pytest

from plugin.operations.health_lines import HealthLine, HealthState, health_groups, lines_to_look_at
from plugin.operations.quality_words import shadow_words
from plugin.operations.status import LagStatus, ModelStatus, StageStatus, Status
from plugin.queue.proportion import Proportion
from plugin.queue.quality import DisputeRate, LevelAgreement, Quality
from plugin.queue.sample_estimates import SampleEstimate, VersionName
from stream.contracts.vocabulary import Mechanism
from stream.runtime.stages import STAGES
from tests.plugin.operations.test_quality_words import SHADOW

FINE, LOOK_AT, NOT_KNOWN = HealthState.FINE, HealthState.LOOK_AT, HealthState.NOT_KNOWN
GOOD = Proportion(120, 40, 0.8, 0.7, 0.88)
BAD = Proportion(120, 40, 0.1, 0.06, 0.2)
TOO_FEW = Proportion(3, 2)
VERSION = VersionName("CPU baseline", "baseline|0.1", "linear 0.1 (gate)")
ESTIMATE = SampleEstimate(VERSION, 40, 400, 3, GOOD, GOOD, GOOD, GOOD, TOO_FEW)
QUALITY = Quality(
    sampled=60,
    looked_at=40,
    estimates=(ESTIMATE,),
    agreement=(LevelAgreement("CPU baseline, 0.1", Mechanism.STANCE_ALIGNMENT, 80, 0.7),),
    disputes=DisputeRate(50, 5, 0.1),
)
WELL = Status(
    at="2026-03-03T09:00:00+00:00",
    stages={stage.name: StageStatus(ready=True, troubles={}, reads=bool(stage.topics)) for stage in STAGES},
    lag={stage.name: LagStatus(3, 2.0) for stage in STAGES if stage.topics},
    dead_letters_24_h={},
    model=ModelStatus("closed", {"model": "CPU baseline", "weights": "0.1", "prompt": "none", "validated": "false"}),
    oldest_unscored_s=20,
    waiting_for_release=4,
    oldest_unreleased_s=7200,
    quality=QUALITY,
)


def lines(found: Status) -> dict[str, HealthLine]:
    """Return the lines of the page by their titles."""
    return {line.title: line for group in health_groups(found) for line in group.lines}


def states(found: Status) -> set[str]:
    """Return the titles of the lines that need somebody."""
    return {title for title, line in lines(found).items() if line.state is LOOK_AT}


def test_when_all_is_well_nothing_needs_somebody() -> None:
    """Every line is as it should be and says nothing to do, except the one estimate that rests on too little."""
    found = lines(WELL)
    assert states(WELL) == set()
    unknown = [title for title, line in found.items() if line.state is NOT_KNOWN]
    assert unknown == ["Recall of critical content, CPU baseline (baseline|0.1), detector linear 0.1 (gate)"]
    assert [title for title, line in found.items() if line.remedy] == unknown
    assert list(lines_to_look_at(WELL)) == []


@pytest.mark.parametrize(
    ("change", "title"),
    [
        ({"stages": WELL.stages | {"sink": StageStatus(ready=False, troubles={"database": "away"})}}, "sink"),
        ({"lag": {**(WELL.lag or {}), "feedback": LagStatus(900, 301.0)}}, "feedback"),
        ({"dead_letters_24_h": {"bad_schema": 2}}, "Dead letters of the last 24 hours"),
        ({"oldest_unscored_s": 3601.0}, "Oldest unscored session"),
        ({"oldest_unreleased_s": 8 * 86_400.0}, "Oldest unreviewed session"),
        ({"model": ModelStatus("open", {"model": "CPU baseline"})}, "Circuit breaker"),
        ({"digest_due_s": 901.0}, "Oldest digest that is due"),
        ({"risk_unacknowledged": 2}, "Risk signals that nobody acknowledged in time"),
    ],
)
def test_what_is_wrong_needs_somebody(change: dict[str, Any], title: str) -> None:
    """Each number beyond its bound is marked and says what to do, and no other."""
    found = replace(WELL, **change)
    assert states(found) == {title}
    (line,) = lines_to_look_at(found)
    assert (line.title, line.remedy.endswith(".")) == (title, True)


def test_low_quality_needs_somebody() -> None:
    """Low agreement, many disputes, and an interval wholly below its bound are marked."""
    low = replace(
        QUALITY,
        estimates=(replace(ESTIMATE, precision=BAD, recall=BAD),),
        agreement=(LevelAgreement("CPU baseline, 0.1", Mechanism.STANCE_ALIGNMENT, 80, 0.39),),
        disputes=DisputeRate(50, 11, 0.22),
    )
    assert {title.partition(",")[0] for title in states(replace(WELL, quality=low))} == {
        "Precision of what is shown",
        "Recall of what is shown",
        "Stance Alignment",
        "Disputed sessions",
    }


def test_a_wide_interval_alarms_nobody() -> None:
    """A low value whose interval reaches the bound is shown with its interval, and not marked."""
    wide = replace(ESTIMATE, precision=Proportion(25, 12, 0.4, 0.2, 0.62))
    found = replace(WELL, quality=replace(QUALITY, estimates=(wide,)))
    assert states(found) == set()
    (line,) = [line for title, line in lines(found).items() if title.startswith("Precision of what is shown")]
    assert line.value == "40%, 95 % interval 20% to 62%, from 25 turns of 12 sessions, few: a wide interval"


def test_what_is_away_is_said_in_its_place() -> None:
    """With everything away each line says that it is not known and why, and nothing is invented."""
    parts = ("broker", "database", *(stage.name for stage in STAGES))
    nobody: dict[str, StageStatus] = {stage.name: StageStatus(ready=None, troubles={}) for stage in STAGES}
    away = Status(at="now", stages=nobody, not_asked={part: f"{part} is away." for part in parts})
    found = lines(away)
    assert {line.state for line in found.values()} == {NOT_KNOWN}
    assert all(line.remedy.endswith(".") for line in found.values())
    assert "health.urls" in found["sink"].remedy
    assert "database" in found["Oldest digest that is due"].remedy
    assert "broker is away." in found["Dead letters of the last 24 hours"].value
    assert "database is away." in found["Oldest unreviewed session"].value
    assert "sink is away." in found["sink"].value
    assert "feedback is away." in found["Circuit breaker"].value


def test_a_broker_that_is_away_hides_no_stage() -> None:
    """A stage that is ready is called so, and its lag is not known."""
    found = lines(replace(WELL, lag=None, not_asked={"broker": "The broker does not answer."}))
    assert "broker" in found["feedback"].remedy
    assert found["feedback"].value.startswith("ready; its lag is not known")
    assert found["gateway"].state is FINE
    assert found["Oldest unreviewed session"].value == "2.0 h; 4 sessions wait"


def test_a_deliverer_that_tells_nobody_of_risk_has_no_lag() -> None:
    """Where no platform takes risk signals nothing waits for the deliverer, with a broker or without."""
    deliver = StageStatus(ready=True, troubles={}, reads=False)
    quiet = replace(WELL, stages=WELL.stages | {"deliver": deliver}, lag=None, not_asked={"broker": "It is away."})
    assert (lines(quiet)["deliver"].value, lines(quiet)["deliver"].state) == ("ready", FINE)
    assert lines(WELL)["deliver"].value == "ready; 3 records wait, the oldest for 2 s"


def test_a_model_in_shadow_has_a_line() -> None:
    """Where a model is in shadow its agreement with the active one is shown, and otherwise nothing of it."""
    assert "Model in shadow" not in lines(WELL)
    found = lines(replace(WELL, quality=replace(QUALITY, shadow=SHADOW)))["Model in shadow"]
    assert (found.value, found.state, found.remedy) == (shadow_words(SHADOW), FINE, "")


def test_where_no_digest_goes_out_nothing_is_said_of_them() -> None:
    """Without `counterpoint deliver` among the stages there is no line about it and none about digests."""
    found = lines(replace(WELL, stages={name: each for name, each in WELL.stages.items() if name != "deliver"}))
    assert not {"deliver", "Oldest digest that is due"} & set(found)


def test_risk_signals_have_a_line_where_somebody_must_acknowledge_them() -> None:
    """Where `counterpoint deliver` counts them their number is shown, and otherwise nothing of them."""
    title = "Risk signals that nobody acknowledged in time"
    assert title not in lines(WELL)
    line = lines(replace(WELL, risk_unacknowledged=0))[title]
    assert (line.value, line.state, line.remedy) == ("none", FINE, "")


def test_an_unvalidated_model_is_called_so() -> None:
    """The active model has its name, its version, and whether its agreement was measured."""
    assert lines(WELL)["Active model"].value == "CPU baseline, weights 0.1, prompt none; unvalidated"
    assert WELL.model is not None
    validated = replace(WELL, model=ModelStatus("closed", WELL.model.version | {"validated": "true"}))
    assert "has been measured" in lines(validated)["Active model"].value
