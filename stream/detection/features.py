"""The features that the linear detector reads from a message and from the turn before it: terms in blocks."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from stream.detection.text import Token, tokens

Block = Literal["words", "shape", "before", "before_shape"]
Terms = Mapping[str, Sequence[int]]
"""The terms of a block, each with the indices of the tokens it comes from."""

# The weight of a block in the score. The words of the message count most: what stands around them is context, which
# should seldom flag a neutral answer by itself.
SCALE: Mapping[Block, float] = {"words": 1.0, "shape": 0.5, "before": 0.5, "before_shape": 0.5}
# Tokens that are read of one message: far more than a typed turn has, and a limit on the time for pasted text.
_MAX_TOKENS = 2_000
# Tokens that are read of the turn before, from its end, where its question is; training read as much.
_MAX_TOKENS_BEFORE = 100
_MARKED_WORDS = (1, 2, 3)  # words at either end of a text that are one term
_LENGTHS = (1, 2, 3, 5, 8, 12, 20, 30, 45, 70)  # tokens; a text has the term of each length that it reaches


def read_tokens(text: str) -> list[Token]:
    """Return the tokens of a message that are read, at most `_MAX_TOKENS`."""
    return tokens(text)[:_MAX_TOKENS]


def read_tokens_before(text: str | None) -> list[Token]:
    """Return the tokens of the turn before that are read, the last `_MAX_TOKENS_BEFORE`."""
    return tokens(text)[-_MAX_TOKENS_BEFORE:] if text else []


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


def single_word_terms(found: Sequence[Token]) -> Terms:
    """Return single words only."""
    terms: dict[str, list[int]] = defaultdict(list)
    for i, (form, _, _) in enumerate(found):
        terms[form].append(i)
    return terms


def shape_terms(found: Sequence[Token]) -> Terms:
    """Return how a text begins (`^no`), how it ends (`idea$`) and the lengths that it reaches (`12+`)."""
    size = len(found)
    terms: dict[str, Sequence[int]] = {f"{length}+": () for length in _LENGTHS if size >= length}
    for count in _MARKED_WORDS:
        if size >= count:
            terms["^" + " ".join(token.form for token in found[:count])] = range(count)
            terms[" ".join(token.form for token in found[-count:]) + "$"] = range(size - count, size)
    return terms


BLOCKS: Mapping[Block, Callable[[Sequence[Token]], Terms]] = {
    "words": word_terms,
    "shape": shape_terms,
    "before": single_word_terms,
    "before_shape": shape_terms,
}
ABOUT_BEFORE: frozenset[Block] = frozenset({"before", "before_shape"})
"""The blocks that are read from the turn before."""
