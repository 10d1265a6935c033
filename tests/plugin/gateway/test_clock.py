"""Tests of the times of events: what is ahead is refused, and what is old where no time is signed."""

from datetime import timedelta

import pytest

from plugin.adapters.base import PlatformEvent
from plugin.gateway.clock import AheadOfClock, TooOld, refuse_future, refuse_past
from tests.plugin.gateway.test_encoding import AT, EVENTS

DAY = timedelta(days=1)
MOMENT = timedelta(milliseconds=1)
DECIDING = [
    event for event in EVENTS if event.event_type.split(".")[1] in {"message", "edit", "session-end", "outcomes"}
]
RIGHTS = [event for event in EVENTS if event not in DECIDING]


@pytest.mark.parametrize("event", DECIDING, ids=lambda event: event.event_type)
def test_a_time_that_is_too_far_away_is_refused(event: PlatformEvent) -> None:
    """What is to be ordered by its time is refused beyond the allowed time ahead, and beyond the allowed time back."""
    refuse_future([event], AT - DAY, DAY + MOMENT)
    refuse_past([event], AT + DAY, DAY)
    with pytest.raises(AheadOfClock) as ahead:
        refuse_future([event], AT - DAY - MOMENT, DAY)
    with pytest.raises(TooOld) as old:
        refuse_past([event], AT + DAY + 2 * MOMENT, DAY)
    assert ahead.value.place == old.value.place
    assert (ahead.value.reason, old.value.reason) == ("clock_ahead", "too_old")
    assert old.value.wanted == "at most 86400 s before our clock"


@pytest.mark.parametrize("event", RIGHTS, ids=lambda event: event.event_type)
def test_what_people_have_a_right_to_is_taken_at_any_time(event: PlatformEvent) -> None:
    """A deletion, a withdrawal and a list of names are taken whatever time they say."""
    for now in (AT - 1000 * DAY, AT + 1000 * DAY):
        refuse_future([event], now, MOMENT)
        refuse_past([event], now, MOMENT)
