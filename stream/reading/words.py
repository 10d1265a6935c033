"""Counting of words by the word boundaries of Unicode (UAX 29)."""

import regex

# From a boundary to the next one, where a letter or a digit begins: punctuation and emoji are no words.
_WORD = regex.compile(r"(?V1w)\b(?=[\p{L}\p{N}]).+?\b")


def count_words(text: str) -> int:
    """Return the number of words; in scripts without spaces each character of a word counts as one."""
    return sum(1 for _ in _WORD.finditer(text))
