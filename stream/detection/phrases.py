"""Resistance that can be seen from its wording alone, where public labels teach a model nothing."""

import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

from stream.contracts.vocabulary import ResistanceType
from stream.detection.screen import screen
from stream.detection.text import expressions, fold, whole_words

FILE = "phrases.toml"
# What one phrase is worth in 0..1, fixed beforehand: a strong one lifts a neutral message over the gate but not
# over the precise point, a weak one only tips a balance. In cross-validation the ranking was the same for a
# strong phrase worth anything from 0.3 to 0.8 and a weak one up to 0.3.
STRENGTH = {"strong": 0.5, "weak": 0.2}

_OPEN_QUESTION = re.compile(
    r"(?<!\w)(?:how (?!many|much|old|long|often|far)\w+|what|why|tell me|describe|in what way|walk me)(?!\w)"
)
_PERFUNCTORY = re.compile(
    r"\W*(?:(?:i )?d(?:on'?t|o not) (?:really )?know|idk|dunno|no idea|not (?:really|much|a lot|sure)"
    r"|nothing(?: much)?|nope?|nah|ye(?:s|ah|p|a)|fine|ok(?:ay|k)?|k|sure|whatever|i guess(?: so)?"
    r"|i suppose(?: so)?|maybe|meh|same|good|all ?right|the usual|stuff|things|hm+|mm+|eh|so so|not bad|normal)"
    r"(?: (?:really|i guess|lol))?\W*"
)

# What somebody else said, or the client said to somebody else or once thought, is no resistance to this
# counsellor; "I told you" is.
_REPORTED = re.compile(
    r"(?<!\w)(?:i|we|he|she|they|every(?:one|body)|my \w+|the \w+)(?: \w+)? "
    r"(?:said|says|thinks?|thought|claim(?:s|ed)|used to|wants? me to|(?:told|tells|asked|asks)(?! (?:you|u)))(?!\w)"
    r"[^.!?\n]*$"
)
# How far before a phrase a reporting verb is looked for, in characters: a sentence.
_LOOK_BACK = 120


class Phrase(NamedTuple):
    """A turn of phrase found in a text, its strength, and where it stood."""

    behaviour: ResistanceType
    strength: float
    start: int
    end: int


def phrases(text: str, previous_text: str | None = None) -> list[Phrase]:
    """The resisting turns of phrase in a client's message, in no order; `previous_text` is what it answers."""
    folded = fold(text)
    found = _found(folded, _may_match()(folded))
    if previous_text and _PERFUNCTORY.fullmatch(folded) and _asks_openly(previous_text):
        found.append(Phrase(ResistanceType.MINIMUM_TALK, STRENGTH["weak"], 0, len(text)))
    return found


def _found(folded: str, lists: Iterable[int]) -> list[Phrase]:
    patterns = _patterns()
    return [
        Phrase(behaviour, strength, match.start(), match.end())
        for behaviour, strength, pattern in (patterns[number] for number in lists)
        for match in pattern.finditer(folded)
        if not _REPORTED.search(folded, max(0, match.start() - _LOOK_BACK), match.start())
    ]


def source() -> bytes:
    """The list as it stands on disk, for a version hash."""
    return resources.files(__package__).joinpath(FILE).read_bytes()


def _asks_openly(turn: str) -> bool:
    """Whether the last question of a turn asks for more than yes or no."""
    before, mark, _ = fold(turn).rpartition("?")
    last = re.split(r"[.!?]", before if mark else turn)[-1]
    return _OPEN_QUESTION.search(last) is not None


@cache
def _expressions() -> tuple[tuple[ResistanceType, float, list[str]], ...]:
    table = tomllib.loads(source().decode())
    words = table.pop("words")
    return tuple(
        (ResistanceType(behaviour), STRENGTH[strength], expressions(patterns, words))
        for behaviour, by_strength in table.items()
        for strength, patterns in by_strength.items()
    )


@cache
def _may_match() -> Callable[[str], Sequence[int]]:
    return screen(found for *_, found in _expressions())


@cache
def _patterns() -> tuple[tuple[ResistanceType, float, re.Pattern[str]], ...]:
    return tuple((behaviour, strength, whole_words(found)) for behaviour, strength, found in _expressions())
