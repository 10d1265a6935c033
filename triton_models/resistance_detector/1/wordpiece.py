"""From chat text to the pieces of words that the encoder was trained on (uncased BERT)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping

UNKNOWN, START, END = "[UNK]", "[CLS]", "[SEP]"
# Pieces read of one message: a long turn says what it says early, and time stays bounded.
MOST_PIECES = 126
# A run of letters longer than this is no word; the original tokenizer gives up at the same length.
_MOST_LETTERS = 100
# Characters of a message looked at: enough for `MOST_PIECES` of any real text, and a bound for a pasted book.
_MOST_CHARACTERS = 2_000
# What keyboards make of apostrophes, as the vocabulary has it.
_PLAIN = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u00b4\uff07", "'"))


def pieces(text: str, vocabulary: Mapping[str, int]) -> list[int]:
    """The numbers of the pieces of `text`, between the marks of start and end."""
    unknown = vocabulary[UNKNOWN]
    found: list[int] = []
    for word in _words(text[:_MOST_CHARACTERS]):
        # Pictures and odd marks say nothing here; an unknown word still stands for a word.
        found += _split(word, vocabulary) or ([unknown] if word[0].isalnum() else [])
        if len(found) >= MOST_PIECES:
            break
    return [vocabulary[START], *found[:MOST_PIECES], vocabulary[END]]


def _words(text: str) -> Iterator[str]:
    """Runs of letters and digits, lower case and without accents; each other mark alone."""
    word = ""
    for character in unicodedata.normalize("NFD", text.lower().translate(_PLAIN)):
        category = unicodedata.category(character)
        if category == "Mn" or (category[0] == "C" and not character.isspace()):
            continue
        if character.isspace() or category[0] in "PS" or 0x3400 <= ord(character) <= 0x9FFF:  # noqa: PLR2004 - Chinese
            if word:
                yield word
            word = ""
            if not character.isspace():
                yield character
        else:
            word += character
    if word:
        yield word


def _split(word: str, vocabulary: Mapping[str, int]) -> list[int] | None:
    """The longest known piece first, then the longest that continues it; None where no piece fits."""
    if len(word) > _MOST_LETTERS:
        return None
    found: list[int] = []
    start = 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = word[start:end] if start == 0 else "##" + word[start:end]
            if piece in vocabulary:
                found.append(vocabulary[piece])
                start = end
                break
        else:
            return None
    return found
