"""What encodings leave in a text: entities, UTF-8 that was read as another encoding, bytes of Windows-1252."""

import re
from collections.abc import Iterator
from html import unescape
from html.entities import html5
from itertools import takewhile

from ftfy import fix_encoding
from ftfy.badness import is_bad

from stream.reading.traced import Replacement

# Names without a semicolon are common only for these; any other might be a word after an ampersand ("R&B", "&not").
_ENTITY = re.compile(
    r"&(?:amp;)*(#[0-9]{1,7};?|#[xX][0-9a-fA-F]{1,6};?|[A-Za-z][A-Za-z0-9]{1,31};"
    r"|(?:nbsp|amp|lt|gt|quot|apos|shy)(?![A-Za-z0-9]))"
)
# NBSP ends no word here: misread UTF-8 contains it.
_WORD = re.compile(r"[^\t\n\r ]+")
# Their UTF-8 read as Windows-1252 has an A with circumflex before the right character.
_C1_CONTROL = re.compile("[\x80-\x9f]|\xc2(?=[\u2018\u2019\u201c\u201d\u2013\u2014\u2026])")
_LOST_BETWEEN_LETTERS = re.compile(r"(?<=[^\W\d_])[\ufffd\u201b\u2032]+(?=[^\W\d_])")


def entities(text: str) -> Iterator[Replacement]:
    """Find the entities of HTML, also those that were encoded several times (`&amp;nbsp;`)."""
    for match in _ENTITY.finditer(text):
        name = match[1] if match[1].endswith(";") else f"{match[1]};"
        character = unescape(f"&{name}") if name[0] == "#" else html5.get(name, html5.get(name.lower()))
        if character is not None:
            yield *match.span(), character


def mojibake(text: str) -> Iterator[Replacement]:
    """Find UTF-8 that was read as another encoding, once or several times (`donâ€™t`)."""
    if text.isascii() or not is_bad(text):
        return
    for match in _WORD.finditer(text):
        word = match[0]
        if word.isascii() or not is_bad(word) or (fixed := fix_encoding(word)) == word:
            continue
        before = _common_length(word, fixed)
        after = _common_length(word[before:][::-1], fixed[before:][::-1])
        start, end = match.start() + before, match.end() - after
        if start < end:
            yield start, end, fixed[before : len(fixed) - after]


def c1_controls(text: str) -> Iterator[Replacement]:
    """Find bytes of Windows-1252 that became control characters; its quotation marks and dashes are among them."""
    for match in _C1_CONTROL.finditer(text):
        yield *match.span(), match[0].encode("latin-1").decode("cp1252", "ignore").strip("\xc2")


def lost_apostrophes(text: str) -> Iterator[Replacement]:
    """Find what stands for an apostrophe between letters, the replacement character above all."""
    for match in _LOST_BETWEEN_LETTERS.finditer(text):
        yield *match.span(), "'"


def _common_length(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
