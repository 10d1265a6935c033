"""Since when the oldest digest of all people is due that has not ended, without their names and addresses."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlmodel import Session

from plugin.queue.digest_preferences import DigestPreferences, Way, latest_due


@dataclass(frozen=True)
class WantedDigests:
    """When one person wants digests, and the last day whose digest has ended; who it is, is not said."""

    preferences: DigestPreferences
    set_at: datetime
    ended_day: date | None


def oldest_due(wanted: Iterable[WantedDigests], now: datetime) -> datetime | None:
    """Return since when the oldest digest is due that was neither sent nor given up; None if there is none."""
    return min((at for each in wanted if (at := _due_at(each, now)) is not None), default=None)


def due_since(session: Session, now: datetime) -> datetime | None:
    """Return the same of the database; the page gets None on behalf of anybody but an operator.

    The database's own function reads it, since no role but that which sends may read other people's preferences.
    """
    found = session.execute(
        text("SELECT way, days, hour, zone, set_at, ended_day FROM public.counterpoint_wanted_digests()")
    )
    return oldest_due(
        (
            WantedDigests(
                DigestPreferences(Way(row.way), "", frozenset(row.days), row.hour, row.zone), row.set_at, row.ended_day
            )
            for row in found
        ),
        now,
    )


def _due_at(wanted: WantedDigests, now: datetime) -> datetime | None:
    due = latest_due(wanted.preferences, wanted.set_at, now)
    if due is None or (wanted.ended_day is not None and wanted.ended_day >= due.day):
        return None
    return due.at
