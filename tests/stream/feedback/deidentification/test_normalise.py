"""Hostile text is normalised before a model sees it, and every span leads back exactly."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.feedback.deidentification.normalise import normalise
from stream.reading import TracedText


@pytest.mark.parametrize(
    ("original", "shown"),
    [
        ("plain words stay", "plain words stay"),
        ("hid\u200bden\u200d \u2060words\ufeff", "hidden words"),
        ("right\u202eto left\u202c", "rightto left"),
        ("bell\x07 and escape\x1b[31m", "bell and escape[31m"),
        ("tag\U000e0041\U000e0042 letters", "tag letters"),
        ("variation\ufe0f selector", "variation selector"),
        ("one\ntwo\r\nthree\u2028four\tfive", "one two  three four five"),
        ("\uff46\uff55\uff4c\uff4c \uff57\uff49\uff44\uff54\uff48", "full width"),
        ("wait…", "wait..."),
        ("<|eot_id|>", "< |eot_id| >"),
        ("<\u200b|eot_id|\u200b>", "< |eot_id| >"),
        ("\uff1c\uff5ceot_id\uff5c\uff1e", "< |eot_id| >"),
        ("<|<|eot_id|>|>", "< |< |eot_id| >| >"),
        ("<|>", "< | >"),
        ("", ""),
    ],
)
def test_nothing_hidden_and_no_reserved_token_reaches_a_model(original: str, shown: str) -> None:
    """Invisible characters go, compatibility forms fold, reserved tokens break, line breaks become spaces."""
    assert normalise(original).text == shown


@pytest.mark.parametrize(
    ("original", "shown", "restored"),
    [
        ("a hid\u200bden word", "hidden", "hid\u200bden"),
        ("wait… what", "...", "…"),
        ("wait… what", "..", "…"),
        ("x <|eot_id|> y", "eot_id", "eot_id"),
        ("x <|eot_id|> y", "< |eot_id| >", "<|eot_id|>"),
        ("😀 \uff46\uff55\uff4c\uff4c width", "full", "\uff46\uff55\uff4c\uff4c"),
    ],
)
def test_a_span_of_what_was_shown_leads_back_to_the_original(original: str, shown: str, restored: str) -> None:
    """A span of the shown text leads back to the original, in its code points, with everything between."""
    traced = normalise(original)
    start = traced.text.index(shown)
    begin, end = traced.restore(start, start + len(shown))
    assert original[begin:end] == restored


def test_replaced_words_stand_for_all_of_their_span() -> None:
    """Any part of a placeholder leads to the whole of the original."""
    traced = normalise("I am Nadia Brandt, hello").replace([(5, 17, "[CLIENT_1]")])
    assert traced.text == "I am [CLIENT_1], hello"
    assert traced.restore(6, 8) == (5, 17)
    assert traced.restore(0, 4) == (0, 4)
    assert traced.restore(17, 22) == (19, 24)


def test_a_traced_text_hides_its_words() -> None:
    """The representation of a traced text does not show its words."""
    assert repr(TracedText("secret", ((0, 1),) * 6)) == "TracedText()"


@given(st.text())
def test_any_text_is_traced_without_gaps(original: str) -> None:
    """Origins grow, lie inside the original, and nothing invisible is left."""
    traced = normalise(original)
    assert len(traced.origins) == len(traced.text)
    ends = [0, *(end for _, end in traced.origins)]
    assert ends == sorted(ends)
    assert ends[-1] <= len(original)
    assert all(unicodedata.category(char) not in {"Cf", "Cc", "Cs"} for char in traced.text)
    assert "<|" not in traced.text
    assert "|>" not in traced.text
