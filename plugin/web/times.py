"""Days and times as pages write them: on the clocks of the reader's time zone."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from plugin.web import labels


@dataclass(frozen=True)
class Times:
    """The words for days and times on the clocks of one zone."""

    zone: tzinfo

    def local(self, at: datetime) -> datetime:
        """Return a point in time as the clocks of the zone show it."""
        return at.astimezone(self.zone)

    def day(self, at: datetime) -> str:
        """Return a date as people write it, such as "Tue 3 November 2026"."""
        return labels.day(self.local(at))

    def short_day(self, at: date) -> str:
        """Return a date in its short form, such as "Tue 3 Nov 2026"; one without a time is nobody's to move."""
        return labels.short_day(self.local(at) if isinstance(at, datetime) else at)

    def clock(self, at: datetime) -> str:
        """Return a time of day, such as "14:05"."""
        return labels.clock(self.local(at))

    def zoned(self, at: datetime) -> str:
        """Return a time of day with the zone's short name at that time, such as "14:05 CET"."""
        name = self.local(at).tzname() or ""
        return f"{self.clock(at)} {name if name[:1].isalpha() else f'UTC{name}'}"
