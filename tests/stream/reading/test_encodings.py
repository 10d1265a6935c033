"""What encodings leave in a text is found, and what only looks like it is not."""

import pytest

from stream.reading.encodings import c1_controls, entities, lost_apostrophes, mojibake
from stream.reading.traced import TracedText


def replaced(step: object, text: str) -> str:
    """Return the text after one step."""
    assert callable(step)
    return TracedText.untouched(text).replace(step(text)).text


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a&nbsp;b", "a\u00a0b"),
        ("don&#39;t", "don't"),
        ("don&#x27;t", "don't"),
        ("don&#146;t", "don\u2019t"),
        ("&NBSP;", "\u00a0"),
        ("a &amp; b", "a & b"),
        ("&amp;amp;nbsp;", "\u00a0"),
        ("&nbsp b", "\u00a0 b"),
        ("&shy;", "\u00ad"),
        ("&zwnj;", "\u200c"),
        ("&not sure; &copyright; &unknown; R&B", "&not sure; &copyright; &unknown; R&B"),
    ],
)
def test_entities(text: str, read: str) -> None:
    """Entities are read by name and number; a word after an ampersand is none."""
    assert replaced(entities, text) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("don\u00e2\u20ac\u2122t", "don\u2019t"),
        ("don\u00e2\u0080\u0099t", "don\u2019t"),
        ("don\u00c3\u00a2\u00e2\u201a\u00ac\u00e2\u201e\u00a2t", "don\u2019t"),
        ("caf\u00c3\u00a9 au lait", "caf\u00e9 au lait"),
        ("kill\u00c2\u00a0me", "kill\u00a0me"),
        ("I\u201a\u00c4\u00f4m", "I\u2019m"),
        ("l\u2019\u00e9t\u00e9 na\u00efve", "l\u2019\u00e9t\u00e9 na\u00efve"),
        ("CAF\u00c9\u2122", "CAF\u00c9\u2122"),
        ("\u6211\u4e0d\u77e5\u9053", "\u6211\u4e0d\u77e5\u9053"),
    ],
)
def test_mojibake(text: str, read: str) -> None:
    """UTF-8 that was read as another encoding is read again, and real letters stay."""
    assert replaced(mojibake, text) == read


def test_only_the_misread_part_of_a_word_is_replaced() -> None:
    """The letters around a misread character keep their own places."""
    assert list(mojibake("so don\u00e2\u20ac\u2122t go")) == [(6, 9, "\u2019")]


@pytest.mark.parametrize(
    ("text", "read"),
    [("don\x92t", "don\u2019t"), ("\x93no\x94", "\u201cno\u201d"), ("a\x81b", "ab"), ("\u00c2\u2019", "\u2019")],
)
def test_leftovers_of_windows_1252(text: str, read: str) -> None:
    """A control character that is a byte of Windows-1252 is read as its character; one without any goes."""
    assert replaced(c1_controls, text) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("don\ufffdt", "don't"),
        ("don\u2032t", "don't"),
        ("\ufffd no \ufffd", "\ufffd no \ufffd"),
        ("5\u2032", "5\u2032"),
    ],
)
def test_lost_apostrophes(text: str, read: str) -> None:
    """A character that replaces an apostrophe between letters is read as an apostrophe."""
    assert replaced(lost_apostrophes, text) == read
