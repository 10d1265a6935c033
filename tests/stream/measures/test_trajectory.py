"""Tests of the measure of distress over a session."""

from stream.contracts.measures import Absent
from stream.measures.base import take
from stream.measures.trajectory import CHANGE, PEAK, PEAK_AFTER, TrajectoryMeasure
from stream.measures.turns import FinishedSession
from tests.stream.measures.samples import heard, talk

CALM = ("I was at work.", "What was it like?")
SAD = ("I am ashamed and afraid, a failure.", "It weighs on you.")


def said_of(given: FinishedSession) -> dict[str, object]:
    """Return what the measure says: a number, or the reason of an absence."""
    found = take(TrajectoryMeasure(), given, heard(given))
    return {each.quantity: each.absent if each.number is None else each.number for each in found}


def test_the_peak_and_what_follows() -> None:
    """A session whose client is uneasy once and calm at the end has a peak there, and an end below it."""
    found = said_of(talk(*CALM, *CALM, *SAD, *CALM, *CALM, *CALM))
    assert found[PEAK_AFTER] == 4 * 60
    peak, change = found[PEAK], found[CHANGE]
    assert isinstance(peak, float)
    assert peak > 2
    assert isinstance(change, float)
    assert change < -1


def test_the_first_of_equal_peaks_counts() -> None:
    """Of two turns with the same distress the earlier one is the peak."""
    assert said_of(talk(*SAD, *CALM, *CALM, *CALM, *CALM, *SAD))[PEAK_AFTER] == 0


def test_a_session_that_ends_at_its_peak_has_no_way_down() -> None:
    """A session whose last turns are all at the peak ends no lower than it."""
    assert said_of(talk(*CALM, *CALM, *CALM, *SAD, *SAD, *SAD))[CHANGE] == 0


def test_a_few_turns_are_no_trajectory() -> None:
    """A session of fewer than six client turns with words has no trajectory."""
    assert set(said_of(talk(*CALM, *SAD, *CALM, *CALM, *CALM)).values()) == {Absent.TOO_SHORT}
    assert set(said_of(talk(*SAD, *["", "Hello?"] * 8)).values()) == {Absent.TOO_SHORT}


def test_a_session_with_danger_has_no_trajectory() -> None:
    """A session with critical content has no trajectory, since its turns would be missing where they matter most."""
    given = talk(*CALM, *CALM, *CALM, "I want to kill myself.", "What happened?", *CALM, *CALM, *CALM)
    assert set(said_of(given).values()) == {Absent.CRITICAL_CONTENT}
