"""The deadline of a calibration: the end of a day on the clocks of a person's time zone; pure functions."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from plugin.time_zones import zone_of

MAX_DAYS: Final = 31
"""Days from the opening to the last day at most: well within the time for which words are kept."""
DAYS_OFFERED: Final = 7
"""Days to the last day that the form proposes: a week, in which everybody finds an hour."""


@dataclass(frozen=True)
class PossibleDays:
    """The days on which the rating may end, and the one that is proposed."""

    first: date
    offered: date
    last: date


def possible_days(zone: str, now: datetime) -> PossibleDays:
    """Return the days that may be chosen on the clocks of a zone."""
    today = now.astimezone(zone_of(zone)).date()
    return PossibleDays(today, today + timedelta(days=DAYS_OFFERED), today + timedelta(days=MAX_DAYS))


def deadline_of(day: date, zone: str, now: datetime) -> datetime | None:
    """Return when a day ends on the clocks of a zone, in UTC; None where that has passed, or is too far away."""
    days = possible_days(zone, now)
    if not days.first <= day <= days.last:
        return None
    return datetime.combine(day + timedelta(days=1), time.min, zone_of(zone)).astimezone(UTC)


def last_day(deadline: datetime, zone: tzinfo) -> date:
    """Return the last day on the clocks of a zone on which a moment can be rated."""
    return (deadline - timedelta(seconds=1)).astimezone(zone).date()
