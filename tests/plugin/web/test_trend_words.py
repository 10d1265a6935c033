"""Tests of the words and numbers of a trend."""

from datetime import UTC, datetime

import pytest

from plugin.queue.trend import Period, Share, VersionTrend
from plugin.web.trend_words import label, percent, rated_again, short_label, too_few
from tests.plugin.samples import MODEL

MARCH, APRIL = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 4, 14, tzinfo=UTC)


def period(begin: datetime, end: datetime) -> Period:
    """Return a period of twelve moments."""
    return Period(begin, end, 12, {}, {})


@pytest.mark.parametrize(
    ("begin", "end", "by_month", "long", "short"),
    [
        (MARCH, MARCH, True, "March 2026", "Mar 26 (12)"),
        (MARCH, APRIL, False, "2 Mar 2026 to 14 Apr 2026", "to 14 Apr 26 (12)"),
        (APRIL, APRIL, False, "14 Apr 2026", "to 14 Apr 26 (12)"),
    ],
)
def test_a_period_is_named_by_its_time(begin: datetime, end: datetime, by_month: bool, long: str, short: str) -> None:
    """A month has its name, ten moments in a row their first and last day; beside a bar stands the number too."""
    assert label(period(begin, end), by_month=by_month) == long
    assert short_label(period(begin, end), by_month=by_month) == short


def test_a_share_stands_with_its_interval() -> None:
    """A share is a percentage with the bounds of its interval."""
    assert percent(Share.of(3, 10)) == "30 % (11 to 60)"


@pytest.mark.parametrize(("count", "words"), [(1, "1 of them was rated"), (9, "9 of them were rated")])
def test_what_was_rated_again_is_called_so(count: int, words: str) -> None:
    """The sentence says how many moments another version had rated before, and that nobody reviewed these levels."""
    version = VersionTrend(MODEL, 12, MARCH, APRIL, is_by_month=False, periods=(), rated_again=count)
    assert rated_again(version).startswith(words)
    assert "Nobody has reviewed these levels" in rated_again(version)


@pytest.mark.parametrize(("count", "words"), [(1, "1 moment so far."), (9, "9 moments so far.")])
def test_too_few_moments_have_a_sentence(count: int, words: str) -> None:
    """Below ten moments a sentence says how many there are, and from when on something is said."""
    sentence = too_few(VersionTrend(MODEL, count, MARCH, APRIL, is_by_month=False, periods=()))
    assert sentence.startswith(words)
    assert "From 10 on" in sentence
