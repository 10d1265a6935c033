"""Plain text for people reads as prose, states the scope, and cannot steer a terminal."""

import pytest

from plugin.plain_text import SCOPE, age_words, counted, inert_cell, join_words, printable


def test_the_scope_says_what_this_is_not() -> None:
    """The statement on every page names the three uses that are excluded."""
    for part in ("learning after the session", "Not a crisis monitor", "not a diagnosis", "not a performance record"):
        assert part in SCOPE


def test_lists_read_as_prose() -> None:
    """A list of none, one, two or more words is joined as prose joins it."""
    assert [join_words(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


def test_numbers_come_with_their_noun() -> None:
    """A number is followed by the singular or the plural of its noun."""
    assert [counted(number, "moment") for number in (0, 1, 2)] == ["0 moments", "1 moment", "2 moments"]
    assert counted(2, "reply", "replies") == "2 replies"


def test_ordinary_writing_stays_as_it_is() -> None:
    """Accents, other scripts, joined emoji and line breaks are unchanged."""
    said = (
        "na\u00efve, \u4f60\u597d, \u05e9\u05dc\u05d5\u05dd, \u0928\u092e\u0938\u094d\u0924\u0947, "
        "\U0001f469\u200d\U0001f467, two\nlines"
    )
    assert printable(said) == said


def test_what_could_steer_a_terminal_is_written_as_an_escape() -> None:
    """Escape sequences, carriage returns, bidirectional marks and bytes that are no UTF-8 become visible."""
    steering = b"a\x1b[2J\rb\n\xe2\x80\xaec\xff\x9b".decode("utf-8", "backslashreplace")
    assert printable(steering) == "a\\x1b[2J\\rb\n\\u202ec\\xff\\x9b"
    assert printable("\ue000\u200b") == "\\ue000\\u200b"


def test_no_cell_begins_like_a_formula() -> None:
    """A quote stands before what a spreadsheet would run, and other text stays as it is."""
    for formula in ("=1", "+1", "-1", "@a", "\t=1", "\r=1"):
        assert inert_cell(formula) == f"'{formula}"
    for harmless in ("", "a=1", "'=1", " no formula", "1-1"):
        assert inert_cell(harmless) == harmless


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "none"), (0, "0 s"), (59.4, "59 s"), (90, "1.5 min"), (7200, "2.0 h"), (9 * 86_400, "9.0 d")],
)
def test_an_age_is_said_in_the_largest_unit_that_fits(seconds: float | None, words: str) -> None:
    """An age is said in days, hours, minutes or seconds, and "none" where nothing waits."""
    assert age_words(seconds) == words
