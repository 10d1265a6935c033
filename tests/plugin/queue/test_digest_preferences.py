"""Tests of the day whose digest is due, as a pure function of preferences and time, in zones with and without jumps."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.queue.digest_preferences import DigestPreferences, Way, latest_due

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
MONDAY = date(2026, 11, 30)


def by_mail(days: set[int], hour: int, zone: str = "UTC") -> DigestPreferences:
    """Return preferences for a digest by mail."""
    return DigestPreferences(Way.MAIL, "mara@service.example", frozenset(days), hour, zone)


def due_day(preferences: DigestPreferences, set_at: datetime, now: datetime) -> date | None:
    """Return the day of the latest digest that is due."""
    due = latest_due(preferences, set_at, now)
    return None if due is None else due.day


def utc(text: str) -> datetime:
    """Return a time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-30 07:59:59", date(2026, 11, 23)),
        ("2026-11-30 08:00", MONDAY),
        ("2026-11-30 23:59", MONDAY),
        ("2026-12-03 12:00", MONDAY),
        ("2026-12-07 08:00", date(2026, 12, 7)),
    ],
)
def test_a_digest_is_due_from_its_hour_until_the_next_one(now: str, due: date) -> None:
    """The digest of a Monday at eight is due from then until that of the next Monday is."""
    assert due_day(by_mail({0}, 8), LONG_AGO, utc(now)) == due


def test_after_a_standstill_only_the_latest_day_is_due() -> None:
    """Somebody who wants a digest every day gets one after three days without a deliverer, not three."""
    assert due_day(by_mail(set(range(7)), 8), LONG_AGO, utc("2026-12-03 09:00")) == date(2026, 12, 3)


def test_nothing_is_due_that_was_before_the_preferences() -> None:
    """Preferences that are set on a Wednesday bring no digest for the Monday before."""
    preferences, set_at = by_mail({0}, 8), utc("2026-12-02 10:00")
    assert due_day(preferences, set_at, utc("2026-12-02 10:01")) is None
    assert due_day(preferences, set_at, utc("2026-12-07 08:00")) == date(2026, 12, 7)
    assert due_day(preferences, utc("2026-11-30 08:00"), utc("2026-11-30 08:00")) is None


@pytest.mark.parametrize("preferences", [DigestPreferences(), by_mail(set(), 8)])
def test_without_a_way_or_a_day_nothing_is_due(preferences: DigestPreferences) -> None:
    """Nothing is due by no way, which is the default, or on no day."""
    assert due_day(preferences, LONG_AGO, utc("2026-11-30 12:00")) is None


@pytest.mark.parametrize(
    ("zone", "now", "due"),
    [
        ("Pacific/Auckland", "2026-11-29 18:59", date(2026, 11, 23)),
        ("Pacific/Auckland", "2026-11-29 19:00", MONDAY),
        ("America/Los_Angeles", "2026-11-30 15:59", date(2026, 11, 23)),
        ("America/Los_Angeles", "2026-11-30 16:00", MONDAY),
        ("Asia/Kathmandu", "2026-11-30 02:15", MONDAY),
    ],
)
def test_the_hour_and_the_day_are_those_of_the_zone(zone: str, now: str, due: date) -> None:
    """Eight o'clock on Monday is another moment in each zone, and may be another day in UTC."""
    assert due_day(by_mail({0}, 8, zone), LONG_AGO, utc(now)) == due


def test_the_hour_stays_when_clocks_change() -> None:
    """Eight o'clock in Berlin is six in UTC in summer and seven in winter."""
    preferences = by_mail(set(range(7)), 8, "Europe/Berlin")
    for before, due, day in (
        ("2026-10-24 05:59", "2026-10-24 06:00", date(2026, 10, 24)),
        ("2026-10-25 06:59", "2026-10-25 07:00", date(2026, 10, 25)),
    ):
        assert due_day(preferences, LONG_AGO, utc(before)) == day - timedelta(days=1)
        assert due_day(preferences, LONG_AGO, utc(due)) == day


def test_an_hour_that_clocks_leave_out_comes_when_they_have_jumped() -> None:
    """Two o'clock on the day of the jump, which no clock in Berlin shows, comes at three by the new time."""
    preferences = by_mail({6}, 2, "Europe/Berlin")
    assert due_day(preferences, LONG_AGO, utc("2026-03-29 00:59")) == date(2026, 3, 22)
    assert due_day(preferences, LONG_AGO, utc("2026-03-29 01:00")) == date(2026, 3, 29)


def test_an_hour_that_clocks_show_twice_comes_once() -> None:
    """Two o'clock on the day on which Berlin has it twice comes at its first time, and the day is the same after."""
    preferences = by_mail({6}, 2, "Europe/Berlin")
    assert due_day(preferences, LONG_AGO, utc("2026-10-24 23:59")) == date(2026, 10, 18)
    for now in ("2026-10-25 00:00", "2026-10-25 01:00", "2026-10-25 01:30"):
        assert due_day(preferences, LONG_AGO, utc(now)) == date(2026, 10, 25)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "a\0b"])
def test_an_unknown_zone_stops_nobody(zone: str) -> None:
    """A zone that this machine does not know counts as UTC, so that the others' digests still go out."""
    assert due_day(by_mail({0}, 8, zone), LONG_AGO, utc("2026-11-30 08:00")) == MONDAY


@given(
    days=st.sets(st.integers(0, 6), min_size=1),
    hour=st.integers(0, 23),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"]),
    now=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - as it asks
)
def test_what_is_due_was_wanted_and_never_goes_back(days: set[int], hour: int, zone: str, now: datetime) -> None:
    """What is due is one of the days that were wanted, not in the future, and no earlier one is due an hour later."""
    due = due_day(by_mail(days, hour, zone), LONG_AGO, now)
    assert due is not None
    assert due.weekday() in days
    assert due <= now.astimezone(ZoneInfo(zone)).date()
    later = due_day(by_mail(days, hour, zone), LONG_AGO, now + timedelta(hours=1))
    assert later is not None
    assert later >= due
