"""Tests of days and times as pages write them, on the clocks of the reader's zone."""

from datetime import UTC, date, datetime

import pytest

from plugin.time_zones import zone_of
from plugin.web.times import Times

AT = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)
"""Half an hour before the clocks of Berlin lose an hour."""


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("UTC", "Sat 28 Mar 2026, 23:30 UTC"),
        ("Europe/Berlin", "Sun 29 Mar 2026, 00:30 CET"),
        ("America/New_York", "Sat 28 Mar 2026, 19:30 EDT"),
        ("America/Sao_Paulo", "Sat 28 Mar 2026, 20:30 UTC-03"),  # a zone without letters of its own
    ],
)
def test_a_time_is_told_on_the_clocks_of_the_zone(zone: str, told: str) -> None:
    """Day and time are those of the zone, with its short name at that time."""
    times = Times(zone_of(zone))
    assert f"{times.short_day(AT)}, {times.zoned(AT)}" == told


def test_the_name_of_the_zone_follows_the_clocks() -> None:
    """In summer a zone has the name of its summer time."""
    times = Times(zone_of("Europe/Berlin"))
    assert times.zoned(datetime(2026, 3, 29, 0, 59, tzinfo=UTC)) == "01:59 CET"
    assert times.zoned(datetime(2026, 3, 29, 1, 0, tzinfo=UTC)) == "03:00 CEST"


def test_a_day_without_a_time_stays_the_day() -> None:
    """A day that somebody chose is the same in every zone."""
    assert Times(zone_of("Asia/Tokyo")).short_day(date(2026, 3, 28)) == "Sat 28 Mar 2026"
