"""Recognise names that nobody told: by what people write around a name, and by a list of given names.

Deterministic rules, English first, with introductions of some other languages. What they find and miss on lines of
our own is printed by `python -m training.names`. A given name that is also a word ("Will", "Grace") needs words around
it or a capital; surnames and names that no list knows need such words.
"""

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from stream.feedback.deidentification.normalise import clusters
from stream.feedback.deidentification.readings import is_foreign, readings
from stream.feedback.deidentification.words import given_names, ordinary_words, phrases, proper_words
from stream.reading import Span, TracedText


class _Trust(IntEnum):
    """How surely a name follows some words."""

    NAME = 4
    """"my name is": anything but a very common word."""
    LIKELY = 3
    """"call me", "named": what is no ordinary word, or any word with a capital."""
    PERSON = 2
    """"my sister", "said": with a capital a given name, were it a month or a nation, and what is no ordinary word."""
    POSSIBLE = 1
    """"I'm", "with": with a capital a given name, and inside a sentence what is no ordinary word."""


_WORD = r"[^\W\d_]+(?:[’'`-][^\W\d_]+)*"
_NEVER_AFTER_NAME_IS = frozenset(
    {
        "a",
        "an",
        "his",
        "her",
        "in",
        "it",
        "my",
        "not",
        "on",
        "really",
        "so",
        "that",
        "the",
        "this",
        "too",
        "what",
        "your",
    }
)


@dataclass(frozen=True)
class RecognisedName:
    """A name in a text. Where it is `sure`, it is no ordinary word, so that it may be replaced everywhere."""

    span: Span
    name: str
    sure: bool


@dataclass(frozen=True)
class _Word:
    text: str
    span: Span
    folded: str
    begins_sentence: bool
    whole_text_in_capitals: bool

    @property
    def has_capital(self) -> bool:
        return self.text[:1].isupper() and not (self.whole_text_in_capitals or self.is_acronym)

    @property
    def is_acronym(self) -> bool:
        return len(self.text) > 1 and self.text.isupper() and not self.is_given_name

    @property
    def is_ordinary(self) -> bool:
        return self.folded in ordinary_words() or self.is_proper_word

    @property
    def is_proper_word(self) -> bool:
        return self.folded in proper_words()

    @property
    def may_be_name(self) -> bool:
        """Whether it is a name after some words; no words make one of an ordinary word in small letters."""
        return not self.is_ordinary or self.has_capital or self.is_given_name

    @property
    def is_given_name(self) -> bool:
        parts = [_fold(part) for part in self.text.split("-")]
        return self.folded in given_names() or all(part in given_names() for part in parts)


def recognise(text: str) -> list[RecognisedName]:
    """Find names in a normalised text, in order and without overlap."""
    composed = _compose(text)
    words = list(_words(composed.text))
    found: dict[int, int] = {}  # the index of a name's first word, and how many words it has
    free = 0
    for index, word in enumerate(words):
        if index < free or not word.may_be_name:
            continue  # the words around it are not looked at: that costs ten times as much as all else
        start, end = word.span
        trust = _trust(composed.text[max(0, start - _CONTEXT) : start], composed.text[end : end + _CONTEXT])
        if _is_name(word, trust, words[index - 1] if index else None):
            found[index] = 1 + _surnames(composed.text, words[index : index + 3])
            free = index + found[index]
    names = [
        RecognisedName(
            composed.restore(words[first].span[0], words[first + count - 1].span[1]),
            composed.text[words[first].span[0] : words[first + count - 1].span[1]],
            sure=not any(word.is_ordinary for word in words[first : first + count]),
        )
        for first, count in found.items()
    ]
    return sorted([*names, *_of_unspaced_scripts(text)], key=lambda one: one.span)


def _compose(text: str) -> TracedText:
    pairs = [(char, span) for cluster, span in clusters(text) for char in unicodedata.normalize("NFC", cluster)]
    return TracedText("".join(char for char, _ in pairs), [span for _, span in pairs])


def _words(text: str) -> Iterator[_Word]:
    in_capitals = text.isupper()
    for match in re.finditer(_WORD, text):
        written = re.sub(r"[’'`][sS]?$", "", match[0])
        span = (match.start(), match.start() + len(written))
        begins = _begins_sentence.search(text[max(0, span[0] - 4) : span[0]]) is not None
        yield _Word(written, span, _fold(written), begins, in_capitals)


def _fold(word: str) -> str:
    read = word.lower() if word.isascii() else readings(word, lookalike=False)[0].text
    return "".join(filter(str.isalpha, read))


def _pattern(*phrases: str, end: str = r"\W{1,3}$") -> Callable[[str], bool]:
    compiled = re.compile(rf"(?:^|(?<![^\W_]))(?:{'|'.join(phrases)}){end}", re.IGNORECASE)
    return lambda before: compiled.search(before) is not None


