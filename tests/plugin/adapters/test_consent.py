"""Tests of the consent of platforms that have no field for it: by a field, by a channel, and from when on."""

from datetime import UTC, datetime, timedelta

import pytest

from plugin.adapters.consent import ConsentRule
from stream.runtime.settings import ConsentSettings

AT = datetime(2026, 3, 2, 18, tzinfo=UTC)
RULE = ConsentRule("consent", frozenset({"8"}))
YES = (True, "true", "yes", " Yes ", AT.isoformat(), (AT - timedelta(days=1)).isoformat())
NO: tuple[object, ...] = (
    False,
    "false",
    "no",
    0,
    1,
    "perhaps",
    "2026-03-02",
    [],
    {"a": 1},
    (AT + timedelta(seconds=1)).isoformat(),
)
UNSET = (None, "", "  ")


def test_without_any_rule_nothing_is_processed() -> None:
    """Settings that say nothing of consent process nothing."""
    rule = ConsentRule.of(ConsentSettings())
    assert not rule.of_now({"consent": True}, ("8",), AT).processing
    assert not rule.of_then({"consent": True}, ("8",), AT).processing


@pytest.mark.parametrize("value", YES)
def test_a_field_that_holds_consent_decides(value: object) -> None:
    """A field with `true`, `yes` or a time that has come holds consent in every channel."""
    assert RULE.of_now({"consent": value}, ("9",), AT).processing
    assert not RULE.is_refused({"consent": value}, AT)


@pytest.mark.parametrize("value", NO)
def test_any_other_value_means_no(value: object) -> None:
    """A field with any other value, an unclear one too, refuses also where everybody has consented."""
    assert not RULE.of_now({"consent": value}, ("8",), AT).processing
    assert not RULE.of_then({"consent": value}, ("8",), AT).processing
    assert RULE.is_refused({"consent": value}, AT)


@pytest.mark.parametrize("value", UNSET)
def test_a_field_that_is_not_set_leaves_it_to_the_channel(value: object) -> None:
    """Without a value, the channel decides; in another channel nobody has consented."""
    assert RULE.of_now({"consent": value}, ("8",), AT).processing
    assert RULE.of_then({"consent": value}, ("8",), AT).processing
    assert not RULE.of_now({"consent": value}, ("9", ""), AT).processing
    assert not RULE.is_refused({"consent": value}, AT)


def test_a_grant_counts_from_when_it_was_given() -> None:
    """A time in the field counts from then on; a bare `true` says nothing of what was before anybody looked."""
    granted = {"consent": AT.isoformat()}
    assert RULE.of_then(granted, (), AT).processing
    assert not RULE.of_then(granted, (), AT - timedelta(seconds=1)).processing
    assert not RULE.of_then({"consent": True}, ("8",), AT).processing


def test_every_channel_may_be_one_where_everybody_has_consented() -> None:
    """The channel `*` is any channel, one without an id too."""
    rule = ConsentRule("", frozenset({"*"}))
    assert rule.of_now({}, (), AT).processing
