"""The one reading of a chat text: its words as a person sees them, with every place traced back to the original.

The detector, the lexicons and the feedback model read this copy; what is stored and shown is the text as it came.
A text that needs no reading, as nearly all do, is its own reading.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from stream.reading import characters, encodings, markup
from stream.reading.traced import Replacement, Span, TracedText

# What any of the steps below might change; a text without it is done with after one search. Beyond ASCII the common
# punctuation and emoji are left out, which no step changes alone.
_MAY_CHANGE = re.compile(
    "[^\t\n\r -~\u2013\u2014\u2018\u2019\u201c\u201d\u2026\U0001f300-\U0001faff]"
    r"|&[#A-Za-z]|<[!/A-Za-z]|[*_`]|~~|\|\||\\[!-/:-@\[-`{-~]|\]\(|^[ \t]*>[ \t>]",
    re.MULTILINE,
)
# Rounds in which something changed: more than nested encodings have, and a bound for hostile text.
_MAX_ROUNDS = 24


READING_VERSION = "1"
"""The version of the reading. Change it with every change of what is read."""


class Damage(StrEnum):
    """A kind of damage: how a text differs from the plain text that a platform should send."""

    ENTITIES = "entities"
    """Entities of HTML, as `&nbsp;`."""
    MOJIBAKE = "mojibake"
    """UTF-8 that was read as another encoding."""
    CONTROLS = "controls"
    """Bytes of Windows-1252 that became control characters."""
    LOST = "lost"
    """Replacement characters: letters were lost before the text came."""
    TAGS = "tags"
    """Tags of HTML."""
    MARKDOWN = "markdown"
    """Links, escapes and emphasis of Markdown."""


_STEPS: tuple[tuple[Callable[[str], Iterable[Replacement]], Damage | None], ...] = (
    # In this order: a step needs what the ones before it have put right, and after any change all begin again.
    (encodings.entities, Damage.ENTITIES),
    (encodings.mojibake, Damage.MOJIBAKE),
    (characters.zero_width, None),
    (encodings.c1_controls, Damage.CONTROLS),
    (characters.soft_hyphens, None),
    (characters.marks, None),
    (characters.other_forms, None),
    (encodings.lost_apostrophes, None),
    (markup.tags, Damage.TAGS),
    (markup.links, Damage.MARKDOWN),
    (markup.escapes, Damage.MARKDOWN),
    (markup.emphasis, Damage.MARKDOWN),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """The reading of a text."""

    text: str = field(repr=False)
    damage: frozenset[Damage] = frozenset()
    traced: TracedText | None = field(default=None, repr=False)
    """None where the text is its own reading."""

    def restore(self, start: int, end: int) -> Span:
        """Return the span of the original that a non-empty span of `text` stands for."""
        return (start, end) if self.traced is None else self.traced.restore(start, end)

    def trace(self) -> TracedText:
        """Return the reading with the origin of each of its code points."""
        return TracedText.untouched(self.text) if self.traced is None else self.traced


def read_text(original: str) -> Reading:
    """Return the reading of a text; no text raises."""
    if not _MAY_CHANGE.search(original):
        return Reading(original)
    reading = Reading(original, frozenset({Damage.LOST} if "\ufffd" in original else ()))
    for _ in range(_MAX_ROUNDS):
        changed = _first_change(reading)
        if changed is None:
            break
        reading = changed
    return reading


def _first_change(reading: Reading) -> Reading | None:
    """Return the reading after the first step that changes it; None where none does."""
    for step, kind in _STEPS:
        if replacements := list(step(reading.text)):
            traced = reading.trace().replace(replacements)
            return Reading(traced.text, reading.damage | ({kind} if kind else set()), traced)
    return None
