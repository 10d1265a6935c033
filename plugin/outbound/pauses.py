"""The pauses between the tries of something that must reach a receiver soon."""

from typing import Final

PAUSES_S: Final = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds after the first, second, ... refusal; the last one is repeated. A receiver that restarts is told at once,
and one that is away for an hour is asked once a minute."""


def pause_s(refusals: int) -> float:
    """Return the pause in seconds after so many refusals in a row, of which there is at least one."""
    return PAUSES_S[min(refusals, len(PAUSES_S)) - 1]
