"""The schedule of a replay: when an event is sent and which time it carries."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from stream.contracts.errors import Misconfigured

Speed = float | None
"""A multiple of real time, or None to send as fast as the gateway accepts events."""


def parse_speed(text: str) -> Speed:
    """Parse a speed, which is `max` or a positive number.

    Raises:
        Misconfigured: The text is neither.
    """
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise Misconfigured("The speed is max, or a number above 0: 1 is real time, 60 a minute for every second.")
    return speed


@dataclass(frozen=True)
class Timeline:
    """The schedule of one conversation, whose replay begins at `started` and which took `duration_s` in its source."""

    started: datetime
    duration_s: float
    speed: Speed

    def wait_s(self, at_s: float, now: datetime) -> float:
        """Return the seconds from `now` until the event at `at_s` seconds of the conversation is due."""
        if self.speed is None:
            return 0.0
        return max(0.0, (self.time_of(at_s) - now).total_seconds())

    def time_of(self, at_s: float) -> datetime:
        """Return the time of an event: when it is due, or at speed `max` as if the conversation ended just now."""
        if self.speed is None:
            return self.started - timedelta(seconds=self.duration_s - at_s)
        return self.started + timedelta(seconds=at_s / self.speed)
