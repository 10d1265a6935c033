"""Tests of the time zones on whose clocks people read."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from plugin.time_zones import NO_ZONE, zone_names, zone_of


def test_the_zones_to_choose_from_are_known() -> None:
    """Zones of several continents can be chosen, and each name that can be chosen is a zone."""
    assert {NO_ZONE, "Europe/Berlin", "America/New_York"} <= zone_names()
    assert all(zone_of(name) == ZoneInfo(name) for name in zone_names())


@pytest.mark.parametrize("name", ["Mars/Olympus", "../../etc/passwd", "", "\x00"])
def test_a_zone_that_nobody_knows_is_utc(name: str) -> None:
    """A name that this machine does not know, or that is no name, stops nobody's page."""
    assert zone_of(name) is UTC
