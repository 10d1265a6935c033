"""Phrases that show resistance by their wording alone, for behaviours that public data sets hardly cover."""

import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

from stream.contracts.vocabulary import ResistanceType
from stream.detection.screen import prefilter
from stream.detection.text import expressions, fold, whole_words

FILE = "phrases.toml"
# The strength of a phrase from 0 to 1, fixed before training: a strong phrase alone flags a neutral message at the
# operating point `gate` but not at `alone`, a weak phrase only decides borderline cases. In cross-validation the
# ranking was the same for every strong value from 0.3 to 0.8 and every weak one up to 0.3.
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

# Reports of what somebody else said, or of what the client told somebody else or used to think, are no resistance to
# this counsellor; "I told you" is.
_REPORTED = re.compile(
    r"(?<!\w)(?:i|we|he|she|they|every(?:one|body)|my \w+|the \w+)(?: \w+)? "
    r"(?:said|says|thinks?|thought|claim(?:s|ed)|used to|wants? me to|(?:told|tells|asked|asks)(?! (?:you|u)))(?!\w)"
    r"[^.!?\n]*$"
)
# Characters before a phrase in which a reporting verb is searched: about a sentence.
_LOOK_BACK = 120


class Phrase(NamedTuple):
    """A phrase found in a text: its behaviour, its strength and its span."""

    behaviour: ResistanceType
    strength: float
    start: int
    end: int


def find_phrases(text: str, previous_text: str | None = None) -> list[Phrase]:
    """Return the resisting phrases in a client's message, in no particular order.

    `previous_text` is the turn that the message answers.
    """
    folded = fold(text)
    found = _matches(folded, _may_match()(folded))
    if previous_text and _PERFUNCTORY.fullmatch(folded) and _asks_open_question(previous_text):
        found.append(Phrase(ResistanceType.MINIMUM_TALK, STRENGTH["weak"], 0, len(text)))
    return found


def _matches(folded: str, lists: Iterable[int]) -> list[Phrase]:
    patterns = _patterns()
    return [
        Phrase(behaviour, strength, match.start(), match.end())
        for behaviour, strength, pattern in (patterns[number] for number in lists)
        for match in pattern.finditer(folded)
        if not _REPORTED.search(folded, max(0, match.start() - _LOOK_BACK), match.start())
    ]


def phrase_file() -> bytes:
    """Return the bytes of the phrase list, for a version hash."""
    return resources.files(__package__).joinpath(FILE).read_bytes()


def _asks_open_question(turn: str) -> bool:
    """Whether the last question of a turn asks for more than yes or no."""
    before, mark, _ = fold(turn).rpartition("?")
    last = re.split(r"[.!?]", before if mark else turn)[-1]
    return _OPEN_QUESTION.search(last) is not None


@cache
def _expressions() -> tuple[tuple[ResistanceType, float, list[str]], ...]:
    table = tomllib.loads(phrase_file().decode())
    words = table.pop("words")
    return tuple(
        (ResistanceType(behaviour), STRENGTH[strength], expressions(patterns, words))
        for behaviour, by_strength in table.items()
        for strength, patterns in by_strength.items()
    )


@cache
def _may_match() -> Callable[[str], Sequence[int]]:
    return prefilter(found for *_, found in _expressions())


@cache
def _patterns() -> tuple[tuple[ResistanceType, float, re.Pattern[str]], ...]:
    return tuple((behaviour, strength, whole_words(found)) for behaviour, strength, found in _expressions())
