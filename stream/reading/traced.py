"""A text that knows where in an original each of its code points comes from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Span = tuple[int, int]
"""Start and end in Unicode code points."""
Replacement = tuple[int, int, str]
"""Start and end of a span, and what stands there instead; nothing, where the span is dropped."""


@dataclass(frozen=True, slots=True)
class TracedText:
    """A text with the span of the original that each of its code points stands for."""

    text: str = field(repr=False)
    origins: Sequence[Span] = field(repr=False)

    @classmethod
    def untouched(cls, original: str) -> "TracedText":
        """Return the original itself, each code point of which stands for itself."""
        return cls(original, [(place, place + 1) for place in range(len(original))])

    def restore(self, start: int, end: int) -> Span:
        """Return the span of the original that a non-empty span of `text` stands for."""
        return self.origins[start][0], self.origins[end - 1][1]

    def replace(self, replacements: Iterable[Replacement]) -> "TracedText":
        """Replace spans that come in order, without overlap and not empty; a replacement stands for its whole span."""
        text: list[str] = []
        origins: list[Span] = []
        at = 0
        for start, end, instead in replacements:
            text += (self.text[at:start], instead)
            origins += self.origins[at:start]
            origins += [self.restore(start, end)] * len(instead)
            at = end
        text.append(self.text[at:])
        origins += self.origins[at:]
        return TracedText("".join(text), origins)
