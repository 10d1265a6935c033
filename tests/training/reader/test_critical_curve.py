"""The curve of critical content says what each threshold finds, and how often it is wrong, by turn and by session."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.training.reader.samples import turn
from training.reader.critical_curve import CurvePoint, critical_curve, sessions_by_lexicon
from training.reader.examples import TurnExample
from training.reader.targets import CRITICAL, TURN_HEADS, width

SUICIDE = CRITICAL.index("suicide")


def in_session(number: int, session: str, corpus: str) -> TurnExample:
    """Return a turn of a transcript; an id holds its session."""
    return replace(turn(number, source=corpus), id=f"{session}/{number}")


SCORED = [
    (turn(0, text="I gave the cat away.", critical=SUICIDE), 0.9),
    (replace(turn(1, text="I want to kill myself.", critical=SUICIDE), source="danger"), 0.1),
    (turn(2, critical=0, critical_look_alike=True), 0.6),
    (turn(3, critical=0), 0.3),
    (turn(4), 0.99),  # written, and nobody says whether it is critical
    (in_session(5, "s1", "annomi"), 0.5),
    (in_session(6, "s1", "annomi"), 0.7),
    (in_session(7, "s2", "annomi"), 0.2),
    (in_session(8, "s2", "annomi"), 0.1),
    (in_session(9, "p1", "mibot"), 0.95),
]


def logits(scores: list[float]) -> Any:
    """Return logits under which each turn is critical with this probability."""
    head, rows = TURN_HEADS["critical"], np.full((len(scores), width(TURN_HEADS)), -50.0)
    rows[:, head.start] = [math.log(1 - score) for score in scores]
    rows[:, head.start + 1] = [math.log(score) for score in scores]
    return rows


def points(*thresholds: float) -> list[CurvePoint]:
    """Return the curve of the scored turns."""
    turns, scores = zip(*SCORED, strict=True)
    return list(critical_curve(turns, logits(list(scores)), thresholds))


def test_recall_is_of_the_written_critical_turns_with_and_without_the_lexicon() -> None:
    """Turns of either written corpus count, and the lexicon finds what the reader does not."""
    (found,) = points(0.5)
    assert (found.recall, found.recall_with_lexicon) == (0.5, 1.0)


def test_false_alarms_are_told_by_what_a_turn_sounds_like() -> None:
    """Harmless turns that sound dangerous and other harmless ones are apart; unknown ones count for neither."""
    lower, upper = points(0.5, 0.25)
    assert (lower.threshold, lower.sounds_dangerous, lower.plain) == (0.25, 1.0, 1.0)
    assert (upper.threshold, upper.sounds_dangerous, upper.plain) == (0.5, 1.0, 0.0)


def test_a_session_counts_once_however_many_of_its_turns_pass() -> None:
    """Of transcripts the share of turns is told, and how many sessions have at least one."""
    lower, upper = points(0.15, 0.45)
    assert lower.turns == {"annomi": 0.75, "mibot": 1.0}
    assert lower.sessions == {"annomi": (2, 2), "mibot": (1, 1)}
    assert upper.sessions == {"annomi": (1, 2), "mibot": (1, 1)}


def test_sessions_of_the_lexicon_are_counted_apart() -> None:
    """A session counts for the lexicon if any of its turns holds one of its words."""
    turns = [in_session(0, "s1", "annomi"), replace(in_session(1, "s2", "annomi"), text="I want to kill myself.")]
    assert sessions_by_lexicon(turns) == {"annomi": (1, 2)}


def test_a_corpus_that_is_not_at_hand_is_not_in_the_curve() -> None:
    """Without transcripts there are no sessions, and without written turns no shares."""
    (found,) = critical_curve([in_session(0, "s", "annomi")], logits([0.4]), [0.3])
    assert (found.turns, found.sessions) == ({"annomi": 1.0}, {"annomi": (1, 1)})
    assert math.isnan(found.recall)


@pytest.mark.parametrize("threshold", [0.0, 0.5, 1.0])
def test_the_lexicon_never_lowers_recall(threshold: float) -> None:
    """Beside the lexicon at least as much is found."""
    (found,) = points(threshold)
    assert found.recall <= found.recall_with_lexicon
