"""Invisible characters, other forms of letters and marks on letters are read as the letters they show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.reading import read_text
from stream.reading.characters import without_accents


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("su\u200bi\u00adci\u2060de", "suicide"),
        ("\ufeffno", "no"),
        ("\u202eno\u202c", "no"),
        ("n\U000e0041o", "no"),
        ("n\x08o", "no"),
        ("\u2764\ufe0f ok", "\u2764\ufe0f ok"),
    ],
)
def test_what_shows_nothing_is_not_read(text: str, read: str) -> None:
    """Characters that show nothing are not read; those of an emoji stay with it."""
    assert read_text(text).text == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("\uff4b\uff49\uff4c\uff4c\u3000\uff4d\uff45\uff01", "kill me!"),
        ("\U0001d424\U0001d422\U0001d425\U0001d425", "kill"),
        ("\u24da\u24d8\u24db\u24db", "kill"),
        ("\ufb01ne", "fine"),
        ("a\u00a0b\u2009c", "a b c"),
        ("\u2026 \u2122 \u00bd", "\u2026 \u2122 \u00bd"),
    ],
)
def test_other_forms_of_letters(text: str, read: str) -> None:
    """Full-width and ornamental letters and spaces of any width are read as plain ones; signs stay."""
    assert read_text(text).text == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("k\u0336i\u0336l\u0336l\u0336", "kill"),
        ("cafe\u0301", "caf\u00e9"),
        ("k\u0300\u0301\u0302\u0303ill", "kill"),
        ("\u0336no", "no"),
        ("\u0915\u093f\u0924\u093e\u092c", "\u0915\u093f\u0924\u093e\u092c"),
    ],
)
def test_marks_on_letters(text: str, read: str) -> None:
    """A letter that exists with its mark is that letter, other marks go, and vowel signs of a script stay."""
    assert read_text(text).text == read


def test_accents_are_taken_off_letter_by_letter() -> None:
    """Accents are taken off letters of the Latin alphabet, and other letters stay."""
    assert without_accents("s\u00fa\u00efcid\u00e9 \u0439 \u4e0d") == "suicide \u0439 \u4e0d"


@given(st.text())
def test_taking_accents_off_keeps_places(text: str) -> None:
    """Taking accents off keeps the length, so that places stay valid."""
    assert len(without_accents(text)) == len(text)
