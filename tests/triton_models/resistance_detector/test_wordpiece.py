"""Tests of the tokenizer of the sentence encoder."""

import importlib

import pytest

from stream.detection.meaning import FOLDER, load_package

wordpiece = importlib.import_module(f"{load_package(FOLDER).__name__}.wordpiece")
WORDS = ["[UNK]", "[CLS]", "[SEP]", "no", "now", "##w", "##here", "cafe", "don", "'", "t", "!", "a"]
VOCABULARY = {word: i for i, word in enumerate(WORDS)}


def _pieces(text: str) -> list[str]:
    return [WORDS[i] for i in wordpiece.pieces(text, VOCABULARY)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no", ["no"]),
        ("NO!", ["no", "!"]),
        ("now", ["now"]),
        ("nowhere", ["now", "##here"]),
        ("caf\u00e9", ["cafe"]),
        ("don't", ["don", "'", "t"]),
        ("don\u2019t", ["don", "'", "t"]),
        ("\U0001f600 no \U0001f44d\U0001f3fd", ["no"]),
        ("zebra no", ["[UNK]", "no"]),
        ("no\u200bw", ["now"]),
        ("no\tnow\n", ["no", "now"]),
        ("no\u7dadno", ["no", "[UNK]", "no"]),
        ("", []),
        ("\x00\ud800", []),
        ("a" * 101, ["[UNK]"]),
    ],
)
def test_text_is_split_into_the_longest_known_pieces(text: str, expected: list[str]) -> None:
    """A text is split into the longest known pieces, in lower case, without accents and with each mark alone."""
    assert _pieces(text) == ["[CLS]", *expected, "[SEP]"]


def test_pieces_beyond_the_limit_are_not_read() -> None:
    """Pieces beyond the limit are not read."""
    assert len(_pieces("no " * 5_000)) == wordpiece.MAX_PIECES + 2
