"""A person's preferences for digests, and the pure function that says which one is due."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from sqlmodel import Session

from plugin.database.tables import StoredDigestPreferences
from plugin.database.viewer import Viewer
from plugin.time_zones import NO_ZONE, zone_of

DAYS_BACK: Final = 7
"""Days back to which a digest can be due: every week has each day once, and only the latest of them is sent."""


class Way(StrEnum):
    """The way by which a digest reaches a person; the values are stored."""

    NONE = "none"
    MAIL = "mail"
    WEBHOOK = "webhook"


@dataclass(frozen=True)
class DigestPreferences:
    """On which days, at which hour and by which way a person wants a digest."""

    way: Way = Way.NONE
    receiver: str = ""
    """The mail address, or the name of a webhook of the settings; empty where the way is none."""
    days: frozenset[int] = frozenset({0})
    """The days of the week, 0 for Monday to 6 for Sunday."""
    hour: int = 8
    zone: str = NO_ZONE


def preferences_of(row: StoredDigestPreferences) -> DigestPreferences:
    """Return the preferences that a row holds."""
    return DigestPreferences(Way(row.way), row.receiver, frozenset(row.days), row.hour, row.zone)


def with_chosen_zone(session: Session, viewer: Viewer, service_zone: str) -> Viewer:
    """Return a person with the time zone that they chose, or that of the service; the transaction is theirs."""
    row = session.get(StoredDigestPreferences, viewer.user_id)
    return replace(viewer, zone=service_zone if row is None else row.zone)


@dataclass(frozen=True)
class Due:
    """A digest that is due: the day that it is for, and the moment since which it is due."""

    day: date
    at: datetime


def latest_due(preferences: DigestPreferences, set_at: datetime, now: datetime) -> Due | None:
    """Return the latest digest that is due, or None; nothing that was due before the preferences were set is.

    The hour is meant on the clocks of the zone. One that they leave out comes when they have jumped, and one that they
    show twice comes at its first time. After a standstill only the latest day is due, and holds the news of the others.
    """
    if preferences.way is Way.NONE:
        return None
    zone = zone_of(preferences.zone)
    today = now.astimezone(zone).date()
    for back in range(DAYS_BACK + 1):
        day = today - timedelta(days=back)
        if day.weekday() in preferences.days:
            at = datetime.combine(day, time(preferences.hour), zone).astimezone(UTC)
            if at <= now:
                return Due(day, at) if at > set_at else None
    return None
