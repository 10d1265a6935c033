"""Characters that show as ordinary letters or not at all: invisible ones, other forms of letters, marks on letters."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from stream.reading.traced import Replacement

# Variation selectors and fillers are marks or letters by category, but show nothing.
_FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef"
# Format characters (zero width, direction, tags) and control characters that are no white space.
_FORMAT = (
    "\x00-\x08\x0e-\x1b\x7f\xad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\U000e0001-\U000e007f"
)
# The soft hyphen waits: it may be a part of misread UTF-8, which is read before.
_ZERO_WIDTH = re.compile(f"[{_FORMAT}{_FILLERS}]+".replace("\xad", ""))
_SOFT_HYPHEN = re.compile("\xad+")
# Symbols take selectors and joiners as a part of an emoji.
_SYMBOLS = frozenset({"So", "Sk"})
# Marks that any script may use; the vowel signs of a script are letters to its readers.
_MARKED = re.compile(
    "(.?)([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+)", re.DOTALL
)
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_OTHER_FORMS = frozenset({"<wide>", "<narrow>", "<font>", "<circle>", "<square>", "<noBreak>", "<compat>"})


def zero_width(text: str) -> Iterator[Replacement]:
    """Find characters that show nothing, except inside an emoji."""
    for match in _ZERO_WIDTH.finditer(text):
        if not match.start() or unicodedata.category(text[match.start() - 1]) not in _SYMBOLS:
            yield *match.span(), ""


def soft_hyphens(text: str) -> Iterator[Replacement]:
    """Find soft hyphens."""
    for match in _SOFT_HYPHEN.finditer(text):
        yield *match.span(), ""


def marks(text: str) -> Iterator[Replacement]:
    """Find letters with marks that are characters of their own; a letter that exists with its mark stays so."""
    for match in _MARKED.finditer(text):
        composed = unicodedata.normalize("NFC", match[0])[:1] if match[1] else ""
        yield *match.span(), composed


def other_forms(text: str) -> Iterator[Replacement]:
    """Find full-width and ornamental letters and digits, ligatures, and spaces of any width."""
    for match in _NOT_ASCII.finditer(text):
        if instead := _plain_form(match[0]):
            yield *match.span(), instead


def without_accents(text: str) -> str:
    """Return the text with each accented letter as its letter, in the same length."""
    if text.isascii():
        return text
    return _NOT_ASCII.sub(lambda match: _without_accent(match[0]), text)


@lru_cache(maxsize=4_096)  # characters: more than a text in any alphabet has
def _plain_form(char: str) -> str | None:
    form = unicodedata.decomposition(char).split(" ", 1)[0]
    if form not in _OTHER_FORMS:
        return None
    plain = unicodedata.normalize("NFKC", char)
    return plain if form in {"<wide>", "<narrow>"} or plain.isalnum() or plain == " " else None


@lru_cache(maxsize=4_096)
def _without_accent(char: str) -> str:
    base = unicodedata.normalize("NFD", char)[:1]
    return base if base.isascii() else char
