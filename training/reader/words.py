"""Fits the reader's linear model over words: the same terms, turns and weights of turns as the live detector's."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

from stream.feedback.models.reader import READER
from stream.model_repository import import_model_file, version_folder
from training.detector.fitting import Recipe
from training.detector.turns import LabelledTurn
from training.reader.examples import UNKNOWN, TurnExample
from training.reader.targets import TURN_HEADS

LEAST_TURNS: Final = 3
"""A term must occur in this many turns: rarer ones name people and topics, and only make the file longer."""
RECIPE: Final = Recipe(positive=lambda turn: turn.resists, labelled=lambda turn: turn.example.resistance != UNKNOWN)
"""What the detector's recipe says, but for resistance alone: danger is another question."""

Tokens = tuple[Sequence[int], Sequence[int]]
"""The tokens of the turn before, and of the turn."""


def _served(name: str) -> Any:
    """Return a module of the model repository: training and serving cut and count the same terms."""
    return import_model_file(version_folder(READER) / f"{name}.py", f"reader_{name}")


def read_tokens(turns: Sequence[TurnExample]) -> list[Tokens]:
    """Return the tokens of each turn and of the turn before, as the served reader cuts them."""
    served = _served("tokens")
    encoded = served.load_tokenizer(version_folder(READER)).encode_batch([(turn.before, turn.text) for turn in turns])
    return [served.tokens_of(each) for each in encoded]


def fit_words(turns: Sequence[TurnExample]) -> dict[int, float]:
    """Return the weight of each term, learned from the turns of which it is known whether they resist."""
    served = _served("words")
    usable = RECIPE.usable([LabelledTurn(turn, (turn.text,)) for turn in turns])
    terms = [served.read_terms(*each) for each in read_tokens([turn.example for turn in usable])]
    blocks = {name: _Block([each[name] for each in terms], scale) for name, scale in served.SCALES.items()}
    model = LogisticRegression(C=RECIPE.strength, max_iter=3_000).fit(
        hstack([block.matrix for block in blocks.values()]).tocsr(),
        [turn.resists for turn in usable],
        sample_weight=RECIPE.weights(usable),
    )
    coefficients = iter(model.coef_[0].tolist())
    weights = {term: next(coefficients) for block in blocks.values() for term in block.terms}
    return {served.BIAS: float(model.intercept_[0])} | weights


def words_logits(weights: Mapping[int, float], turns: Sequence[TurnExample]) -> Any:
    """Return the logit of resistance of each turn, as the served model computes it."""
    words = _served("words").Words(weights)
    return np.array([words.logit(*each) for each in read_tokens(turns)])


def count_in(turn_logits: Any, words: Any) -> Any:
    """Return the encoder's logits of turns with the words' logits counted in, as the served reader does.

    The negative of `words` takes them out again.
    """
    head = TURN_HEADS["resistance"]
    found = turn_logits.copy()
    found[:, head.start : head.end] = _served("words").with_words(found[:, head.start : head.end], words)
    return found


def write_words(weights: Mapping[int, float], folder: Path) -> None:
    """Write the weights as the served reader reads them."""
    served = _served("words")
    np.save(folder / served.WORDS, served.as_array(weights), allow_pickle=False)


class _Block:
    """The known terms of a block, and its part of the matrix: 0 or 1, each row scaled to the block's length."""

    def __init__(self, documents: Sequence[set[int]], scale: float) -> None:
        vectorizer = CountVectorizer(analyzer=_as_they_are, binary=True, min_df=LEAST_TURNS)
        counted: csr_matrix = vectorizer.fit_transform(documents)
        self.matrix = normalize(counted.astype(np.float64)) * scale
        self.terms = [int(term) for term in vectorizer.get_feature_names_out()]


def _as_they_are(terms: set[int]) -> set[int]:
    return terms
