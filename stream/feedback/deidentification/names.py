"""Find known names in chat text: any case, possessive, with or without accents, whole or in part.

Only names that the platform gave are known. A name that is also an ordinary word ("Will", "Hope", "May") is replaced
wherever it stands: a sentence that reads oddly harms nobody, a name that leaves does.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from stream.contracts.sessions import KnownName
from stream.contracts.vocabulary import Role
from stream.feedback.deidentification.normalise import Span, TracedText, normalise

# Titles, and what stands between the parts of a name: alone they are ordinary words of the language.
_NOT_NAMES = frozenset(
    {
        "am", "an", "and", "at", "da", "das", "de", "del", "den", "der", "di", "do", "dos", "dr", "du", "el",
        "for", "he", "in", "is", "it", "la", "las", "le", "los", "mc", "me", "miss", "mr", "mrs", "ms", "mx",
        "my", "no", "of", "on", "or", "prof", "sir", "so", "st", "ten", "the", "to", "van", "von", "we",
    }
)  # fmt: skip
_MIN_LENGTH = 2  # letters and digits; a lone initial would replace every "I"
_PART = re.compile(r"[^\W_]+")
_BETWEEN_PARTS = r"[\W_]{0,3}"  # "Mary Ann", "mary.ann", "Mary-Ann", "MaryAnn"
_WITHOUT_DECOMPOSITION = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i"}
)


class KnownNames:
    """The names of one session; each person has one label such as `CLIENT_1`."""

    def __init__(self, names: Sequence[KnownName]) -> None:
        self._labels: dict[str, str] = {}
        forms: set[tuple[str, ...]] = set()
        for label, parts in _label_names(names):
            for form in (parts, *((part,) for part in parts if _may_stand_alone(part))):
                forms.add(form)
                self._labels.setdefault("".join(form), label)
        # Longest first, so that "mary ann" is one name and not a "mary" with an "ann" after it.
        ordered = sorted(forms, key=lambda form: (-len("".join(form)), form))
        any_form = "|".join(_BETWEEN_PARTS.join(map(re.escape, form)) for form in ordered)
        # No letters around it, except the s of a possessive that has lost its apostrophe ("marys house").
        self._pattern = re.compile(rf"(?<![^\W\d_])(?:{any_form})(?=s?(?![^\W\d_]))") if forms else None

    def find(self, text: str) -> list[tuple[Span, str]]:
        """Find the spans of `text` that are known names, with the person's label, in order and without overlap."""
        if self._pattern is None:
            return []
        folded = _fold(text)
        return [
            (folded.restore(*match.span()), self._labels["".join(_PART.findall(match[0]))])
            for match in self._pattern.finditer(folded.text)
        ]


def _label_names(names: Sequence[KnownName]) -> list[tuple[str, tuple[str, ...]]]:
    """Return the parts of each name with its label. "Maria" and "Maria Lopez" of one role are the same person."""
    people: list[tuple[Role, str, set[str]]] = []
    counts: Counter[Role] = Counter()
    labelled: list[tuple[str, tuple[str, ...]]] = []
    for known in names:
        parts = tuple(_PART.findall(_fold(normalise(known.name).text).text))
        if len("".join(parts)) < _MIN_LENGTH:
            continue
        own = set(parts)
        same = [label for role, label, others in people if role == known.role and (own <= others or others <= own)]
        if not same:
            counts[known.role] += 1
        label = same[0] if same else f"{known.role.upper()}_{counts[known.role]}"
        people.append((known.role, label, own))
        labelled.append((label, parts))
    return labelled


def _may_stand_alone(part: str) -> bool:
    return len(part) >= _MIN_LENGTH and part not in _NOT_NAMES and not part.isdigit()


def _fold(text: str) -> TracedText:
    """Fold text to lower case without accents, traced to `text`; an accent belongs to the letter before it."""
    letters: list[str] = []
    origins: list[Span] = []
    for index, char in enumerate(text):
        base = [c for c in unicodedata.normalize("NFKD", char).casefold() if not unicodedata.combining(c)]
        if not base and origins:
            origins[-1] = (origins[-1][0], index + 1)
        for letter in "".join(base).translate(_WITHOUT_DECOMPOSITION):
            letters.append(letter)
            origins.append((index, index + 1))
    return TracedText("".join(letters), tuple(origins))
