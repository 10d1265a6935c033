"""A model's quotation counts as found when it differs from the original text in form alone."""

import unicodedata
from typing import Literal, get_args

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
    """A quotation with added, left out or cut words, or without words, is not found."""
    assert find_quote(quote, TEXT) is None


def test_a_quotation_is_taken_literally() -> None:
    """A quotation is matched as text and not as a pattern."""
    assert find_quote("a.c (d)", "abc d a.c (d)") == (6, 13)
    assert find_quote(".*", "anything") is None


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


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_found_span_lies_inside_the_text(quote: str, text: str) -> None:
    """A found span lies inside the text, whatever the model quotes from whatever text."""
    span = find_quote(quote, text)
    assert span is None or 0 <= span[0] < span[1] <= len(text)


_Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
COMPOSED = (
    "\u00c7a ne m\u2019a rien dit, caf\u00e9 \u201cna\u00efve\u201d \u2013 Stra\u00dfe, \uac01\uc790, "
    "\u0905\u0928\u093f\u0932, Nguy\u1ec5n \uff26\uff35\uff2c\uff2c wid\u200bth."
)


@settings(max_examples=300)
@given(
    st.sampled_from(get_args(_Form)),
    st.sampled_from(get_args(_Form)),
    st.sampled_from([str, str.lower, str.upper]),
    st.sampled_from(["\u2019", "'", "\u02bc"]),
    st.booleans(),
    st.data(),
)
def test_a_quotation_is_found_however_unicode_composes_it(
    of_text: _Form, of_quote: _Form, case: type[str], apostrophe: str, hidden: bool, data: st.DataObject
) -> None:
    """Whole words are found across composition, width, case, marks and zero width, at their place in the text."""
    text = unicodedata.normalize(of_text, COMPOSED)
    words = text.split()
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    meant = " ".join(words[start:end])
    quote = case(unicodedata.normalize(of_quote, meant)).replace("\u2019", apostrophe)
    if hidden:
        quote = "\u200b".join(quote)
    span = find_quote(quote, text)
    if not any(char.isalnum() for char in meant):
        return
    assert span is not None
    first = text.index(meant)
    edges = " .,\u2019\u201c\u201d\u2013\u200b"
    assert first <= span[0] < span[1] <= first + len(meant)
    assert text[slice(*span)].strip(edges) == meant.strip(edges)


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("cafe", "a cafe\u0301"),
        ("cafe", "a caf\u00e9"),
        ("\uac00", "\u1100\u1161\u11a8"),
        ("a", "a\u0308"),
        ("caf\u00e9", "a cafe"),
    ],
)
def test_a_letter_without_its_accent_is_another_letter(quote: str, text: str) -> None:
    """A quotation that leaves out or adds an accent or a part of a syllable is none."""
    assert find_quote(quote, text) is None


def test_a_span_covers_the_marks_of_its_last_letter() -> None:
    """A span is in code points of the text and ends after the marks of its last letter."""
    assert find_quote("caf\u00e9", "a cafe\u0301 b") == (2, 7)
