"""Lists of risk language and critical content in client messages, which a person must read and no model may rate."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

from stream.contracts.vocabulary import Concern
from stream.detection.screen import prefilter
from stream.detection.text import expressions, fold, whole_words
from stream.reading import read_text
from stream.reading.characters import without_accents

FILE = "concerns.toml"
_TABLE = tomllib.loads(resources.files(__package__).joinpath(FILE).read_text(encoding="utf-8"))


class LexiconHit(NamedTuple):
    """The words of a concern that were found, with their span in Unicode code points of the given text."""

    category: Concern
    start: int
    end: int


def find_concerns(text: str) -> tuple[LexiconHit, ...]:
    """Return every hit in `text`, read as its words, sorted by position.

    A hit only sorts the session and keeps models from rating it; it is no statement about a person. A negation does not
    remove a hit: a person must read "I'm not suicidal".
    """
    reading = read_text(text)
    hits = [LexiconHit(hit.category, *reading.restore(hit.start, hit.end)) for hit in _hits(reading.text)]
    if reading.traced is not None:  # what a mark inside a word hides, as in "su*cide", may be in the text as it came
        hits += [hit for hit in _hits(text) if not any(_overlap(hit, other) for other in hits)]
    return tuple(sorted(hits, key=lambda hit: (hit.start, hit.end)))


def _hits(text: str) -> Sequence[LexiconHit]:
    folded = without_accents(fold(text))
    patterns = _patterns()
    return [
        LexiconHit(concern, match.start(), match.end())
        for concern, pattern in (patterns[number] for number in _may_match()(folded))
        for match in pattern.finditer(folded)
    ]


def _overlap(one: LexiconHit, other: LexiconHit) -> bool:
    return one.category is other.category and one.start < other.end and other.start < one.end


@cache
def _expressions() -> Mapping[Concern, list[str]]:
    return {concern: expressions(_TABLE[concern.value]["patterns"], _TABLE["words"]) for concern in Concern}


@cache
def _may_match() -> Callable[[str], Sequence[int]]:
    return prefilter(_expressions().values())


@cache
def _patterns() -> tuple[tuple[Concern, re.Pattern[str]], ...]:
    return tuple((concern, whole_words(found)) for concern, found in _expressions().items())
