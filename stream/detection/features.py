"""What the linear detector reads from a message: three blocks of terms, each term once."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain, pairwise
from typing import Literal

from stream.detection.text import Token, forms, tokens

Block = Literal["words", "parts", "before"]
Terms = Mapping[str, list[int]]
"""Each term of a block with the indices of the tokens it came from."""

# Share of a block in the score. Letters of words carry spelling and endings; the counsellor's turn before is
# context and weighs half, so that it alone seldom flags a neutral answer.
SCALE: Mapping[Block, float] = {"words": 1.0, "parts": 1.0, "before": 0.5}
# Lengths of word parts, in characters with the marks of the word's ends; longer ones gained nothing in trial.
_PART_LENGTHS = (3, 4)
# Tokens read of one message: far beyond a typed turn, and a bound on time for a pasted book.
_MOST_TOKENS = 2_000


def read(text: str) -> list[Token]:
    """The tokens of a message that count."""
    return tokens(text)[:_MOST_TOKENS]


def read_forms(text: str) -> list[str]:
    """`read` without the places."""
    return forms(text)[:_MOST_TOKENS]


def words(found: Sequence[Token]) -> Terms:
    """Single words and pairs of neighbours."""
    terms: dict[str, list[int]] = defaultdict(list)
    before = ""
    for i, (form, _, _) in enumerate(found):
        terms[form].append(i)
        if i:
            terms[f"{before} {form}"] += (i - 1, i)
        before = form
    return terms


def parts(found: Sequence[Token]) -> Terms:
    """Runs of letters inside words, the word's ends marked with `_`."""
    terms: dict[str, list[int]] = defaultdict(list)
    for i, (form, _, _) in enumerate(found):
        for part in _parts_of(form):
            terms[part].append(i)
    return terms


def _parts_of(form: str) -> list[str]:
    marked = f"_{form}_"
    return [marked[i : i + length] for length in _PART_LENGTHS for i in range(len(marked) - length + 1)]


def single_words(found: Sequence[Token]) -> Terms:
    """Single words alone."""
    terms: dict[str, list[int]] = defaultdict(list)
    for i, (form, _, _) in enumerate(found):
        terms[form].append(i)
    return terms


BLOCKS: Mapping[Block, Callable[[Sequence[Token]], Terms]] = {
    "words": words,
    "parts": parts,
    "before": single_words,
}


class KnownTerms:
    """Which terms of a vocabulary a text holds, without their places: all that a score needs.

    Of each word in the vocabulary the known parts are looked up, not cut out anew.
    """

    def __init__(self, terms: Mapping[Block, Collection[str]]) -> None:
        self._terms: Mapping[Block, frozenset[str]] = {block: frozenset(known) for block, known in terms.items()}
        known_parts = self._terms["parts"]
        self._parts = {
            word: known_parts.intersection(_parts_of(word)) for word in self._terms["words"] if " " not in word
        }

    def of(self, text: str, before: str) -> Mapping[Block, AbstractSet[str]]:
        """The known terms of a message and of the turn before it, by block; the same that `BLOCKS` find."""
        found = read_forms(text)
        pairs = (f"{one} {other}" for one, other in pairwise(found))
        unknown = [form for form in found if form not in self._parts]
        cut_out = self._terms["parts"].intersection(part for form in unknown for part in _parts_of(form))
        return {
            "words": self._terms["words"].intersection(chain(found, pairs)),
            "parts": cut_out.union(*(self._parts[form] for form in found if form in self._parts)),
            "before": self._terms["before"].intersection(read_forms(before)),
        }
