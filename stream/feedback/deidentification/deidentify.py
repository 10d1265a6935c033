"""Take out of a session's messages what names or points at a person, before a model sees them.

Each thing gets one placeholder for the whole session ([CLIENT_1], [PHONE_2]), so that a model can still tell people
apart. Quotations are mapped back by place, placeholders in a model's own words by `Deidentifier.reveal`.
What no platform told us and no pattern knows (a friend's first name, a street) stays in: this is not anonymisation.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from stream.contracts.sessions import KnownName
from stream.feedback.deidentification.identifiers import find_identifiers
from stream.feedback.deidentification.names import KnownNames
from stream.feedback.deidentification.normalise import Span, Traced, normalise

# Code points; the bound of a known name. A link may be as long as a message, and a reason must stay one sentence.
_LONGEST_REVEALED = 200
_PLACEHOLDER = re.compile(r"\[[A-Z]+_[0-9]{1,4}\]")


@dataclass(frozen=True)
class Deidentified:
    """A message's text as a model sees it, and the way back."""

    text: str = field(repr=False)
    _traced: Traced = field(repr=False)

    def restore(self, span: Span) -> Span:
        """The span of the original message, in code points, that a non-empty span of `text` stands for."""
        return self._traced.restore(*span)


class Deidentifier:
    """The placeholders of one session. Give it the messages in order: numbers are handed out as things appear."""

    def __init__(self, names: Sequence[KnownName]) -> None:
        self._names = KnownNames(names)
        self._labels: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}
        self._originals: dict[str, str] = {}

    def apply(self, original: str) -> Deidentified:
        """Normalise and de-identify one message."""
        normal = normalise(original)
        found = [(span, label) for span, label in self._names.find(normal.text)]
        found += [
            (span, self._label(kind.value, normal.text[slice(*span)])) for span, kind in find_identifiers(normal.text)
        ]
        replacements = [(span, f"[{label}]") for span, label in _merged(found)]
        for span, placeholder in replacements:
            start, end = normal.restore(*span)
            if end - start <= _LONGEST_REVEALED:
                self._originals.setdefault(placeholder, original[start:end])
        traced = normal.replace(replacements)
        return Deidentified(traced.text, traced)

    def reveal(self, words: str) -> str:
        """A model's own words with each placeholder as it was first written in this session; others stay."""
        return _PLACEHOLDER.sub(lambda match: self._originals.get(match[0], match[0]), words)

    def _label(self, kind: str, value: str) -> str:
        key = (kind, "".join(char for char in value.casefold() if char.isalnum()))
        if key not in self._labels:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._labels[key] = f"{kind}_{self._counts[kind]}"
        return self._labels[key]


def _merged(found: list[tuple[Span, str]]) -> list[tuple[Span, str]]:
    """Overlapping spans as one, under the label of the longest (a name inside an address is that address)."""
    merged: list[tuple[Span, str, int]] = []
    for (start, end), label in sorted(found):
        if merged and start < merged[-1][0][1]:
            (first, last), other, longest = merged[-1]
            length = end - start
            merged[-1] = ((first, max(last, end)), label if length > longest else other, max(length, longest))
        else:
            merged.append(((start, end), label, end - start))
    return [(span, label) for span, label, _ in merged]
