"""From chat text to the pieces that the encoder knows."""

import pytest

from stream.detection.meaning import FOLDER, load_package

wordpiece = __import__("importlib").import_module(f"{load_package(FOLDER).__name__}.wordpiece")
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
def test_words_fall_into_the_longest_pieces_known(text: str, expected: list[str]) -> None:
    """Lower case, without accents, each mark alone, between the marks of start and end."""
    assert _pieces(text) == ["[CLS]", *expected, "[SEP]"]


def test_a_pasted_book_costs_bounded_time() -> None:
    """What comes after the first pieces is not read."""
    assert len(_pieces("no " * 5_000)) == wordpiece.MOST_PIECES + 2
