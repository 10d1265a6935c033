"""Take out of a session's messages what names or points at a person, before a model sees them.

Each thing gets one placeholder for the whole session ([CLIENT_1], [PHONE_2]), so that a model can still tell people
apart. Quotations are mapped back by place, placeholders in a model's own words by `Deidentifier.reveal`.
What no platform told us and no pattern knows (a friend's first name, a street) stays in: this is not anonymisation.
"""

import re
from collections.abc import Sequence

from stream.contracts.sessions import KnownName
from stream.feedback.deidentification.identifiers import find_identifiers
from stream.feedback.deidentification.names import KnownNames
from stream.feedback.deidentification.normalise import Span, TracedText, normalise

# Code points; the bound of a known name. A link may be as long as a message, and a reason must stay one sentence.
_MAX_REVEALED = 200
_PLACEHOLDER = re.compile(r"\[[A-Z]+_[0-9]{1,4}\]")


class Deidentifier:
    """The placeholders of one session. Give it the messages in order: numbers are handed out as things appear."""

    def __init__(self, names: Sequence[KnownName]) -> None:
        self._names = KnownNames(names)
        self._labels: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}
        self._originals: dict[str, str] = {}

    def apply(self, original: str) -> TracedText:
        """Return a message as a model sees it: normalised, with placeholders, and traced to the original."""
        normalised = normalise(original)
        found = self._names.find(normalised.text)
        found += [
            (span, self._label(kind.value, normalised.text[slice(*span)]))
            for span, kind in find_identifiers(normalised.text)
        ]
        replacements = [(span, f"[{label}]") for span, label in _merge_overlapping(found)]
        for span, placeholder in replacements:
            start, end = normalised.restore(*span)
            if end - start <= _MAX_REVEALED:
                self._originals.setdefault(placeholder, original[start:end])
        return normalised.replace(replacements)

    def reveal(self, words: str) -> str:
        """A model's own words with each placeholder as it was first written in this session; others stay."""
        return _PLACEHOLDER.sub(lambda match: self._originals.get(match[0], match[0]), words)

    def _label(self, kind: str, value: str) -> str:
        key = (kind, "".join(char for char in value.casefold() if char.isalnum()))
        if key not in self._labels:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._labels[key] = f"{kind}_{self._counts[kind]}"
        return self._labels[key]


def _merge_overlapping(found: list[tuple[Span, str]]) -> list[tuple[Span, str]]:
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
