"""Tests of the pauses between tries: they grow, and stay at a minute."""

from plugin.outbound.pauses import pause_s


def test_pauses_grow_to_a_minute_and_stay_there() -> None:
    """The first pauses are short, so that a receiver that restarts is told at once; none is over a minute."""
    assert [pause_s(refusals) for refusals in range(1, 9)] == [1, 2, 5, 10, 30, 60, 60, 60]