_CONTEXT = 60  # code points on each side of a word; the longest phrase is shorter
_kin = "|".join(phrases("kin"))
_is_after_name_is = _pattern(*phrases("name_is"))
_is_after_named = _pattern(*phrases("named"))
_is_of_a_person = _pattern(*(p.replace("KIN", f"(?:{_kin})") for p in phrases("of_a_person")), end=r"[\s,]{0,2}$")
_is_beside = _pattern(*phrases("beside_a_name"), end=r"[\s,.!]{0,2}$")
_is_signed = re.compile(rf"(?:{'|'.join(phrases('signed'))})$", re.IGNORECASE)
_begins_sentence = re.compile(r"(?:^|[.!?…:;\"“(] *|  )$")
_ends_text = re.compile(r"[\s.!x♥❤:)(]*$", re.IGNORECASE)
_has_said = re.compile(rf"(?:[’'`]s)? (?:{'|'.join(phrases('said'))})\b", re.IGNORECASE)
_has_done = re.compile(rf"(?:[’'`]s)? (?:{'|'.join(phrases('did'))})\b", re.IGNORECASE)
_is_after_initial = re.compile(r"(?:^|[^\w])(?!I)[A-Z]\.? $")


def _trust(before: str, after: str) -> _Trust | None:
    if _is_after_name_is(before):
        return _Trust.NAME
    if _is_after_named(before):
        return _Trust.LIKELY
    signed = _is_signed.search(before) and _ends_text.fullmatch(after)
    if signed or _is_of_a_person(before) or _has_said.match(after) or _is_after_initial.search(before):
        return _Trust.PERSON
    return _Trust.POSSIBLE if _is_beside(before) or _has_done.match(after) else None


def _is_name(word: _Word, trust: _Trust | None, before: _Word | None) -> bool:
    if len(word.folded) < 2 or (before is not None and before.folded == "i"):  # noqa: PLR2004 - an initial is no name
        return False
    if trust is _Trust.NAME:
        return word.folded not in _NEVER_AFTER_NAME_IS and (
            not word.is_ordinary or word.is_given_name or word.has_capital
        )
    if word.is_ordinary:
        # A word that is a name as well, or a surname that is a word, needs its capital.
        least = _Trust.PERSON if word.is_proper_word else _Trust.POSSIBLE
        spoken_of = (trust or 0) >= least or not (word.is_proper_word or word.begins_sentence)
        return word.has_capital and (trust is _Trust.LIKELY or (word.is_given_name and spoken_of))
    if word.is_given_name:
        return word.has_capital or word.whole_text_in_capitals or not is_foreign(word.text[0]) or trust is not None
    if trust is _Trust.LIKELY:
        return not word.is_acronym
    return word.has_capital and (trust is _Trust.PERSON or (trust is _Trust.POSSIBLE and not word.begins_sentence))


def _surnames(text: str, words: list[_Word]) -> int:
    """Return how many words after a name belong to it: words with a capital after a space alone, and initials."""
    count = 0
    for previous, word in itertools.pairwise(words):
        between = text[previous.span[1] : word.span[0]]
        initial = len(word.text) == 1 and word.text.isupper() and word.folded != "i"
        named = word.has_capital and words[0].has_capital and not word.is_proper_word
        if between not in {" ", ". "} or (between == ". " and len(previous.text) > 1) or not (named or initial):
            break
        count += 1
    return count


_HAN = r"[\u4e00-\u9fff]"
_UNSPACED_INTRODUCTIONS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:我|他|她)(?:的名字)?叫(?:做)?(?P<name>{_HAN}{{2,3}}?)(?=$|[^\u4e00-\u9fff]|今年|是|来自|，|很)",
        rf"(?:我|他|她)叫(?P<name>{_HAN}{{2}})",
        rf"名前は(?P<name>{_HAN}{{1,4}}|[\u30a0-\u30ff]{{2,8}}|[\u3040-\u309f]{{2,6}}?)(?:です|と)",
        rf"(?:^|私は|、)(?P<name>{_HAN}{{2,4}}|[\u30a0-\u30ff]{{2,8}})と(?:申します|言います|いいます)",
        r"(?:제|내) ?이름은 ?(?P<name>[\uac00-\ud7a3]{2,4}?)(?:입니다|이에요|예요|이야|야)",
    )
)


def _of_unspaced_scripts(text: str) -> Iterator[RecognisedName]:
    last = 0
    for pattern in _UNSPACED_INTRODUCTIONS:
        for match in pattern.finditer(text):
            if match.start() >= last:
                last = match.end()
                yield RecognisedName(match.span("name"), match["name"], sure=True)
