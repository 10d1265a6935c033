"""The features that the linear detector reads from a message: terms in three blocks, each term once."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain, pairwise
from typing import Literal

from stream.detection.text import Token, forms, tokens

Block = Literal["words", "parts", "before"]
Terms = Mapping[str, list[int]]
"""The terms of a block, each with the indices of the tokens it comes from."""

# The weight of a block in the score. Parts of words show spelling and endings; the counsellor's turn before is
# context and has half the weight, so that it alone seldom flags a neutral answer.
SCALE: Mapping[Block, float] = {"words": 1.0, "parts": 1.0, "before": 0.5}
# Lengths of word parts, in characters including the marks of the word's ends; longer parts did not improve results.
_PART_LENGTHS = (3, 4)
# Tokens that are read of one message: far more than a typed turn has, and a limit on the time for pasted text.
_MAX_TOKENS = 2_000


def read_tokens(text: str) -> list[Token]:
    """Return the tokens of a message that are read, at most `_MAX_TOKENS`."""
    return tokens(text)[:_MAX_TOKENS]


def read_forms(text: str) -> list[str]:
    """Return the normal forms of the tokens of `read_tokens`, without their positions."""
    return forms(text)[:_MAX_TOKENS]


def word_terms(found: Sequence[Token]) -> Terms:
    """Return single words and pairs of neighbouring words."""
    terms: dict[str, list[int]] = defaultdict(list)
    before = ""
    for i, (form, _, _) in enumerate(found):
        terms[form].append(i)
        if i:
            terms[f"{before} {form}"] += (i - 1, i)
        before = form
    return terms


def part_terms(found: Sequence[Token]) -> Terms:
    """Return runs of letters inside words, with the ends of a word marked by `_`."""
    terms: dict[str, list[int]] = defaultdict(list)
    for i, (form, _, _) in enumerate(found):
        for part in _parts_of(form):
            terms[part].append(i)
    return terms


def _parts_of(form: str) -> list[str]:
    marked = f"_{form}_"
    return [marked[i : i + length] for length in _PART_LENGTHS for i in range(len(marked) - length + 1)]


def single_word_terms(found: Sequence[Token]) -> Terms:
    """Return single words only."""
    terms: dict[str, list[int]] = defaultdict(list)
    for i, (form, _, _) in enumerate(found):
        terms[form].append(i)
    return terms


BLOCKS: Mapping[Block, Callable[[Sequence[Token]], Terms]] = {
    "words": word_terms,
    "parts": part_terms,
    "before": single_word_terms,
}


class KnownTerms:
    """A search for the terms of a vocabulary in a text, without their positions, which a score does not need.

    The known parts of each word in the vocabulary are computed once and looked up afterwards.
    """

    def __init__(self, terms: Mapping[Block, Collection[str]]) -> None:
        self._terms: Mapping[Block, frozenset[str]] = {block: frozenset(known) for block, known in terms.items()}
        known_parts = self._terms["parts"]
        self._parts = {
            word: known_parts.intersection(_parts_of(word)) for word in self._terms["words"] if " " not in word
        }

    def find(self, text: str, before: str) -> Mapping[Block, AbstractSet[str]]:
        """Return the known terms of a message and of the turn before it, by block; `BLOCKS` find the same terms."""
        found = read_forms(text)
        pairs = (f"{one} {other}" for one, other in pairwise(found))
        unknown = [form for form in found if form not in self._parts]
        cut_out = self._terms["parts"].intersection(part for form in unknown for part in _parts_of(form))
        return {
            "words": self._terms["words"].intersection(chain(found, pairs)),
            "parts": cut_out.union(*(self._parts[form] for form in found if form in self._parts)),
            "before": self._terms["before"].intersection(read_forms(before)),
        }
