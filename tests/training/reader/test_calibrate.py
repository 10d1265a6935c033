"""Calibration and thresholds are chosen on out-of-fold answers, resistance on transcripts alone."""

import random
from typing import Any

import numpy as np
import pytest

from stream.contracts.vocabulary import Mechanism
from tests.training.reader.samples import reply, reply_logits, turn
from training.reader.calibrate import CONFIRM_RECALL, POSSIBLE, SURE, FalseAlarms, choose
from training.reader.evaluate import critical_scores, resistance_scores
from training.reader.examples import TurnExample
from training.reader.targets import TURN_HEADS, width

REPLIES = [reply(number, (2, 0, 0, 0)) for number in range(4)]


def answered(alarm: float = 8.0) -> tuple[list[TurnExample], Any]:
    """Return turns of transcripts of which a tenth resists, written ones of which a third is critical, and logits.

    `alarm` is how far a transcript's turn is from danger on average; a harmless written one is at 4.
    """
    random_ = random.Random(5)
    turns, rows = [], []
    for number in range(900):
        source = ("annomi", "mibot", "written")[number % 3]
        resists, critical = number % 10 == 0, source == "written" and number % 9 == 2
        turns.append(turn(number, "blaming" if resists else "none", source, critical=int(critical)))
        row = np.zeros(width(TURN_HEADS))
        row[0] = random_.gauss(0.0 if resists else 4.0, 1.0)
        harmless = 4.0 if source == "written" else alarm
        row[TURN_HEADS["critical"].start] = random_.gauss(0.0 if critical else harmless, 1.0)
        rows.append(row)
    return turns, np.array(rows)


def calibration(turns: list[TurnExample], logits: Any) -> tuple[float, float]:
    """Return the slope and the intercept that are chosen."""
    found: Any = choose(turns, logits, REPLIES, reply_logits([each.levels for each in REPLIES]))["calibration"]
    return float(found[0]), float(found[1])


def thresholds(turns: list[TurnExample], logits: Any) -> dict[str, float]:
    """Return the thresholds that are chosen."""
    found: Any = choose(turns, logits, REPLIES, reply_logits([each.levels for each in REPLIES]))["thresholds"]
    return dict(found)


def calibrated(logits: Any, slope: float, intercept: float) -> Any:
    """Return calibrated probabilities of resistance."""
    shares = resistance_scores(logits)
    return 1 / (1 + np.exp(-(slope * np.log(shares / (1 - shares)) + intercept)))


def test_the_probability_of_resistance_is_as_rare_as_in_transcripts() -> None:
    """Calibrated probabilities of the transcripts' turns have the mean that their labels have."""
    turns, logits = answered()
    slope, intercept = calibration(turns, logits)
    real = [place for place, each in enumerate(turns) if each.source != "written"]
    mean = calibrated(logits[real], slope, intercept).mean()
    assert abs(mean - np.mean([turns[place].resists for place in real])) < 0.02
    assert slope > 0


GRADES = pytest.mark.parametrize(("name", "allowed"), [("critical", SURE), ("possible_critical", POSSIBLE)])


@GRADES
def test_the_threshold_of_danger_raises_as_many_false_alarms_as_it_may(name: str, allowed: FalseAlarms) -> None:
    """The threshold of each grade is passed by the share of harmless written turns that may pass it."""
    turns, logits = answered()
    found = thresholds(turns, logits)[name]
    harmless = [place for place, each in enumerate(turns) if each.source == "written" and each.critical == 0]
    alarms = float(np.mean(critical_scores(logits)[harmless] >= found))
    assert abs(alarms - allowed.written) < 0.02


@GRADES
def test_danger_is_rarely_heard_in_transcripts(name: str, allowed: FalseAlarms) -> None:
    """Where harmless turns of transcripts sound more dangerous than written ones, few of them pass the threshold."""
    turns, logits = answered(alarm=2.0)
    found, scores = thresholds(turns, logits)[name], critical_scores(logits)
    shares = [
        float(np.mean([score >= found for score, each in zip(scores, turns, strict=True) if each.source == corpus]))
        for corpus in ("annomi", "mibot")
    ]
    one_turn = 1 / 300  # of each corpus
    assert 0 < sum(shares) / 2 <= allowed.transcripts + one_turn
    harmless = [place for place, each in enumerate(turns) if each.source == "written" and each.critical == 0]
    assert float(np.mean(scores[harmless] >= found)) < allowed.written


def test_the_surer_grade_takes_more() -> None:
    """A turn that is surely critical is possibly so too."""
    found = thresholds(*answered())
    assert found["possible_critical"] < found["critical"]


def test_a_moment_is_confirmed_at_the_recall_that_is_asked_for() -> None:
    """The threshold of a confirmed moment is passed by as many resisting turns as it is asked to find."""
    turns, logits = answered()
    found, (slope, intercept) = thresholds(turns, logits)["confirm"], calibration(turns, logits)
    resisting = [place for place, each in enumerate(turns) if each.source != "written" and each.resists]
    recall = float(np.mean(calibrated(logits[resisting], slope, intercept) >= found - 1e-4))
    assert CONFIRM_RECALL <= recall < CONFIRM_RECALL + 0.1


def test_every_threshold_is_a_probability() -> None:
    """Whatever is decided by a threshold is decided by a probability."""
    assert all(0 < each < 1 for each in thresholds(*answered()).values())


def test_every_mechanism_has_a_threshold_of_praise() -> None:
    """From how sure a level on a strength is said is chosen for each mechanism by itself."""
    assert {f"praise_{mechanism}" for mechanism in Mechanism} <= set(thresholds(*answered()))
