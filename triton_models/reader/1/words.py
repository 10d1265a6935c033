"""A linear model over the words of a client's turn and of the turn before it, which hears resistance with the encoder.

The encoder weighs meaning and this model weighs wording. Their mistakes differ, so both together tell resistance better
than either. A text is given as numbers of the tokeniser, and the file of weights holds numbers alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

WORDS = "words.npy"
BIAS = 0
"""The term that every turn has; its weight is the model's intercept."""
SCALES: Mapping[str, float] = {"text": 1.0, "text_shape": 0.5, "before": 0.5, "before_shape": 0.5}
"""What the known terms of each block weigh together. The words of the turn count most."""
MAX_BEFORE = 60
"""Tokens of the turn before that are read, from its end: what was asked last is what the client answers."""
_MARKED = (1, 2, 3)
"""How many tokens at either end of a text are one term."""
_LENGTHS = (1, 2, 3, 5, 8, 12, 20, 30, 45, 70)
"""Tokens; a text has the term of each length that it reaches."""
_RUN, _START, _END, _LENGTH = range(4)


def read_terms(before: Sequence[int], text: Sequence[int]) -> dict[str, set[int]]:
    """Return the terms of each block, as numbers: tokens, pairs of neighbours, both ends, and the lengths reached."""
    before = before[-MAX_BEFORE:]
    return {
        "text": _numbered(0, _RUN, [*((token,) for token in text), *pairwise(text)]),
        "text_shape": _shape(1, text),
        "before": _numbered(2, _RUN, ((token,) for token in before)),
        "before_shape": _shape(3, before),
    }


def _shape(block: int, tokens: Sequence[int]) -> set[int]:
    marked = [count for count in _MARKED if len(tokens) >= count]
    return (
        _numbered(block, _START, (tokens[:count] for count in marked))
        | _numbered(block, _END, (tokens[-count:] for count in marked))
        | _numbered(block, _LENGTH, ((length,) for length in _LENGTHS if len(tokens) >= length))
    )


def _numbered(block: int, form: int, terms: Iterable[Sequence[int]]) -> set[int]:
    """Return each term as one number: 16 bits a token, of up to three, below its block and form. None of them is 0."""
    found = set()
    for term in terms:
        number = block * 4 + form
        for token in (*term, -1, -1)[: len(_MARKED)]:
            number = number << 16 | token + 1
        found.add(number)
    return found


class Words:
    """The model, which never changes after its creation, so that threads can share it."""

    def __init__(self, weights: Mapping[int, float]) -> None:
        self._weights = dict(weights)

    @classmethod
    def read(cls, folder: Path) -> Words:
        """Read the weights that `as_array` made."""
        table = np.load(folder / WORDS, allow_pickle=False)
        return cls(dict(zip(table["term"].tolist(), table["weight"].tolist(), strict=True)))

    def logit(self, before: Sequence[int], text: Sequence[int]) -> float:
        """Return the logit of resistance of a turn; the known terms of a block are a vector of the block's length."""
        found = self._weights.get(BIAS, 0.0)
        for name, terms in read_terms(before, text).items():
            known = [self._weights[term] for term in terms if term in self._weights]
            if known:
                found += SCALES[name] * math.fsum(known) / math.sqrt(len(known))
        return found


def as_array(weights: Mapping[int, float]) -> Any:
    """Return weights as the array that is kept: numbers of terms and their weights, without a word in it."""
    return np.array(sorted(weights.items()), dtype=[("term", "<i8"), ("weight", "<f4")])


def with_words(resistance: Any, logit: Any) -> Any:
    """Return logits of resistance, none first, to which the words' logit is added; behaviours keep their shares.

    `resistance` may be one row or many, and `logit` one number or as many.
    """
    behaviours = resistance[..., 1:]
    top = behaviours.max(axis=-1)
    any_behaviour = top + np.log(np.exp(behaviours - top[..., None]).sum(axis=-1))
    heard = any_behaviour - resistance[..., 0] + logit
    return np.concatenate([(any_behaviour - heard)[..., None], behaviours], axis=-1).astype(resistance.dtype)
