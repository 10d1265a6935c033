"""Splitting of a text at the edges of its marks, so that a template can render each piece once, escaped, in order.

Marks are half-open spans in Unicode code points, as the records store them. They may overlap, nest and repeat. A mark
never cuts a character from what belongs to it (a combining accent, a skin tone, a joined emoji): there its edge moves
outward, on the page alone.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

_ZERO_WIDTH_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F3FF + 1)


@dataclass(frozen=True)
class Highlight:
    """A marked span of a text in code points (`start` included, `end` excluded), named by `ref`."""

    start: int
    end: int
    ref: str


@dataclass(frozen=True)
class TextPiece:
    """A run of text under the same marks: `refs` cover it, `ending` are those that end with it; both are sorted."""

    text: str = field(repr=False)
    refs: tuple[str, ...] = ()
    ending: tuple[str, ...] = ()


def split_at_highlights(text: str, marks: Iterable[Highlight]) -> tuple[TextPiece, ...]:
    """Split `text` into pieces that together are exactly `text`, ignoring marks that cover none of it."""
    fitted = [m for m in (_fitted(text, mark) for mark in marks) if m.start < m.end]
    edges = sorted({0, len(text), *(m.start for m in fitted), *(m.end for m in fitted)})
    return tuple(
        TextPiece(
            text=text[start:end],
            refs=_refs(m for m in fitted if m.start <= start and end <= m.end),
            ending=_refs(m for m in fitted if m.end == end),
        )
        for start, end in pairwise(edges)
    )


def _refs(marks: Iterable[Highlight]) -> tuple[str, ...]:
    return tuple(sorted({mark.ref for mark in marks}))


def _fitted(text: str, mark: Highlight) -> Highlight:
    start, end = max(0, mark.start), min(len(text), mark.end)
    if start >= end:
        return Highlight(0, 0, mark.ref)
    while start > 0 and not _is_boundary(text, start):
        start -= 1
    while end < len(text) and not _is_boundary(text, end):
        end += 1
    return Highlight(start, end, mark.ref)


def _is_boundary(text: str, at: int) -> bool:
    """Whether a reader sees a new character begin at index `at`, which lies inside the text."""
    before, after = text[at - 1], text[at]
    return not (
        _ZERO_WIDTH_JOINER in {before, after}
        or unicodedata.category(after).startswith("M")
        or ord(after) in _SKIN_TONES
    )
