"""Tests of the trend as a pure function: periods, shares with their intervals, and versions that are never mixed."""

from datetime import UTC, datetime, timedelta

import pytest

from plugin.queue.trend import FEWEST, RatedMoment, Share, VersionTrend, trend_of
from stream.contracts.vocabulary import Level, Mechanism
from tests.plugin.samples import MODEL

AUTONOMY, STANCE = Mechanism.RESPECT_FOR_AUTONOMY, Mechanism.STANCE_ALIGNMENT
JANUARY = datetime(2026, 1, 5, 18, 0, tzinfo=UTC)
NEWER = MODEL.model_copy(update={"weights": "0.2"})
OTHER_RUBRIC = MODEL.model_copy(update={"rubric": "9"})


def moments(
    count: int, level: Level = Level.WEAK, *, begin: datetime = JANUARY, model: object = MODEL
) -> list[RatedMoment]:
    """Return moments that an hour divides, with one level of one mechanism."""
    return [
        RatedMoment(begin + timedelta(hours=number), model, {AUTONOMY: level})  # type: ignore[arg-type]
        for number in range(count)
    ]


def sizes(version: VersionTrend) -> list[int]:
    """Return the number of moments of each period."""
    return [period.moments for period in version.periods]


def test_nothing_is_said_of_nothing() -> None:
    """Without moments there is no trend."""
    assert trend_of([]) == ()


def test_fewer_than_ten_moments_have_no_period() -> None:
    """Nine moments are counted and say nothing yet; the tenth makes the first period."""
    (version,) = trend_of(moments(FEWEST - 1))
    assert (version.moments, version.periods) == (9, ())
    (version,) = trend_of(moments(FEWEST))
    assert sizes(version) == [10]


@pytest.mark.parametrize(
    ("count", "parts"), [(10, [10]), (19, [19]), (20, [10, 10]), (25, [10, 15]), (39, [10, 10, 19])]
)
def test_the_last_moments_join_the_ten_before(count: int, parts: list[int]) -> None:
    """Every period has ten moments, but the last one has those that are left too."""
    (version,) = trend_of(moments(count))
    assert (sizes(version), version.is_by_month) == (parts, False)


def test_months_are_periods_where_every_month_has_ten() -> None:
    """Two months of ten or more are two periods; with a month of fewer, there are tens."""
    february, march = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 31, 12, tzinfo=UTC)
    full = [*moments(12), *moments(10, begin=february)]
    (version,) = trend_of(full)
    assert (sizes(version), version.is_by_month) == ([12, 10], True)
    assert [(period.begin.month, period.end.month) for period in version.periods] == [(1, 1), (2, 2)]
    (version,) = trend_of([*full, *moments(3, begin=march)])
    assert (sizes(version), version.is_by_month) == ([10, 15], False)


def test_the_order_of_the_moments_is_that_of_their_times() -> None:
    """The order in which moments come does not matter."""
    rising = [*moments(10, Level.NONE), *moments(10, Level.STRONG, begin=JANUARY + timedelta(days=3))]
    assert trend_of(reversed(rising)) == trend_of(rising)
    (version,) = trend_of(rising)
    shares = [period.shares[AUTONOMY][Level.STRONG].share for period in version.periods]
    assert shares == [0.0, 1.0]


def test_versions_of_model_and_rubric_are_never_counted_together() -> None:
    """Each version has a line of its own, also where their times cross; the one that rated last comes first."""
    crossing = [
        *moments(12),
        *moments(11, model=NEWER, begin=JANUARY + timedelta(hours=3)),
        *moments(10, model=OTHER_RUBRIC, begin=JANUARY + timedelta(days=40)),
    ]
    found = trend_of(crossing)
    assert [version.model for version in found] == [OTHER_RUBRIC, NEWER, MODEL]
    assert [version.moments for version in found] == [10, 11, 12]


def test_moments_that_were_rated_again_are_counted() -> None:
    """A version's line says how many of its moments another version had rated before; they are in its periods."""
    own = moments(4)
    again = [RatedMoment(each.at + timedelta(minutes=1), MODEL, each.levels, rated_again=True) for each in moments(7)]
    found = trend_of([*own, *again, *moments(7, model=NEWER)])
    numbers = {version.model.weights: (version.moments, version.rated_again, sizes(version)) for version in found}
    assert numbers == {MODEL.weights: (11, 7, [11]), NEWER.weights: (7, 0, [])}


def test_a_validation_begins_no_new_line() -> None:
    """The same model is the same version before and after its agreement was measured, and the latest word counts."""
    validated = MODEL.model_copy(update={"validated": True})
    (version,) = trend_of([*moments(5), *moments(5, model=validated, begin=JANUARY + timedelta(days=1))])
    assert (version.moments, version.model.validated) == (10, True)


def test_shares_are_those_of_the_moments_with_a_level() -> None:
    """A moment in which a mechanism has no level does not count for it."""
    rated = [*moments(6, Level.NONE), *moments(3, Level.STRONG, begin=JANUARY + timedelta(days=1))]
    without = [RatedMoment(JANUARY + timedelta(days=2), MODEL, {})]
    (version,) = trend_of([*rated, *without])
    (period,) = version.periods
    assert (period.moments, period.totals[AUTONOMY], period.totals[STANCE]) == (10, 9, 0)
    assert {level: share.count for level, share in period.shares[AUTONOMY].items()} == {
        Level.NONE: 6,
        Level.WEAK: 0,
        Level.STRONG: 3,
    }
    assert STANCE not in period.shares


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (1, 1, 0.2065, 1.0),
        (30, 100, 0.2189, 0.3958),
    ],
)
def test_an_interval_is_wilsons(count: int, total: int, low: float, high: float) -> None:
    """The interval is that of Wilson's score, by published values, and stays between 0 and 1."""
    share = Share.of(count, total)
    assert share.share == count / total
    assert share.low == pytest.approx(low, abs=5e-4)
    assert share.high == pytest.approx(high, abs=5e-4)
    assert 0 <= share.low <= share.share <= share.high <= 1
