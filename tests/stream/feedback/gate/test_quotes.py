"""A model's quotation counts as found when it differs from the original text in form alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.feedback.gate.quotes import find_quote

TEXT = "Well, I don\u2019t see the point. It\u2019s \u201cfine\u201d - really   fine. Nothing helps, NOTHING."


@pytest.mark.parametrize(
    ("quote", "words"),
    [
        ("I don\u2019t see the point.", "I don\u2019t see the point."),
        ("I don't see the point", "I don\u2019t see the point"),
        ("i DON'T see", "I don\u2019t see"),
        ('"fine" \u2013 really fine', "\u201cfine\u201d - really   fine"),
        ("really\nfine", "really   fine"),
        ('"Nothing helps"', "Nothing helps"),
        ("NOTHING", "NOTHING"),
        ("nothing", "Nothing"),
    ],
)
def test_a_quotation_is_found_whatever_its_case_spaces_and_marks(quote: str, words: str) -> None:
    """A quotation is found exactly, or else at the first place that differs only in case, spaces or marks."""
    span = find_quote(quote, TEXT)
    assert span is not None
    assert TEXT[slice(*span)] == words


@pytest.mark.parametrize(
    "quote",
    [
        "I don't see a point",
        "the point really",
        "thing helps",
        "Noth",
        "I do not see the point",
        "...",
        "  ",
        '""',
        "I don\u2019t … the point",
    ],
)
def test_a_quotation_with_other_words_is_none(quote: str) -> None:
    """Added, left out or cut words, and quotations without any."""
    assert find_quote(quote, TEXT) is None


def test_a_quotation_is_taken_literally() -> None:
    """A quotation is matched as text and not as a pattern."""
    assert find_quote("a.c (d)", "abc d a.c (d)") == (6, 13)
    assert find_quote(".*", "anything") is None


@settings(deadline=None)  # a busy machine is no failure
@given(st.text(max_size=40), st.data())
def test_whole_words_of_a_text_are_always_found(text: str, data: st.DataObject) -> None:
    """Whole words that are copied from a text are always found in it."""
    words = text.split()
    joined = " ".join(words)
    if not words:
        return
    start = data.draw(st.integers(0, len(words) - 1))
    quote = " ".join(words[start : data.draw(st.integers(start + 1, len(words)))])
    span = find_quote(quote, joined)
    if any(
        char.isalnum()
        for char in quote.strip(
            "'\"`\u00b4\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2032\u2033\u00ab\u00bb\u2039\u203a"
        )
    ):
        assert span is not None
        assert joined[slice(*span)] in joined


@settings(deadline=None)  # a busy machine is no failure
@given(st.text(max_size=60), st.text(max_size=60))
def test_a_found_span_lies_inside_the_text(quote: str, text: str) -> None:
    """A found span lies inside the text, whatever the model quotes from whatever text."""
    span = find_quote(quote, text)
    assert span is None or 0 <= span[0] < span[1] <= len(text)
