"""The deadline of a calibration: the end of a day on somebody's clocks, across zones and changes of the clock."""

from datetime import UTC, date, datetime, timedelta

import pytest

from plugin.queue.calibration_deadline import MAX_DAYS, deadline_of, last_day
from plugin.time_zones import zone_of

NOW = datetime(2026, 3, 27, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        ("UTC", date(2026, 3, 28), datetime(2026, 3, 29, 0, 0, tzinfo=UTC)),
        ("Europe/Berlin", date(2026, 3, 28), datetime(2026, 3, 28, 23, 0, tzinfo=UTC)),
        ("Europe/Berlin", date(2026, 3, 29), datetime(2026, 3, 29, 22, 0, tzinfo=UTC)),  # the day of 23 hours
        ("America/New_York", date(2026, 3, 28), datetime(2026, 3, 29, 4, 0, tzinfo=UTC)),
        ("Asia/Kolkata", date(2026, 3, 28), datetime(2026, 3, 28, 18, 30, tzinfo=UTC)),
        ("Nowhere/Atall", date(2026, 3, 28), datetime(2026, 3, 29, 0, 0, tzinfo=UTC)),
    ],
)
def test_a_day_ends_at_midnight_of_its_zone(zone: str, day: date, expected: datetime) -> None:
    """The deadline is the midnight after the day on the clocks of the zone; an unknown zone is taken as UTC."""
    assert deadline_of(day, zone, NOW) == expected
    assert last_day(expected, zone_of(zone)) == day


def test_today_is_the_first_day_and_a_month_ahead_the_last() -> None:
    """A day before today on the clocks of the zone, and one after the longest time, are refused."""
    today = NOW.date()
    assert deadline_of(today, "UTC", NOW) == datetime(2026, 3, 28, 0, 0, tzinfo=UTC)
    assert deadline_of(today - timedelta(days=1), "UTC", NOW) is None
    assert deadline_of(today + timedelta(days=MAX_DAYS), "UTC", NOW) is not None
    assert deadline_of(today + timedelta(days=MAX_DAYS + 1), "UTC", NOW) is None


def test_today_is_the_readers_today() -> None:
    """Where the next day has begun already, that is the first day that can be chosen."""
    late = datetime(2026, 3, 27, 13, 0, tzinfo=UTC)
    assert deadline_of(date(2026, 3, 27), "Pacific/Kiritimati", late) is None
    assert deadline_of(date(2026, 3, 28), "Pacific/Kiritimati", late) == datetime(2026, 3, 28, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize("day", [date.min, date.max])
def test_a_day_beyond_all_calendars_is_refused(day: date) -> None:
    """The first and the last day that there are can be named and are refused."""
    assert deadline_of(day, "UTC", NOW) is None
