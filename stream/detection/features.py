"""What the linear detector reads from a message: three blocks of terms, each term once."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from stream.detection.text import Token, tokens

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
        marked = f"_{form}_"
        for length in _PART_LENGTHS:
            for start in range(len(marked) - length + 1):
                terms[marked[start : start + length]].append(i)
    return terms


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
