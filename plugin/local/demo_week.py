"""The week of the demo: when each bundled sample ended, and under which name it is replayed."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Final

WEEK: Final[Mapping[str, tuple[int, time]]] = {
    "sample-exam-nerves": (6, time(18, 40)),
    "sample-a-quiet-house": (6, time(20, 5)),
    "sample-hello-bye": (5, time(9, 2)),
    "sample-changed-my-mind": (5, time(16, 20)),
    "sample-sleep-and-phone": (5, time(21, 55)),
    "sample-night-shift": (4, time(12, 45)),
    "sample-no-consent": (4, time(17, 0)),
    "sample-first-interview": (4, time(18, 0)),
    "sample-a-heavy-night": (4, time(22, 10)),
    "sample-kept-after-class": (3, time(11, 15)),
    "sample-wrong-window": (3, time(17, 30)),
    "sample-are-you-a-bot": (2, time(13, 30)),
    "sample-new-town": (2, time(19, 10)),
    "sample-after-work-drinks": (2, time(20, 50)),
    "sample-the-voice-at-work": (1, time(16, 40)),
    "sample-two-homes": (1, time(20, 30)),
}
"""How many days before the demo's start, and when (UTC). None is of the day itself, so that all of them are over."""

OLDEST_S: Final = 7 * 86_400.0
"""Seconds before the demo's start within which the week lies: six days, and the day of the start itself."""


def run_of(begun: datetime) -> str:
    """Return the name of a start's replay: one name for each day, so that each day has a week of its own.

    Args:
        begun: when the demo was started, in UTC.
    """
    return begun.strftime("%Y%m%d")


def ends_of(begun: datetime) -> dict[str, datetime]:
    """Return when each sample ended, by its conversation's reference, for a demo that was started at `begun`."""
    return {
        sample: datetime.combine(begun.date() - timedelta(days=days), at, UTC) for sample, (days, at) in WEEK.items()
    }
