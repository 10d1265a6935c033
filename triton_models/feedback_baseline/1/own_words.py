"""The client's own words: which few of them a reason or an option for a reply takes up, and how."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .cues import STOPWORDS, find
from .text import Sentence, fold, stems, words

SHORTEST_WORDS = 3
LONGEST_WORDS = 16
LONGEST_CODE_POINTS = 120
"""A clause shorter than this says nothing by itself, a longer one turns a reply into a recital."""

KINDS = ("misunderstood", "doubt", "hopeless", "refusal")
"""What a client's clause can be about, in the order in which it decides; each is a cue."""

# A new clause begins after a mark, before "but" or "because", and before "and" or "so" with a subject of its own.
_SUBJECT = r"(?:i|it|he|she|they|we|my|that|this|these|there|nothing|nobody|you)\b"
_BREAK = re.compile(
    rf"[,;:\u2013\u2014()\[\]]|\s*-+\s|(?<=\w)\s+(?=(?:but|because|cause|since)\b|(?:and|so)\s+{_SUBJECT})",
    re.IGNORECASE,
)
_LEAD = re.compile(r"(?:\s*(?:but|and|so|because|cause|since|honestly|look|well|yeah|yes)\b)+[\s,]*", re.IGNORECASE)
_EDGES = " \t\n\r.?!…*-\"'\u201c\u201d\u2018\u2019"
_QUOTES = frozenset('"“”«»')
_SHIFT = {
    "i": "you", "im": "you're", "i'm": "you're", "ive": "you've", "i've": "you've", "i'd": "you'd", "i'll": "you'll",
    "me": "you", "my": "your", "mine": "yours", "myself": "yourself",
}  # fmt: skip
_FIRST_PERSON = ("i ", "i'", "im ", "ive ", "my ")
_AFTER_I = {"am": "are", "was": "were", "wasn't": "weren't", "wasnt": "weren't"}
_NOT_SHIFTABLE = re.compile(r"\b(?:you\w*|we|us|our\w*|let's)\b|[\[\]<>{}|_]")


@dataclass(frozen=True)
class Fragment:
    """A clause of the client's, verbatim."""

    sentence: Sentence
    """The clause as a sentence of its own."""
    kind: str | None
    """One of `KINDS`, or nothing of the kind."""

    @property
    def words(self) -> str:
        """The clause as it was typed."""
        return self.sentence.raw


def fragments(client: Sequence[Sentence]) -> Iterator[Fragment]:
    """The clauses that say something by themselves and can be quoted, in order."""
    alone = sum(len(words(sentence.folded)) for sentence in client) < SHORTEST_WORDS
    for clause in _clauses(client):
        kind = next((kind for kind in KINDS if find(kind, [clause])), None)
        says_something = kind is not None or stems(clause.folded, STOPWORDS)
        long_enough = alone or len(words(clause.folded)) >= SHORTEST_WORDS - (kind is not None)
        if says_something and long_enough and _quotable(clause):
            yield Fragment(clause, kind)


def key_fragment(client: Sequence[Sentence]) -> Fragment | None:
    """The clause that tells most how the client stands to the matter: of a kind, about the client, the latest."""
    key, best = None, (False, False)
    for fragment in fragments(client):
        rank = (fragment.kind is not None, fragment.sentence.folded.startswith(_FIRST_PERSON))
        if key is None or rank >= best:
            key, best = fragment, rank
    return key


def shifted(fragment: Fragment) -> str | None:
    """The fragment as said to the client ("I can't" becomes "you can't"), or None where that is not safe.

    Safe is a clause in sentence case that begins with "I" and speaks of no "you" and no "we".
    """
    folded = fragment.sentence.folded
    parts = folded.split()
    if (
        not folded.startswith(_FIRST_PERSON)
        or parts[0] == "my"
        or _NOT_SHIFTABLE.search(folded)
        or fragment.words.isupper()
    ):
        return None
    told, before = [], ""
    for raw, word in zip(fragment.words.split(), parts, strict=True):
        core = word.strip(_EDGES)
        new = _AFTER_I.get(core) if before == "i" else None
        new = new or _SHIFT.get(core)
        told.append(word.replace(core, new) if new else raw)
        before = core
    return " ".join(told)


def _clauses(client: Sequence[Sentence]) -> Iterator[Sentence]:
    for sentence in client:
        clauses = _BREAK.split(sentence.raw)
        if "?" in clauses[-1] and len(clauses) > 1:  # what is asked says less than what is said beside it
            clauses.pop()
        for clause in clauses:
            lead = _LEAD.match(clause)
            said = clause[lead.end() if lead else 0 :].strip(_EDGES)
            yield Sentence(sentence.number, said, fold(said))


def _quotable(clause: Sentence) -> bool:
    """Neither a recital nor a quotation itself."""
    short = len(words(clause.folded)) <= LONGEST_WORDS and len(clause.raw) <= LONGEST_CODE_POINTS
    return short and _QUOTES.isdisjoint(clause.raw)
