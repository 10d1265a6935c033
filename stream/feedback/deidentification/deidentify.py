"""Take out of a session's messages what names or points at a person, before a model sees them.

Each thing gets one placeholder for the whole session ([CLIENT_1], [NAME_2], [PHONE_2]), so that a model can still tell
people apart. Quotations are mapped back by place, placeholders in a model's own words by `Deidentifier.reveal`.
`names` says which disguises of told names are found, `recogniser` how names are found that nobody told. What neither
knows (a street, a place of work, most surnames nobody introduced) stays in: this is not anonymisation.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain, islice

from stream.contracts.sessions import KnownName
from stream.feedback.deidentification.identifiers import find_identifiers
from stream.feedback.deidentification.names import KnownNames, merge_overlapping
from stream.feedback.deidentification.normalise import normalise
from stream.feedback.deidentification.recogniser import RecognisedName, recognise
from stream.reading import Span, TracedText

# Code points; the bound of a known name. A link may be as long as a message, and a reason must stay one sentence.
_MAX_REVEALED = 200
# Names that are looked for in the whole session; further ones are replaced where they are recognised alone. A session
# has a handful: the bound keeps a hostile text from making the search long.
_MAX_RECOGNISED = 500
_PLACEHOLDER = re.compile(r"\[[A-Z]+_[0-9]{1,4}\]")


class Deidentifier:
    """The placeholders of one session. Give it the messages in order: numbers are handed out as things appear."""

    def __init__(
        self, names: Sequence[KnownName], messages: Iterable[str] = (), *, recognised: Iterable[str] = ()
    ) -> None:
        """`names` were told; in `messages`, all of the session, those that nobody told are recognised.

        `recognised` are names that were recognised before, for whoever has read the messages already.
        """
        # Each message is read here and again where it is applied; its reading is kept for as long as the session is.
        self._read = cache(_read)
        found = chain(recognised, (one.name for text in messages for one in self._read(text)[1] if one.sure))
        self._names = KnownNames(names, islice(dict.fromkeys(found), _MAX_RECOGNISED))
        self._labels: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {"NAME": self._names.recognised}
        self._originals: dict[str, str] = {}

    def apply(self, original: str) -> TracedText:
        """Return a message as a model sees it: normalised, with placeholders, and traced to the original."""
        normalised, recognised = self._read(original)
        found = self._find(normalised.text, recognised)
        replacements = [(start, end, f"[{label}]") for (start, end), label in found]
        for start, end, placeholder in replacements:
            if end - start <= _MAX_REVEALED:
                self._originals.setdefault(placeholder, normalised.text[start:end])
        return normalised.replace(replacements)

    def reveal(self, words: str) -> str:
        """A model's own words with each placeholder as it was first written in this session; others stay."""
        return _PLACEHOLDER.sub(lambda match: self._originals.get(match[0], match[0]), words)

    def _find(self, text: str, recognised: Iterable[RecognisedName]) -> list[tuple[Span, str]]:
        found = self._names.find(text)
        found += [(span, self._label(kind.value, text[slice(*span)])) for span, kind in find_identifiers(text)]
        named = [span for span, _ in found]
        # Ordinary words that are names where they stand: they are no names elsewhere, so each place is recognised.
        for one in recognised:
            if not any(one.span[0] < end and start < one.span[1] for start, end in named):
                found.append((one.span, self._label("NAME", one.name)))
        return merge_overlapping(found)

    def _label(self, kind: str, value: str) -> str:
        key = (kind, "".join(char for char in value.casefold() if char.isalnum()))
        if key not in self._labels:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._labels[key] = f"{kind}_{self._counts[kind]}"
        return self._labels[key]


def sure_names(original: str) -> tuple[str, ...]:
    """Return the names that are recognised in a message and may be replaced everywhere in its session."""
    return tuple(dict.fromkeys(one.name for one in _read(original)[1] if one.sure))


def _read(original: str) -> tuple[TracedText, list[RecognisedName]]:
    normalised = normalise(original)
    return normalised, recognise(normalised.text)
