"""The pauses between the tries: of what must reach a receiver soon, and of what may take hours."""

from datetime import timedelta
from typing import Final

PAUSES_S: Final = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds after the first, second, ... refusal; the last one is repeated. A receiver that restarts is told at once,
and one that is away for an hour is asked once a minute."""


def pause_s(refusals: int) -> float:
    """Return the pause in seconds after so many refusals in a row, of which there is at least one."""
    return PAUSES_S[min(refusals, len(PAUSES_S)) - 1]


LATER: Final = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
)
"""The waits after each failed try of what waits for nobody. They add up to half a day, so that a digest ends before the
next day's is due."""
