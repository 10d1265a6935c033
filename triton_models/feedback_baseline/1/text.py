"""Messages as sentences and words, with every place counted in code points of the text as it was given."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

QUOTE_CODE_POINTS = 180
"""The longest quotation: two lines on a page."""

_APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u02b9\u00b4\uff07`", "'"))
# A run of end marks ends a sentence where white space follows: "3.5" and "e.g.this" go on.
_SENTENCE = re.compile(
    r"[^\n]+?(?:(?<![.?!\u2026])[.?!\u2026]++[\"'\u201d\u2019)]*+(?=\s|$)|$)",
    re.MULTILINE,
)
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
FUNCTION_WORDS = frozenset(
    (  # noqa: SIM905 - a list of 250 lines would be no easier to read
        "a about after again all also always am an and any anyway are aren't around as at back be because been "
        "before being better bit but by can can't cannot come could couldn't day did didn't do does doesn't doing "
        "don't done dunno even ever every feel feeling feels felt fine for from get gets getting give going gonna "
        "good got guess had hadn't has hasn't have haven't having hear her here hers him his hmm honestly how i "
        "i'd i'll i'm i've idk if in into is isn't it it'll it's its just keep kind know let let's like look lot "
        "made make makes making many may maybe me mean mhm might more most much must my myself nah need needs "
        "never nope not nothing now of off ok okay on one only or other our out over own people perhaps person put "
        "quite rather really right said same say saying says see seem seems she she's should shouldn't so some "
        "something sort sound sounds still such sure take talk talking tell than thank thanks that that's the "
        "their them then there there's these they they're thing things think this those though through time times "
        "to too try trying two until up us use used very want wants was wasn't way we we'll we're we've well went "
        "were what what's whatever when where which while who why will with without won't would wouldn't yeah yep "
        "yes yet you you'd you'll you're you've your yours yourself yup "
    ).split()
)
"""Words that any English text is full of, straight apostrophes and lower case."""


@dataclass(frozen=True)
class Sentence:
    """A sentence of a message. `folded` is as long as `raw`: a place in one is a place in the other."""

    number: int
    """The message it stands in, as the request numbers it."""
    raw: str = field(repr=False)
    folded: str = field(repr=False)


def fold(text: str) -> str:
    """Lower case and straight apostrophes, the same length as `text`."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a few letters, such as U+0130, grow when lowered
        lowered = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return lowered.translate(_APOSTROPHES)


def sentences(number: int, text: str) -> list[Sentence]:
    """The sentences of one message that hold a word, in order, without the space around them."""
    found = (match.group().strip() for match in _SENTENCE.finditer(text))
    return [Sentence(number, raw, fold(raw)) for raw in found if _WORD.search(raw)]


def words(folded: str) -> list[str]:
    """The words of a folded text, in order."""
    return _WORD.findall(folded)


def quotation(sentence: Sentence) -> str:
    """Return the sentence, or as many of its first whole words as a quotation may hold: always verbatim."""
    if len(sentence.raw) <= QUOTE_CODE_POINTS:
        return sentence.raw
    cut = sentence.raw.rfind(" ", 0, QUOTE_CODE_POINTS + 1)
    return sentence.raw[: cut if cut > 0 else QUOTE_CODE_POINTS].strip()


def readable(parts: Sequence[Sentence]) -> bool:
    """Return whether these sentences are something that a reader of English can read.

    They are if a quarter of the words of one of them are English function words. Fewer than six words may be
    "good point", unless they are in another script.
    """
    found = [words(sentence.folded) for sentence in parts]
    if any(sum(word in FUNCTION_WORDS for word in sentence) * 4 >= len(sentence) for sentence in found):
        return True
    return sum(map(len, found)) < 6 and any(sentence[0].isascii() for sentence in found)  # noqa: PLR2004
