"""Text as a model may see it: without invisible characters or a template's reserved tokens, each mapped back exactly.

Chat text is hostile input. Invisible characters hide instructions from the person who reads the chat; reserved tokens
pretend to be the prompt's own. Nothing of the visible words is lost.
"""

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from stream.reading import Span, TracedText, read_text

# Format (zero width, bidi, tags), control, private use, unassigned, surrogates.
_INVISIBLE = frozenset({"Cf", "Cc", "Co", "Cn", "Cs"})
# Variation selectors and joiners' fillers are marks or letters by category, but show nothing.
_ALSO_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {
    chr(point) for start, end in ((0xFE00, 0xFE10), (0xE0100, 0xE01F0)) for point in range(start, end)
}
# Llama's reserved tokens stand between these; a space inside makes them plain words to the tokeniser.
_OPENING, _CLOSING = "<|", "|>"


def is_invisible(char: str) -> bool:
    """Whether a character shows nothing; white space does show."""
    return unicodedata.category(char) in _INVISIBLE or char in _ALSO_INVISIBLE


def clusters(text: str) -> Iterator[tuple[str, Span]]:
    """Yield each letter with the marks that are combined with it, and its span."""
    start = 0
    for index in range(1, len(text) + 1 if text else 0):
        if index == len(text) or not unicodedata.combining(text[index]):
            yield text[start:index], (start, index)
            start = index


def normalise(original: str) -> TracedText:
    """Read a text as its words, fold compatibility forms, drop what is invisible, break reserved tokens."""
    pairs = list(_visible_characters(read_text(original).trace()))
    return _without_reserved_tokens(TracedText("".join(char for char, _ in pairs), [span for _, span in pairs]))


def _visible_characters(words: TracedText) -> Iterator[tuple[str, Span]]:
    for char, span in zip(words.text, words.origins, strict=True):
        for shown in _shown_as(char):
            yield shown, span


@lru_cache(maxsize=4_096)  # characters: more than a text in any alphabet has
def _shown_as(char: str) -> str:
    if char.isspace():
        return " "  # one line a message: a line break could pretend to begin the next one
    folded = (" " if each.isspace() else each for each in unicodedata.normalize("NFKC", char))
    return "".join(each for each in folded if not is_invisible(each))


def _without_reserved_tokens(traced: TracedText) -> TracedText:
    if _OPENING not in traced.text and _CLOSING not in traced.text:
        return traced
    text: list[str] = []
    origins: list[Span] = []
    for index, char in enumerate(traced.text):
        text.append(char)
        origins.append(traced.origins[index])
        if traced.text[index : index + 2] in {_OPENING, _CLOSING}:
            text.append(" ")
            origins.append((traced.origins[index][1],) * 2)
    return TracedText("".join(text), origins)
