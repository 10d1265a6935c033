"""Messages as sentences and words, with every place counted in code points of the text as it was given."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

QUOTE_CODE_POINTS = 180
"""The longest quotation: two lines on a page. A longer sentence is quoted around the words that matter."""

_APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u02b9\u00b4\uff07`", "'"))
# A run of end marks ends a sentence where white space follows: "3.5" and "e.g.this" go on.
_SENTENCE = re.compile(
    r"[^\n]+?(?:(?<![.?!\u2026])[.?!\u2026]++[\"'\u201d\u2019)]*+(?=\s|$)|$)",
    re.MULTILINE,
)
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
# One ending a word; enough to see "listening" in "listened", and plain enough to explain.
_ENDING = re.compile(r"(?<=\w{3})(?:'s|ings?|ed|es|s|ly|e)$")


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


def stems(folded: str, stopwords: frozenset[str]) -> list[str]:
    """What a text is about: its words without stopwords and endings, each once, in order."""
    found = (_ENDING.sub("", word) for word in words(folded) if len(word) > 2 and word not in stopwords)  # noqa: PLR2004
    return list(dict.fromkeys(found))


def quote(sentence: Sentence, start: int, end: int) -> str:
    """The sentence, or so much of it around `start:end` as a quotation may hold: always verbatim."""
    raw = sentence.raw
    if len(raw) <= QUOTE_CODE_POINTS:
        return raw
    end = min(end, start + QUOTE_CODE_POINTS)
    spare = QUOTE_CODE_POINTS - (end - start)
    left = max(0, min(start - spare // 2, len(raw) - QUOTE_CODE_POINTS))
    right = min(len(raw), left + QUOTE_CODE_POINTS)
    # Whole words only, where a space lets the quotation be cut.
    if left and (space := raw.find(" ", left - 1, start)) >= 0:
        left = space + 1
    if right < len(raw) and (space := raw.rfind(" ", end, right + 1)) >= 0:
        right = space
    return raw[left:right].strip()


def readable(parts: Sequence[Sentence], function_words: frozenset[str]) -> bool:
    """Whether these sentences are something that rules for English can read.

    They are if a quarter of the words of one of them are English function words. Fewer than six words may be
    "good point", unless they are in another script.
    """
    found = [words(sentence.folded) for sentence in parts]
    if any(sum(word in function_words for word in sentence) * 4 >= len(sentence) for sentence in found):
        return True
    return sum(map(len, found)) < 6 and any(sentence[0].isascii() for sentence in found)  # noqa: PLR2004
