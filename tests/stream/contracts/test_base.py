"""What the field types accept and refuse."""

import importlib
from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from stream.contracts.base import MAX_TEXT_CODE_POINTS, Contract, Language, MessageId, Pseudonym, Tenant, Text, Utc


@pytest.mark.parametrize("tenant", ["a", "riverside", "line-2", "0" * 63])
def test_tenant_accepts(tenant: str) -> None:
    """Lower-case letters, digits and hyphens."""
    assert TypeAdapter(Tenant).validate_python(tenant) == tenant


@pytest.mark.parametrize("tenant", ["", "A", "-a", "a:b", "a b", "0" * 64, "a\n", "ä"])
def test_tenant_refuses(tenant: str) -> None:
    """A colon would make two keys alike; the rest would surprise in a URL or a metric label."""
    with pytest.raises(ValidationError):
        TypeAdapter(Tenant).validate_python(tenant)


@pytest.mark.parametrize("pseudonym", ["", "a:b", "a b", "a/b", "x" * 129, "a\x00", "a\n"])
def test_pseudonym_refuses(pseudonym: str) -> None:
    """Only what is safe in a key, a URL and a file name."""
    with pytest.raises(ValidationError):
        TypeAdapter(Pseudonym).validate_python(pseudonym)


@pytest.mark.parametrize("message_id", ["$abc:server.example", "42", "wamid.HBg/==", "!"])
def test_message_id_accepts_what_platforms_use(message_id: str) -> None:
    """Visible ASCII of any kind."""
    assert TypeAdapter(MessageId).validate_python(message_id) == message_id


@pytest.mark.parametrize("message_id", ["", " ", "a b", "a\x1fb", "é", "x" * 256, "a\n"])
def test_message_id_refuses(message_id: str) -> None:
    """White space and control characters could forge the separator inside our ids."""
    with pytest.raises(ValidationError):
        TypeAdapter(MessageId).validate_python(message_id)


def test_text_may_be_anything_that_people_type() -> None:
    """Empty, emoji, combining marks, right-to-left: all are words."""
    for text in ("", "👩🏽‍🚀", "e\u0301", "שלום", "a\nb\tc", "\u200b"):
        assert TypeAdapter(Text).validate_python(text) == text


def test_text_refuses_nul_surrogates_and_what_no_person_types() -> None:
    """PostgreSQL cannot keep a NUL, UTF-8 cannot keep a lone surrogate."""
    for text in ("a\x00b", "\ud800", "x" * (MAX_TEXT_CODE_POINTS + 1)):
        with pytest.raises(ValidationError):
            TypeAdapter(Text).validate_python(text)


@pytest.mark.parametrize(
    ("tag", "good"), [("en", True), ("pt-BR", True), ("zh-Hant-TW", True), ("e", False), ("en_GB", False)]
)
def test_language_is_a_tag(tag: str, good: bool) -> None:
    """BCP 47 in shape."""
    if good:
        assert TypeAdapter(Language).validate_python(tag) == tag
    else:
        with pytest.raises(ValidationError):
            TypeAdapter(Language).validate_python(tag)


def test_times_are_kept_in_utc() -> None:
    """An offset is honoured and then forgotten, also across a change of daylight saving."""
    summer = datetime(2026, 10, 25, 2, 30, tzinfo=timezone(timedelta(hours=2)))
    winter = datetime(2026, 10, 25, 2, 30, tzinfo=timezone(timedelta(hours=1)))
    adapter = TypeAdapter(Utc)
    assert adapter.validate_python(summer).tzinfo is UTC
    assert adapter.validate_python(winter) - adapter.validate_python(summer) == timedelta(hours=1)


def test_a_time_without_an_offset_is_refused() -> None:
    """Guessing a zone would reorder a session."""
    with pytest.raises(ValidationError):
        TypeAdapter(Utc).validate_python("2026-03-02T18:00:00")


@pytest.mark.parametrize("edge", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_beyond_the_calendar_is_refused(edge: str) -> None:
    """Moving it to UTC would leave the years that exist."""
    with pytest.raises(ValidationError):
        TypeAdapter(Utc).validate_python(edge)


def test_whatever_may_be_none_may_be_left_out() -> None:
    """Records are written without their empty fields: a field that allows None but needs a value could not be read."""
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
