"""Tests of tokens and word patterns for chat text."""

import pytest

from stream.detection.text import Token, expressions, fold, tokens, whole_words


@pytest.mark.parametrize(
    ("typed", "forms"),
    [
        ("I don't know", ["i", "dont", "know"]),
        ("i dont know", ["i", "dont", "know"]),
        ("I don\u2019t KNOW", ["i", "dont", "know"]),
        ("I`m fine", ["im", "fine"]),
        ("we're here, I'll go", ["we're", "here", "i'll", "go"]),
        ("really?!", ["really", "?!"]),
        ("well... no", ["well", "...", "no"]),
        ("20 a day", ["20", "a", "day"]),
        ("caf\u00e9", ["caf\u00e9"]),
        ("a_b", ["a", "b"]),
        ("\U0001f600", []),
        ("", []),
    ],
)
def test_tokens_are_words_numbers_and_marks_of_emphasis(typed: str, forms: list[str]) -> None:
    """Tokens are words, numbers and marks of emphasis in their normal form.

    The form is the same with and without the apostrophe, except where the apostrophe distinguishes two words.
    """
    assert [token.form for token in tokens(typed)] == forms


def test_tokens_have_their_spans() -> None:
    """Tokens have their spans in code points of the text as typed."""
    text = "\U0001f600 I don\u2019t"
    assert tokens(text) == [Token("i", 2, 3), Token("dont", 4, 9)]
    assert text[4:9] == "don\u2019t"


@pytest.mark.parametrize("text", ["\u0130stanbul", "STRASSE \u00df", "I\u2019m", "\u1e9e", "", "A\u0307"])
def test_folding_keeps_the_length(text: str) -> None:
    """Folding keeps the length of a text, also with letters whose lower case is longer."""
    assert len(fold(text)) == len(text)


def test_folding_makes_apostrophes_straight_and_letters_lower_case() -> None:
    """Folding makes letters lower case and all shapes of apostrophes straight."""
    assert fold("I\u2019M I\u2018m I`m I\u00b4m I\u02bcm") == "i'm i'm i'm i'm i'm"


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("don't go", "i dont  go", True),
        ("don't go", "i don't\ngo", True),
        ("don't go", "i dont gone", False),
        ("don't go", "wedont go", False),
        ("my ?self", "myself", True),
        ("my ?self", "my self", True),
        ("<who> said", "he said", True),
        ("<who> said", "she said", True),
        ("<who> said", "it said", False),
        ("a|b c", "b c", True),
    ],
)
def test_patterns_are_loose_about_typing_and_strict_about_words(pattern: str, text: str, *, found: bool) -> None:
    """A pattern matches whole words with any white space, with or without apostrophes."""
    assert bool(whole_words(expressions([pattern], {"who": "he|she"})).search(text)) is found


def test_a_named_list_may_use_a_later_one() -> None:
    """A named list may use lists that come after it."""
    words = {"night": "all night|for <number> days", "number": "two|three"}
    assert whole_words(expressions(["up <night>"], words)).search("up for two days")
