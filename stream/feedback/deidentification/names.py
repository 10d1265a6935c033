"""Find the names of a session in chat text, however they are written.

Covered, for each name and each of its parts: any case, accents left out, added or spelt (Mueller), other alphabets
letter for letter, letters and figures that look alike, letters drawn out, spelt out or cut by a sign; parts joined in
any order, with an initial, or as a short form that is a given name itself; possessives, the common endings of European
languages; scripts without spaces. One disguise at a time is what the tests promise. Not covered: other spellings and
other names of the same person (Bill for William), what a misspelling leaves, a reading of Japanese that is not the
Chinese one, endings that change the letters before them, a single letter or one sign of a script without spaces.

A name that is also an ordinary word ("Will", "Hope", "May") is replaced wherever it stands: a sentence that reads oddly
harms nobody, a name that leaves does. Only what a name is drawn out or inflected to may be an ordinary word instead.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from stream.contracts.sessions import KnownName
from stream.contracts.vocabulary import Role
from stream.feedback.deidentification.forms import MIN_LETTERS, Form, forms_of, split_words
from stream.feedback.deidentification.normalise import normalise
from stream.feedback.deidentification.readings import SOFT_BREAK, coarse, is_foreign, least_unspaced, readings
from stream.feedback.deidentification.words import endings, ordinary_words
from stream.reading import Span, TracedText

_MAX_GAP = 3  # signs between the parts of a name: "Mary Ann", "mary.ann", "Mary-Ann", "Mary - Ann"
_CUTTING = frozenset("-_.*'\u2019|~+=/\u00b7")  # one of these may stand inside a part: "na-dia"
_CUT = -1
_LEAST_SPELT_OUT = 3  # letters of a name inside a run of single letters
_ENDING = re.compile(rf"[^\W\d_]{{0,{max(map(len, endings())) + 1}}}")


@dataclass(slots=True)
class _Node:
    """A place in the tree of all forms: the letters that may follow in the same part, and in a next one."""

    letter: str = ""
    form: str = ""
    within: "dict[str, _Node]" = field(default_factory=dict)
    joined: "dict[str, _Node]" = field(default_factory=dict)
    label: str | None = None
    stem_label: str | None = None


class KnownNames:
    """The names of one session; each person has one label such as `CLIENT_1`."""

    def __init__(self, names: Sequence[KnownName], recognised: Iterable[str] = ()) -> None:
        """Label told names by role, and those that were `recognised` in the text as `NAME_1` and so on."""
        self._plain, self._coarse = _Node(), _Node()
        self._foreign: set[str] = set()
        self._add(_label_names([(name.role, name.name) for name in names]))
        new = _label_names([(None, name) for name in recognised if not self._is_told(name)])
        self.recognised = len({label for label, _ in new})
        """The number of people with a label that begins with NAME."""
        self._add(new)

    def _add(self, labelled: list[tuple[str, str]]) -> None:
        for label, name in labelled:
            if any(map(is_foreign, name)):
                self._foreign.add(label)
            for reading in readings(name, lookalike=False):
                _add(self._plain, label, reading.text)
                _add(self._coarse, label, coarse(reading).text)

    def _is_told(self, name: str) -> bool:
        return any(span == (0, len(name)) for span, _ in self.find(name))

    def find(self, text: str) -> list[tuple[Span, str]]:
        """Find the spans of a normalised text that are names, with the person's label, in order and without overlap."""
        if not self._plain.within:
            return []
        found: list[tuple[Span, str]] = []
        foreign = any(map(is_foreign, text))
        for reading in readings(text):
            found += _Search(text, reading, self._plain).all()
            if foreign or self._foreign:
                found += [
                    (span, label)
                    for span, label in _Search(text, coarse(reading), self._coarse).all()
                    if label in self._foreign or any(map(is_foreign, text[slice(*span)]))
                ]
        return merge_overlapping(found)


