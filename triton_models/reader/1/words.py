"""Linear models over the words of a client's turn and of the turn before it, which hear resistance with the encoder.

The encoder weighs meaning and these models weigh wording. Their mistakes differ, so both together tell better than
either whether a turn resists, and by which behaviour. A text is given as numbers of the tokeniser, and the files of
weights hold numbers alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

WORDS = "words.npy"
"""The weights of the model that hears whether a turn resists."""
BEHAVIOURS = "behaviours.npy"
"""The weights of the model that hears by which behaviour."""
BIAS = 0
"""The term that every turn has; its weights are the model's intercepts."""
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


class _LinearModel:
    """A weight of each known term for each answer."""

    def __init__(self, weights: Mapping[int, Sequence[float]]) -> None:
        self._places = {term: place for place, term in enumerate(weights)}
        self._weights = np.array([*weights.values()], dtype=np.float64)

    def scores(self, terms: Mapping[str, set[int]]) -> Any:
        """Return the score of each answer; the known terms of a block are a vector of the block's length."""
        found = self._weights[self._places[BIAS]].copy()
        for name, own in terms.items():
            known = sorted(self._places[term] for term in own if term in self._places)
            if known:
                found += SCALES[name] * self._weights[known].sum(axis=0) / np.sqrt(len(known))
        return found


class Words:
    """Both models, which never change after their creation, so that threads can share them."""

    def __init__(self, resistance: Mapping[int, Sequence[float]], behaviours: Mapping[int, Sequence[float]]) -> None:
        self._resistance = _LinearModel(resistance)
        self._behaviours = _LinearModel(behaviours)

    @classmethod
    def read(cls, folder: Path) -> Words:
        """Read the weights that `as_array` made."""
        return cls(*(_weights(np.load(folder / name, allow_pickle=False)) for name in (WORDS, BEHAVIOURS)))

    def hear(self, before: Sequence[int], text: Sequence[int]) -> Any:
        """Return the logit of resistance of a turn, then the logarithm of each behaviour's share of it."""
        terms = read_terms(before, text)
        return np.concatenate([self._resistance.scores(terms), _log_shares(self._behaviours.scores(terms))])


def as_array(weights: Mapping[int, Sequence[float]]) -> Any:
    """Return weights as the array that is kept: numbers of terms and their weights, without a word in it."""
    answers = len(weights[BIAS])
    return np.array(
        [(term, weights[term]) for term in sorted(weights)], dtype=[("term", "<i8"), ("weights", "<f4", (answers,))]
    )


def _weights(table: Any) -> dict[int, Sequence[float]]:
    return dict(zip(table["term"].tolist(), table["weights"].tolist(), strict=True))


def with_words(resistance: Any, heard: Any) -> Any:
    """Return logits of resistance, none first, in which what the words heard counts as much as they do.

    The logits of resistance are added. Of a behaviour's two shares the geometric mean counts: the likeliest behaviour
    is that of their product, but a mean is not surer than its parts. `resistance` may be one row or many, as `heard`.
    """
    any_behaviour, shares = _parts(resistance)
    mixed = _log_shares((shares + heard[..., 1:]) / 2)
    return _joined(resistance, any_behaviour, mixed, heard[..., 0])


def without_words(resistance: Any, heard: Any) -> Any:
    """Return the logits into which `with_words` counted what the words heard."""
    any_behaviour, shares = _parts(resistance)
    return _joined(resistance, any_behaviour, _log_shares(2 * shares - heard[..., 1:]), -heard[..., 0])


def _parts(resistance: Any) -> tuple[Any, Any]:
    """Return the logit of any behaviour, and the logarithm of each one's share of it."""
    behaviours = resistance[..., 1:].astype(np.float64)
    top = behaviours.max(axis=-1)
    any_behaviour = top + np.log(np.exp(behaviours - top[..., None]).sum(axis=-1))
    return any_behaviour, behaviours - any_behaviour[..., None]


def _joined(resistance: Any, any_behaviour: Any, shares: Any, logit: Any) -> Any:
    none = resistance[..., 0] - logit
    return np.concatenate([none[..., None], shares + any_behaviour[..., None]], axis=-1).astype(resistance.dtype)


def _log_shares(scores: Any) -> Any:
    least = scores - scores.max(axis=-1, keepdims=True)
    return least - np.log(np.exp(least).sum(axis=-1, keepdims=True))
