"""Tests of the JSON of a trend: times in UTC, and months on the clocks of who reads."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

from plugin.api.trend_models import Trend, trend
from plugin.queue.trend import RatedMoment, trend_of
from stream.contracts.vocabulary import Mechanism
from tests.plugin.queue.test_trend import AUTONOMY, STANCE, moments

BERLIN = ZoneInfo("Europe/Berlin")


def of(rated: list[RatedMoment]) -> Trend:
    """Return the trend of some moments."""
    return trend(uuid4(), "Ana", trend_of(rated))


def test_a_month_is_meant_on_the_readers_clocks_and_times_are_in_utc() -> None:
    """Moments of the first hour of a month by the reader's clock are of that month, whatever it is in UTC."""
    january, february = (datetime(2026, month, 1, 0, 10, tzinfo=BERLIN) for month in (1, 2))
    (version,) = of([*moments(10, begin=january), *moments(10, begin=february)]).versions
    assert version.is_by_month
    assert [period.month for period in version.periods] == ["2026-01", "2026-02"]
    assert version.periods[1].begin == datetime(2026, 1, 31, 23, 10, tzinfo=UTC)
    assert {each.tzinfo for period in version.periods for each in (period.begin, period.end)} == {UTC}


def test_a_mechanism_without_a_level_is_there_with_none() -> None:
    """A mechanism that was withheld or not rated stands with a number of 0 and without shares."""
    rated = [replace(each, levels={AUTONOMY: each.levels[AUTONOMY]}) for each in moments(10)]
    ((period,),) = (version.periods for version in of(rated).versions)
    assert [each.mechanism for each in period.mechanisms] == list(Mechanism)
    stance = next(each for each in period.mechanisms if each.mechanism is STANCE)
    assert (stance.moments, stance.levels) == (0, ())


def test_nothing_is_nothing() -> None:
    """Without a released moment there is no version."""
    assert of([]).versions == ()
