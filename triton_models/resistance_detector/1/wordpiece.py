"""The tokenizer of the sentence encoder: it splits chat text into the word pieces of uncased BERT."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping

UNKNOWN, START, END = "[UNK]", "[CLS]", "[SEP]"
# Pieces that are read of one message: the beginning of a long turn is enough, and the time stays bounded.
MAX_PIECES = 126
# A longer run of letters is unknown as a whole; the original tokenizer has the same limit.
_MAX_WORD_LETTERS = 100
# Characters that are read of one message: enough for `MAX_PIECES` of any real text, and a limit for pasted text.
_MAX_CHARACTERS = 2_000
# The shapes of apostrophes that keyboards produce, mapped to the one in the vocabulary.
_PLAIN = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u00b4\uff07", "'"))


def pieces(text: str, vocabulary: Mapping[str, int]) -> list[int]:
    """Return the numbers of the pieces of `text`, between those of the start and end marks."""
    unknown = vocabulary[UNKNOWN]
    found: list[int] = []
    for word in _words(text[:_MAX_CHARACTERS]):
        # Unknown pictures and marks are left out; an unknown word still counts as a word.
        found += _split(word, vocabulary) or ([unknown] if word[0].isalnum() else [])
        if len(found) >= MAX_PIECES:
            break
    return [vocabulary[START], *found[:MAX_PIECES], vocabulary[END]]


def _words(text: str) -> Iterator[str]:
    """Yield runs of letters and digits in lower case without accents, and each other mark alone."""
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
    """Return the longest known piece of a word, then the longest that continues it; None where no piece fits."""
    if len(word) > _MAX_WORD_LETTERS:
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
