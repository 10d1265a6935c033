"""Text as a model may see it: without invisible characters or a template's reserved tokens, each mapped back exactly.

Chat text is hostile input. Invisible characters hide instructions from the person who reads the chat; reserved tokens
pretend to be the prompt's own. Nothing of the visible words is lost.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

# Format (zero width, bidi, tags), control, private use, unassigned, surrogates.
_INVISIBLE = frozenset({"Cf", "Cc", "Co", "Cn", "Cs"})
# Variation selectors and joiners' fillers are marks or letters by category, but show nothing.
_ALSO_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {
    chr(point) for start, end in ((0xFE00, 0xFE10), (0xE0100, 0xE01F0)) for point in range(start, end)
}
# Llama's reserved tokens stand between these; a space inside makes them plain words to the tokeniser.
_OPENING, _CLOSING = "<|", "|>"

Span = tuple[int, int]
"""Start and end in Unicode code points."""


@dataclass(frozen=True)
class TracedText:
    """A text that knows where each of its code points came from in an original."""

    text: str = field(repr=False)
    origins: tuple[Span, ...] = field(repr=False)
    """For each code point of `text` the span of the original it stands for; empty for what was put in between."""

    def restore(self, start: int, end: int) -> Span:
        """Return the span of the original that a non-empty span of `text` stands for."""
        spans = self.origins[start:end]
        return spans[0][0], spans[-1][1]

    def replace(self, replacements: list[tuple[Span, str]]) -> "TracedText":
        """Replace spans of `text`, given in order and without overlap; each replacement stands for its whole span."""
        text: list[str] = []
        origins: list[Span] = []
        at = 0
        for (start, end), word in replacements:
            text += (self.text[at:start], word)
            origins += self.origins[at:start]
            origins += [self.restore(start, end)] * len(word)
            at = end
        text.append(self.text[at:])
        origins += self.origins[at:]
        return TracedText("".join(text), tuple(origins))


def normalise(original: str) -> TracedText:
    """Fold compatibility forms (NFKC, a character at a time), drop what is invisible, break reserved tokens."""
    pairs = list(_visible_characters(original))
    return _without_reserved_tokens(TracedText("".join(char for char, _ in pairs), tuple(span for _, span in pairs)))


def _visible_characters(original: str) -> Iterator[tuple[str, Span]]:
    for index, char in enumerate(original):
        span = (index, index + 1)
        if char.isspace():
            yield " ", span  # one line a message: a line break could pretend to begin the next one
            continue
        for folded in unicodedata.normalize("NFKC", char):
            if folded.isspace():
                yield " ", span
            elif unicodedata.category(folded) not in _INVISIBLE and folded not in _ALSO_INVISIBLE:
                yield folded, span


def _without_reserved_tokens(traced: TracedText) -> TracedText:
    text: list[str] = []
    origins: list[Span] = []
    for index, char in enumerate(traced.text):
        text.append(char)
        origins.append(traced.origins[index])
        if traced.text[index : index + 2] in {_OPENING, _CLOSING}:
            text.append(" ")
            origins.append((traced.origins[index][1],) * 2)
    return TracedText("".join(text), tuple(origins))
