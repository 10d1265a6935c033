"""The time zones on whose clocks people read times."""

from datetime import UTC, tzinfo
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

NO_ZONE: Final = "UTC"
"""The zone of whoever has chosen none, where the service has set none either."""

MAX_ZONE: Final = 100  # characters of a zone's name that are read at all; the longest one has 32


@cache
def zone_names() -> frozenset[str]:
    """Return the names of the time zones that this machine knows."""
    return frozenset(available_timezones())


def zone_of(name: str) -> tzinfo:
    """Return a time zone, or UTC where this machine does not know it: one person's choice stops nobody's page."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
