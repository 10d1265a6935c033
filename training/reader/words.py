"""Fits the reader's linear models over words.

Whether a turn resists is learned from the same turns and weights of turns as the live detector's; by which behaviour,
from the turns that resist.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

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
from training.reader.targets import RESISTANCE, TURN_HEADS

LEAST_TURNS: Final = 3
"""A term must occur in this many turns: rarer ones name people and topics, and only make the file longer."""
RECIPE: Final = Recipe(positive=lambda turn: turn.resists, labelled=lambda turn: turn.example.resistance != UNKNOWN)
"""What the detector's recipe says, but for resistance alone: danger is another question."""

BEHAVIOUR_STRENGTH: Final = 3.0
"""scikit-learn's C of the model of behaviours: of 1, 3 and 10 it named most typed turns of other folds rightly."""
UNSEEN: Final = -20.0
"""The intercept of a behaviour of which no turn was there to learn from; only tests have so few."""
_MOST_STEPS: Final = 3_000  # some hundred are taken

Tokens = tuple[Sequence[int], Sequence[int]]
"""The tokens of the turn before, and of the turn."""
TermWeights = Mapping[int, Sequence[float]]
"""The weights of each term, one for each answer; the intercepts are those of the term `BIAS`."""


class WordWeights(NamedTuple):
    """What both models have learned."""

    resistance: TermWeights
    behaviours: TermWeights


def _served(name: str) -> Any:
    """Return a module of the model repository: training and serving cut and count the same terms."""
    return import_model_file(version_folder(READER) / f"{name}.py", f"reader_{name}")


def read_tokens(turns: Sequence[TurnExample]) -> list[Tokens]:
    """Return the tokens of each turn and of the turn before, as the served reader cuts them."""
    served = _served("tokens")
    encoded = served.load_tokenizer(version_folder(READER)).encode_batch([(turn.before, turn.text) for turn in turns])
    return [served.tokens_of(each) for each in encoded]


def fit_words(turns: Sequence[TurnExample]) -> WordWeights:
    """Return what is learned from turns: whether one resists where that is known, and by which behaviour where it does.

    The behaviours of the turns must be three at least.
    """
    usable = RECIPE.usable([LabelledTurn(turn, (turn.text,)) for turn in turns])
    known, weights = _Terms([turn.example for turn in usable]), RECIPE.weights(usable)
    model = LogisticRegression(C=RECIPE.strength, max_iter=_MOST_STEPS)
    model.fit(known.matrix, [turn.resists for turn in usable], sample_weight=weights)
    resistance = known.weights(model.coef_.T, model.intercept_)

    resisting = [turn for turn in turns if turn.resists]
    known = _Terms(resisting)
    model = LogisticRegression(C=BEHAVIOUR_STRENGTH, max_iter=_MOST_STEPS)
    model.fit(known.matrix, [turn.resistance for turn in resisting])
    learned = model.classes_ - 1
    of_terms = np.zeros((known.matrix.shape[1], len(RESISTANCE) - 1))
    of_terms[:, learned] = model.coef_.T
    intercepts = np.full(len(RESISTANCE) - 1, UNSEEN)
    intercepts[learned] = model.intercept_
    return WordWeights(resistance, known.weights(of_terms, intercepts))


def hear_words(weights: WordWeights, turns: Sequence[TurnExample]) -> Any:
    """Return a row for each turn, as the served models compute it: the logit of resistance, then behaviours' shares."""
    words = _served("words").Words(*weights)
    heard = [words.hear(*each) for each in read_tokens(turns)]
    return np.array(heard, dtype=np.float32).reshape(len(turns), len(RESISTANCE))


def count_in(turn_logits: Any, heard: Any) -> Any:
    """Return the encoder's logits of turns with what the words heard counted in, as the served reader does."""
    return _with_resistance(turn_logits, _served("words").with_words, heard)


def take_out(turn_logits: Any, heard: Any) -> Any:
    """Return the encoder's logits of turns, where what the words heard was counted in."""
    return _with_resistance(turn_logits, _served("words").without_words, heard)


def _with_resistance(turn_logits: Any, change: Callable[[Any, Any], Any], heard: Any) -> Any:
    head = TURN_HEADS["resistance"]
    found = turn_logits.copy()
    found[:, head.start : head.end] = change(found[:, head.start : head.end], heard)
    return found


def write_words(weights: WordWeights, folder: Path) -> None:
    """Write the weights as the served reader reads them."""
    served = _served("words")
    for name, own in zip((served.WORDS, served.BEHAVIOURS), weights, strict=True):
        np.save(folder / name, served.as_array(own), allow_pickle=False)


class _Terms:
    """The terms of some turns that are not rare, and which turn has which: a row for each, scaled block by block."""

    def __init__(self, turns: Sequence[TurnExample]) -> None:
        served = _served("words")
        terms = [served.read_terms(*each) for each in read_tokens(turns)]
        blocks = []
        self._terms: list[int] = []
        for name, scale in served.SCALES.items():
            vectorizer = CountVectorizer(analyzer=_as_they_are, binary=True, min_df=LEAST_TURNS)
            counted: csr_matrix = vectorizer.fit_transform([each[name] for each in terms])
            blocks.append(normalize(counted.astype(np.float64)) * scale)
            self._terms += map(int, vectorizer.get_feature_names_out())
        self.matrix: csr_matrix = hstack(blocks).tocsr()
        self._bias: int = served.BIAS

    def weights(self, of_terms: Any, intercepts: Any) -> TermWeights:
        """Return the weights of a model over the matrix; `of_terms` has a row for each term."""
        return {self._bias: intercepts.tolist()} | dict(zip(self._terms, of_terms.tolist(), strict=True))


def _as_they_are(terms: set[int]) -> set[int]:
    return terms
