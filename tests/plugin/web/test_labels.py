"""Tests of the words that pages show for codes: complete, plain, and never a judgement of a person."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum

import pytest

from plugin.web import labels
from stream.contracts.vocabulary import EndReason, OperatingPoint, Role


@pytest.mark.parametrize(
    ("words", "codes"),
    [(labels.OPERATING_POINTS, OperatingPoint), (labels.END_REASONS, EndReason), (labels.ROLES, Role)],
)
def test_every_code_has_words(words: Mapping[Enum, object], codes: type[Enum]) -> None:
    """Every code has words, so that a new code without words fails here."""
    assert set(words) == set(codes)
    assert all(words.values())


def test_resistance_is_never_the_clients_fault() -> None:
    """No label blames the client for resistance."""
    said = str([value for name, value in vars(labels).items() if name.isupper()]).lower()
    assert not re.search(r"non-?complian|manipulat|difficult client|refus|stubborn|uncooperative", said)


def test_a_sentence_begins_with_a_capital_and_keeps_its_names() -> None:
    """A sentence starts with a capital and keeps the capitals of names, unlike `str.capitalize`."""
    assert labels.sentence("released by Maria Keller") == "Released by Maria Keller"
    assert labels.sentence("") == ""


def test_times_read_as_people_write_them() -> None:
    """Days have no leading zero, and times have a 24-hour clock."""
    at = datetime(2026, 11, 3, 9, 5, tzinfo=UTC)
    assert labels.day(at) == "Tue 3 November 2026"
    assert labels.short_day(at) == "Tue 3 Nov 2026"
    assert labels.clock(at) == "09:05"
