"""Tests of the schedule of a replay: when an event is sent and which time it carries."""

from datetime import UTC, datetime, timedelta

import pytest

from plugin.replay.timeline import Timeline, parse_speed
from stream.contracts.errors import Misconfigured

START = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    """Return a time some seconds after the start of the replay."""
    return START + timedelta(seconds=seconds)


def test_at_speed_max_nothing_waits_and_the_conversation_ends_now() -> None:
    """At speed `max` no event waits, and times keep their distances and end at the current time."""
    line = Timeline(START, 600, None)
    assert line.wait_s(600, START) == 0
    assert line.time_of(600) == START
    assert line.time_of(0) == after(-600)
    assert line.time_of(590) - line.time_of(580) == timedelta(seconds=10)


def test_at_real_time_an_event_waits_for_its_moment_and_says_so() -> None:
    """At real time an event waits until it is due and carries that time."""
    line = Timeline(START, 600, 1.0)
    assert line.wait_s(30, START) == 30
    assert line.wait_s(30, after(20)) == 10
    assert line.time_of(30) == after(30)


def test_a_faster_speed_shortens_waits_and_times_alike() -> None:
    """Ten times real time makes waits and times ten times shorter."""
    line = Timeline(START, 600, 10.0)
    assert line.wait_s(30, START) == 3
    assert line.time_of(30) == after(3)


def test_what_is_late_goes_at_once() -> None:
    """A late event is sent at once and carries the time at which it was due, so the order stays."""
    line = Timeline(START, 600, 1.0)
    assert line.wait_s(30, after(45)) == 0
    assert line.time_of(30) == after(30)


@pytest.mark.parametrize(("text", "speed"), [("max", None), ("1", 1.0), ("0.5", 0.5), ("60", 60.0)])
def test_a_speed_is_max_or_a_multiple(text: str, speed: float | None) -> None:
    """A speed is `max` or a multiple of real time."""
    assert parse_speed(text) == speed


@pytest.mark.parametrize("text", ["", "0", "-1", "nan", "inf", "fast", "MAX"])
def test_any_other_speed_is_a_sentence(text: str) -> None:
    """Any other speed is reported by a sentence that says what it may be."""
    with pytest.raises(Misconfigured, match="The speed is max, or a number above 0"):
        parse_speed(text)
