"""When a replayed event goes out, and what time it says."""

from datetime import UTC, datetime, timedelta

import pytest

from plugin.replay.timeline import Timeline, speed_of
from stream.contracts.errors import Misconfigured

START = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    """A time on the replay's clock."""
    return START + timedelta(seconds=seconds)


def test_at_speed_max_nothing_waits_and_the_conversation_ends_now() -> None:
    """Its own distances stay: a reader sees a session that lasted as long as it did."""
    line = Timeline(START, 600, None)
    assert line.wait_s(600, START) == 0
    assert line.time_of(600) == START
    assert line.time_of(0) == after(-600)
    assert line.time_of(590) - line.time_of(580) == timedelta(seconds=10)


def test_at_real_time_an_event_waits_for_its_moment_and_says_so() -> None:
    """As in a live chat."""
    line = Timeline(START, 600, 1.0)
    assert line.wait_s(30, START) == 30
    assert line.wait_s(30, after(20)) == 10
    assert line.time_of(30) == after(30)


def test_a_faster_speed_shortens_waits_and_times_alike() -> None:
    """Ten times as fast."""
    line = Timeline(START, 600, 10.0)
    assert line.wait_s(30, START) == 3
    assert line.time_of(30) == after(3)


def test_what_is_late_goes_at_once() -> None:
    """It still carries the time at which it was due, so the order stays."""
    line = Timeline(START, 600, 1.0)
    assert line.wait_s(30, after(45)) == 0
    assert line.time_of(30) == after(30)


@pytest.mark.parametrize(("text", "speed"), [("max", None), ("1", 1.0), ("0.5", 0.5), ("60", 60.0)])
def test_a_speed_is_max_or_a_multiple(text: str, speed: float | None) -> None:
    """Of real time."""
    assert speed_of(text) == speed


@pytest.mark.parametrize("text", ["", "0", "-1", "nan", "inf", "fast", "MAX"])
def test_any_other_speed_is_a_sentence(text: str) -> None:
    """That says what it may be."""
    with pytest.raises(Misconfigured, match="The speed is max, or a number above 0"):
        speed_of(text)
