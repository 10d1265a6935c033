"""The field types of records accept what platforms send and refuse what could not be stored or keyed."""

import importlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from stream.contracts.base import MAX_TEXT_CODE_POINTS, Contract, Language, MessageId, Pseudonym, Tenant, Text, Utc

EARLIEST, LATEST = datetime(1, 1, 3), datetime(9999, 12, 29)  # noqa: DTZ001 - hypothesis adds the zone


def minutes_east(minutes: int) -> timezone:
    """Return the zone of an offset."""
    return timezone(timedelta(minutes=minutes))


@pytest.mark.parametrize("tenant", ["a", "riverside", "line-2", "0" * 63])
def test_tenant_accepts(tenant: str) -> None:
    """A tenant may have lower-case letters, digits and hyphens, up to 63 characters."""
    assert TypeAdapter(Tenant).validate_python(tenant) == tenant


@pytest.mark.parametrize("tenant", ["", "A", "-a", "a:b", "a b", "0" * 64, "a\n", "ä"])
def test_tenant_refuses(tenant: str) -> None:
    """A tenant may not hold a colon, which would make two keys equal, nor what is unsafe in a URL or a metric label."""
    with pytest.raises(ValidationError):
        TypeAdapter(Tenant).validate_python(tenant)


@pytest.mark.parametrize("pseudonym", ["", "a:b", "a b", "a/b", "x" * 129, "a\x00", "a\n"])
def test_pseudonym_refuses(pseudonym: str) -> None:
    """A pseudonym may hold only what is safe in a key, a URL and a file name."""
    with pytest.raises(ValidationError):
        TypeAdapter(Pseudonym).validate_python(pseudonym)


@pytest.mark.parametrize("message_id", ["$abc:server.example", "42", "wamid.HBg/==", "!"])
def test_message_id_accepts_what_platforms_use(message_id: str) -> None:
    """A message id may hold any visible ASCII characters."""
    assert TypeAdapter(MessageId).validate_python(message_id) == message_id


@pytest.mark.parametrize("message_id", ["", " ", "a b", "a\x1fb", "é", "x" * 256, "a\n"])
def test_message_id_refuses(message_id: str) -> None:
    """A message id may not hold white space or control characters, which could forge the separator inside our ids."""
    with pytest.raises(ValidationError):
        TypeAdapter(MessageId).validate_python(message_id)


def test_text_may_be_anything_that_people_type() -> None:
    """A text may be empty or hold emoji, combining marks and right-to-left script."""
    for text in ("", "👩🏽‍🚀", "e\u0301", "שלום", "a\nb\tc", "\u200b"):
        assert TypeAdapter(Text).validate_python(text) == text


def test_text_refuses_nul_surrogates_and_what_no_person_types() -> None:
    """A text may not hold a NUL or a lone surrogate, nor be longer than people type.

    PostgreSQL cannot store a NUL, and UTF-8 cannot encode a lone surrogate.
    """
    for text in ("a\x00b", "\ud800", "x" * (MAX_TEXT_CODE_POINTS + 1)):
        with pytest.raises(ValidationError):
            TypeAdapter(Text).validate_python(text)


@pytest.mark.parametrize(
    ("tag", "good"), [("en", True), ("pt-BR", True), ("zh-Hant-TW", True), ("e", False), ("en_GB", False)]
)
def test_language_is_a_bcp_47_tag(tag: str, good: bool) -> None:
    """A language has the form of a BCP 47 tag."""
    if good:
        assert TypeAdapter(Language).validate_python(tag) == tag
    else:
        with pytest.raises(ValidationError):
            TypeAdapter(Language).validate_python(tag)


def test_times_are_kept_in_utc() -> None:
    """A time is converted to UTC by its offset, also across a change of daylight saving."""
    summer = datetime(2026, 10, 25, 2, 30, tzinfo=timezone(timedelta(hours=2)))
    winter = datetime(2026, 10, 25, 2, 30, tzinfo=timezone(timedelta(hours=1)))
    adapter = TypeAdapter(Utc)
    assert adapter.validate_python(summer).tzinfo is UTC
    assert adapter.validate_python(winter) - adapter.validate_python(summer) == timedelta(hours=1)


def test_a_time_without_an_offset_is_refused() -> None:
    """A time without an offset is refused, since guessing a zone would reorder a session."""
    with pytest.raises(ValidationError):
        TypeAdapter(Utc).validate_python("2026-03-02T18:00:00")


@given(
    number=st.integers(-(10**14), 10**14) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans(),
    blanks=st.sampled_from(("", " ", "\n", "+")),
)
def test_a_number_is_no_time(number: float, blanks: str) -> None:
    """A number, or digits alone, is refused as a time, which pydantic would count from 1970."""
    for given_ in (number, f"{blanks}{number}", str(number).replace("-", ""), json.dumps(number)):
        with pytest.raises(ValidationError):
            TypeAdapter(Utc).validate_python(given_)
        with pytest.raises(ValidationError):
            TypeAdapter(Utc).validate_json(json.dumps(given_))


@pytest.mark.parametrize("digits", ["20260302190030", "20260302T190030Z", "2026", "1772474400", "2026-03-02", "٢٠٢٦"])
def test_a_time_is_written_out(digits: str) -> None:
    """A time without its separators, or without its hour, is refused."""
    with pytest.raises(ValidationError):
        TypeAdapter(Utc).validate_python(digits)


@given(st.datetimes(EARLIEST, LATEST, timezones=st.integers(-1439, 1439).map(minutes_east)))
def test_every_time_that_is_written_out_is_read(time: datetime) -> None:
    """A time as Python writes it is read as the same moment, with a blank or a T, from Python and from JSON."""
    adapter = TypeAdapter(Utc)
    for written in (time.isoformat(), time.isoformat(" ")):
        assert adapter.validate_python(written) == time
        assert adapter.validate_json(json.dumps(written)) == time


@pytest.mark.parametrize("edge", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_beyond_the_calendar_is_refused(edge: str) -> None:
    """A time that lies outside the years 1 to 9999 in UTC is refused."""
    with pytest.raises(ValidationError):
        TypeAdapter(Utc).validate_python(edge)


def test_a_field_that_may_be_none_may_be_left_out() -> None:
    """A field that may be None is not required, since records are written without their empty fields."""
    modules = [
        importlib.import_module(f"stream.contracts.{name}") for name in ("base", "messages", "sessions", "feedback")
    ]
    contracts = {thing for module in modules for thing in vars(module).values() if isinstance(thing, type)}
    models = [thing for thing in contracts if issubclass(thing, Contract)]
    assert len(models) > 20
    wrong = [
        f"{model.__name__}.{name}"
        for model in models
        for name, field in model.model_fields.items()
        if field.is_required() and type(None) in get_args(field.annotation)
    ]
    assert wrong == []