@dataclass(frozen=True)
class _Search:
    """The search for the forms of a tree in one reading of a text."""

    original: str
    reading: TracedText
    root: _Node

    def all(self) -> Iterator[tuple[Span, str]]:
        """Yield the names from left to right, at each place the longest."""
        text = self.reading.text
        at = 0
        while at < len(text):
            found = self._longest(at) if self._begins_word(at) else None
            if found is None:
                at += 1
            else:
                end, label = found
                yield self.reading.restore(at, end), label
                at = end

    def _begins_word(self, at: int) -> bool:
        text = self.reading.text
        return text[at].isalnum() and (at == 0 or not (text[at - 1].isalpha() and text[at].isalpha()))

    def _longest(self, start: int) -> tuple[int, str] | None:
        text = self.reading.text
        ends: list[tuple[_Node, int]] = []
        states: list[tuple[_Node, int]] = [(self.root, 0)]
        for at in range(start, len(text)):
            char = text[at]
            if char == SOFT_BREAK:
                continue
            if not char.isalnum():
                states = _over_sign(states, char)
            else:
                states = _over_letter(states, char)
                ends += [(node, at + 1) for node, _ in states if node.label or node.stem_label]
            if not states:
                break
        found = (self._end(node, start, end) for node, end in ends)
        return max((one for one in found if one is not None), default=None, key=itemgetter(0))

    def _end(self, node: _Node, start: int, end: int) -> tuple[int, str] | None:
        """Return where a name ends that reaches to here, with its ending; None if it is another word."""
        rest = _ENDING.match(self.reading.text, end)
        ending = rest[0] if rest else ""
        label = node.label
        if label is None or ending not in {"", "s"}:
            label = node.label or node.stem_label
            if label is None or ending not in endings():
                return None
            end += len(ending)
        span = self.reading.restore(start, end)
        original = self.original[slice(*span)]
        word = "".join(filter(str.isalnum, self.reading.text[start:end]))
        if word != node.form and word in ordinary_words() and not any(map(is_foreign, original)):
            return None
        return (end, label) if self._stands_alone(start, end, span) else None

    def _stands_alone(self, start: int, end: int, span: Span) -> bool:
        """Whether the name is no part of a longer word; in scripts without spaces, whether it is long enough."""
        text = self.reading.text
        before = text[:start].rstrip(SOFT_BREAK)[-1:] if start and text[start - 1] == SOFT_BREAK else ""
        after = (
            next((c for c in text[end : end + 4] if c != SOFT_BREAK), "") if text[end : end + 1] == SOFT_BREAK else ""
        )
        if not (before.isalpha() or after.isalpha()):
            return True
        letters = [char for char in self.original[slice(*span)] if char.isalnum()]
        least = max((least_unspaced(char) for char in letters), default=0) or _LEAST_SPELT_OUT
        return len(letters) >= least


def _over_sign(states: list[tuple[_Node, int]], char: str) -> list[tuple[_Node, int]]:
    after = [(node, gap + 1) for node, gap in states if node.joined and 0 <= gap < _MAX_GAP]
    return after + [(node, _CUT) for node, gap in states if gap == 0 and char in _CUTTING]


def _over_letter(states: list[tuple[_Node, int]], char: str) -> list[tuple[_Node, int]]:
    after: dict[int, _Node] = {}
    for node, gap in states:
        if gap <= 0 and (within := node.within.get(char)):
            after[id(within)] = within
        if joined := node.joined.get(char):
            after[id(joined)] = joined
        if gap == 0 and char == node.letter:
            after[id(node)] = node  # a letter that is drawn out
    return [(node, 0) for node in after.values()]


def _add(root: _Node, label: str, name: str) -> None:
    words = split_words(name)
    if sum(len(part) for word in words for part in word) < MIN_LETTERS:
        return
    for form in forms_of(words):
        _insert(root, label, form)


def _insert(root: _Node, label: str, form: Form) -> None:
    node = root
    for number, part in enumerate(form.parts):
        for position, letter in enumerate(part):
            following = node.joined if number and not position else node.within
            node = following.setdefault(letter, _Node(letter, node.form + letter))
    if form.is_stem:
        node.stem_label = node.stem_label or label
    else:
        node.label = node.label or label


def _label_names(names: Sequence[tuple[Role | None, str]]) -> list[tuple[str, str]]:
    """Return each name with its label. "Maria" and "Maria Lopez" of one role are the same person."""
    people: list[tuple[Role | None, str, set[tuple[str, ...]]]] = []
    counts: Counter[Role | None] = Counter()
    labelled: list[tuple[str, str]] = []
    for role, name in names:
        shown = normalise(name).text
        own = set(split_words(readings(shown)[0].text)) if shown else set()
        if sum(len(part) for word in own for part in word) < MIN_LETTERS:
            continue
        same = [label for other, label, words in people if role == other and (own <= words or words <= own)]
        if not same:
            counts[role] += 1
        label = same[0] if same else f"{role.upper() if role else 'NAME'}_{counts[role]}"
        people.append((role, label, own))
        labelled.append((label, shown))
    return labelled


def merge_overlapping(found: Iterable[tuple[Span, str]]) -> list[tuple[Span, str]]:
    """Overlapping spans as one, under the label of the longest (a name inside an address is that address)."""
    merged: list[tuple[Span, str, int]] = []
    for (start, end), label in sorted(found):
        if merged and start < merged[-1][0][1]:
            (first, last), other, longest = merged[-1]
            length = end - start
            merged[-1] = ((first, max(last, end)), label if length > longest else other, max(length, longest))
        else:
            merged.append(((start, end), label, end - start))
    return [(span, label) for span, label, _ in merged]
