"""Tokens and word patterns for chat text, with all positions in code points of the text as typed."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

_APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u02b9\u00b4\uff07`", "'"))
_TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*|\d+|[?!]+|\.\.+")
# Chat text often lacks apostrophes: "dont" and "don't" are one word, except where that makes another word.
_KEEPS_APOSTROPHE = frozenset({"we're", "we'll", "i'll", "he'll", "she'll", "i'd", "we'd", "she'd", "he'd"})


class Token(NamedTuple):
    """A word, number or punctuation of emphasis in its normal form, with its span."""

    form: str
    start: int
    end: int


def fold(text: str) -> str:
    """Return `text` in lower case with straight apostrophes, in the same length so that positions stay valid."""
    lowered = text.lower()
    if lowered.isascii() and "`" not in lowered:
        return lowered
    if len(lowered) != len(text):  # a few letters, such as U+0130, grow when lowered
        lowered = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return lowered.translate(_APOSTROPHES)


def tokens(text: str) -> list[Token]:
    """Return the tokens of `text`, in order."""
    found = []
    for match in _TOKEN.finditer(fold(text)):
        form = match.group()
        if "'" in form and form not in _KEEPS_APOSTROPHE:
            form = form.replace("'", "")
        found.append(Token(form, match.start(), match.end()))
    return found


def expressions(patterns: Iterable[str], words: Mapping[str, str]) -> list[str]:
    """Return the regular expressions that the patterns stand for, for use on whole words of folded text.

    A pattern is a regular expression in which a space is any white space (` ?` is any or none), an apostrophe may be
    missing, and `<name>` stands for a list from `words`, which may itself use lists that come after it.
    """
    return [_expression(pattern, words) for pattern in patterns]


def _expression(pattern: str, words: Mapping[str, str]) -> str:
    for name, alternatives in words.items():
        pattern = pattern.replace(f"<{name}>", f"(?:{alternatives})")
    return pattern.replace("'", "'?").replace(" ?", r"\s*").replace(" ", r"\s+")


def whole_words(found: Iterable[str]) -> re.Pattern[str]:
    """Return one expression that matches what any of `expressions` matches, as whole words."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(found)})(?!\w)", re.DOTALL)
