"""The forms of a name: its parts, joined runs of them, initials, short forms, and the endings that languages add."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import permutations

from stream.feedback.deidentification.readings import SOFT_BREAK
from stream.feedback.deidentification.words import given_names, ordinary_words

MIN_LETTERS = 2
"""Letters and figures of a name that is replaced wherever it stands; a lone initial would replace every "I"."""
_MAX_PERMUTED = 4  # parts; somebody with more of them is found by each part and by those that follow each other
_MIN_SHORT_FORM = 3  # letters
# Titles, and what stands between the parts of a name: alone they are ordinary words of the language.
_NOT_NAMES = frozenset(
    {
        "am", "an", "and", "at", "da", "das", "de", "del", "den", "der", "di", "do", "dos", "dr", "du", "el",
        "for", "he", "in", "is", "it", "la", "las", "le", "los", "mc", "me", "miss", "mr", "mrs", "ms", "mx",
        "my", "no", "of", "on", "or", "prof", "sir", "so", "st", "ten", "the", "to", "van", "von", "we",
    }
)  # fmt: skip
_VOWELS = frozenset("aeiouy")
_FLEETING = frozenset("eo")


@dataclass(frozen=True)
class Form:
    """A way to write a name: parts that stand together or apart. A stem is a name only with an ending."""

    parts: tuple[str, ...]
    is_stem: bool = False


def split_words(reading: str) -> list[tuple[str, ...]]:
    """Return the words of a reading, each as its parts: one, or as many as the script has letters without spaces."""
    spaced = "".join(char if char.isalnum() or char == SOFT_BREAK else " " for char in reading)
    words = (tuple(part for part in word.split(SOFT_BREAK) if part) for word in spaced.split(" "))
    return [word for word in words if word]


def forms_of(words: list[tuple[str, ...]]) -> Iterator[Form]:
    """Yield the forms of a name that consists of these words, with repetitions."""
    yield Form(_join(words))
    names = [word for word in words if _may_stand_alone(word)]
    for word in names:
        yield Form(word)
        yield from _inside_unspaced(word)
    for first in range(len(words)):
        for last in range(first + 2, min(first + _MAX_PERMUTED, len(words)) + 1):
            if words[last - 1] in names:
                yield Form(_join(words[first:last]))
    if len(names) <= _MAX_PERMUTED:
        for count in range(2, len(names) + 1):
            yield from (Form(_join(list(order))) for order in permutations(names, count))
        for word, other in permutations(names, 2):
            yield Form((word[0][0] + "".join(other),))
            yield Form(("".join(other) + word[0][0],))
    for word in (words[-1], *names):
        if len(word) == 1:
            yield from (Form((stem,), is_stem=True) for stem in _stems(word[0]))
            yield from (Form((short,)) for short in _short_forms(word[0]))


def _join(words: list[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(part for word in words for part in word)


def _may_stand_alone(word: tuple[str, ...]) -> bool:
    name = "".join(word)
    return len(name) >= MIN_LETTERS and name not in _NOT_NAMES and not name.isdigit()


def _inside_unspaced(word: tuple[str, ...]) -> Iterator[Form]:
    """Yield what may be the first or the last name of a word such as a Chinese, Japanese or Korean full name."""
    for size in range(2, len(word)):
        yield Form(word[:size])
        yield Form(word[-size:])


def _stems(name: str) -> Iterator[str]:
    """Yield what stays before an ending: the name without its last vowels, or without one that comes and goes."""
    yield name
    if len(name) > MIN_LETTERS and name[-1] in _VOWELS:
        yield name[:-1]
        if len(name) > MIN_LETTERS + 1 and name[-2] in _VOWELS:
            yield name[:-2]
    if len(name) > MIN_LETTERS + 1 and name[-1] not in _VOWELS and name[-2] in _FLEETING and name[-3] not in _VOWELS:
        yield name[:-2] + name[-1]
    if len(name) > MIN_LETTERS + _MIN_SHORT_FORM - 1 and name[-1] == "s" and name[-2] in _VOWELS:  # Giorgos, Jonas
        yield name[:-2]


@cache
def _short_forms(name: str) -> tuple[str, ...]:
    """Return the beginnings of a given name that are given names themselves ("alex", "sam") and no ordinary words."""
    if name not in given_names():
        return ()
    beginnings = (name[:size] for size in range(_MIN_SHORT_FORM, len(name)))
    return tuple(short for short in beginnings if short in given_names() and short not in ordinary_words())
