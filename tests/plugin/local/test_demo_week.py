"""Tests of the demo's week: which day each sample has, and what a second start does."""

from datetime import UTC, datetime, timedelta

import pytest

from plugin.local.demo import SAMPLES
from plugin.local.demo_desk import FIRST_MESSAGE
from plugin.local.demo_week import OLDEST_S, WEEK, ends_of, run_of
from plugin.queue.filters import OVERDUE_AFTER
from plugin.replay.sources import load_source

MIDNIGHT = datetime(2026, 3, 9, 0, 0, tzinfo=UTC)
STARTS = pytest.mark.parametrize("begun", [MIDNIGHT, MIDNIGHT.replace(hour=23, minute=59, second=59)])


def test_every_sample_has_its_day() -> None:
    """The week names exactly the samples, and on each of its six days something happened."""
    conversations = load_source(SAMPLES).conversations
    assert WEEK.keys() == {conversation.reference for conversation in conversations}
    assert {days for days, _ in WEEK.values()} == {1, 2, 3, 4, 5, 6}


def test_every_sample_begins_with_the_same_message() -> None:
    """The first message of each sample has the id from which the demo makes the ids of the sessions."""
    for conversation in load_source(SAMPLES).conversations:
        first = next(event.payload for event in conversation.events if event.payload["type"] == "message")
        assert first["message_id"] == FIRST_MESSAGE


@STARTS
def test_every_session_is_over_and_of_the_past_week(begun: datetime) -> None:
    """Whenever the demo starts, each session lies before it, within the tolerance for clocks, and none is overdue."""
    durations = {one.reference: timedelta(seconds=one.duration_s) for one in load_source(SAMPLES).conversations}
    for sample, end in ends_of(begun).items():
        assert begun - timedelta(seconds=OLDEST_S) < end - durations[sample]
        assert end < begun
        assert end > begun - OVERDUE_AFTER


@STARTS
def test_one_day_has_one_week(begun: datetime) -> None:
    """Two starts of one day replay the same week, and the next day's start another one."""
    assert (run_of(begun), ends_of(begun)) == (run_of(MIDNIGHT), ends_of(MIDNIGHT))
    tomorrow = begun + timedelta(days=1)
    assert run_of(tomorrow) != run_of(begun)
    assert all(ends_of(tomorrow)[sample] - end == timedelta(days=1) for sample, end in ends_of(begun).items())
