"""Risk language and critical content in a client's words: what a person must look at and no model may rate."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

from stream.contracts.vocabulary import Concern
from stream.detection.screen import screen
from stream.detection.text import expressions, fold, whole_words

FILE = "concerns.toml"
_TABLE = tomllib.loads(resources.files(__package__).joinpath(FILE).read_text(encoding="utf-8"))
LEXICON_VERSION: str = _TABLE["version"]
"""The version of the lists; it changes with every change of them."""


class LexiconHit(NamedTuple):
    """Words of a concern and where they stand, in Unicode code points of the text given."""

    category: Concern
    start: int
    end: int


def marks(text: str) -> tuple[LexiconHit, ...]:
    """Every hit in `text`, by place. A hit sorts and withholds; it says nothing about a person.

    A negation does not take a hit away: "I'm not suicidal" is for a person to read.
    """
    folded = fold(text)
    patterns = _patterns()
    hits = [
        LexiconHit(concern, match.start(), match.end())
        for concern, pattern in (patterns[number] for number in _may_match()(folded))
        for match in pattern.finditer(folded)
    ]
    return tuple(sorted(hits, key=lambda hit: (hit.start, hit.end)))


@cache
def _expressions() -> Mapping[Concern, list[str]]:
    return {concern: expressions(_TABLE[concern.value]["patterns"], _TABLE["words"]) for concern in Concern}


@cache
def _may_match() -> Callable[[str], Sequence[int]]:
    return screen(_expressions().values())


@cache
def _patterns() -> tuple[tuple[Concern, re.Pattern[str]], ...]:
    return tuple((concern, whole_words(found)) for concern, found in _expressions().items())
