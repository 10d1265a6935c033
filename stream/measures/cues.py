"""The wordings that measures count, from cues.toml, and the words that only acknowledge."""

import hashlib
import re
import tomllib
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Final

from stream.detection.text import expressions, fold, whole_words

FILE = "cues.toml"
_BYTES = resources.files(__package__).joinpath(FILE).read_bytes()
_TABLE = tomllib.loads(_BYTES.decode())
CUES_VERSION: Final = hashlib.sha256(_BYTES).hexdigest()[:8]
MAX_CODE_POINTS: Final = 2_000
"""How much of a turn is searched: twice what the reader reads, and a limit on the time for pasted text."""
_ACKNOWLEDGING: Final = frozenset(
    (  # noqa: SIM905 - a list of 40 lines would be no easier to read
        "ok okay yeah yes yep yup right mm mmm mhm hm hmm uh huh um oh ah i see sure good great wow alright all "
        "exactly absolutely no so and well wonderful really true fine"
    ).split()
)
_MAX_ACKNOWLEDGING_WORDS = 4
_WORD = re.compile(r"[^\W\d_]+")


class Cue(StrEnum):
    """A list of wordings."""

    OWN_FEELING = "own_feeling"
    ANGER = "anger"
    AGREEING = "agreeing"
    FIRST_PERSON = "first_person"
    CLAIMS_FEELING = "claims_feeling"
    CLAIMS_EXPERIENCE = "claims_experience"
    PERMISSION = "permission"
    ASKS_VIEW = "asks_view"
    CLAIMS_UNDERSTANDING = "claims_understanding"
    JOINT = "joint"
    PLEASANTRY = "pleasantry"
    CULTURE = "culture"


def count(cue: Cue, text: str) -> int:
    """Return how often a text has a wording of a list."""
    return sum(1 for _ in _pattern(cue).finditer(fold(text[:MAX_CODE_POINTS])))


def words(text: str) -> list[str]:
    """Return the words of a text in lower case; what an apostrophe or a hyphen joins counts as several."""
    return _WORD.findall(fold(text[:MAX_CODE_POINTS]))


def acknowledges(text: str) -> bool:
    """Return whether a text shows presence and no more, such as "mm-hmm, okay"."""
    found = words(text)
    return 0 < len(found) <= _MAX_ACKNOWLEDGING_WORDS and _ACKNOWLEDGING.issuperset(found)


@cache
def _pattern(cue: Cue) -> re.Pattern[str]:
    return whole_words(expressions(_TABLE[cue.value]["patterns"], _TABLE["words"]))
