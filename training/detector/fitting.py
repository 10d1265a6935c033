"""Logistic regression over the terms that the shipped detector reads, and over others that were tried."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from scipy.sparse import hstack
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

from stream.detection import DetectorInput
from stream.detection.features import ABOUT_BEFORE, BLOCKS, SCALE, Terms, read_tokens, read_tokens_before
from stream.detection.linear import LinearWeights
from stream.detection.text import Token
from training.detector.turns import LabelledTurn

SOURCES: Final[Mapping[str, float]] = {"annomi": 2.0, "mibot": 1.0, "written": 1.0, "lines": 0.3}
"""What the turns of each source weigh together: real ones most, single lines least."""
# A term must occur in this many turns: rarer ones name people and topics, and only make the file longer.
_LEAST_TURNS = 3
# Digits that keep a score true to 1e-6 while the file stays small and a diff of it readable.
_DIGITS = 7


class TermBlock(NamedTuple):
    """How terms are cut from a text, what they weigh together, and which text it is."""

    extract: Callable[[Sequence[Token]], Terms]
    scale: float
    of_turn_before: bool = False


def shipped_blocks() -> dict[str, TermBlock]:
    """Return the blocks that the shipped detector reads."""
    return {name: TermBlock(extract, SCALE[name], name in ABOUT_BEFORE) for name, extract in BLOCKS.items()}


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the model reads, what it learns from, and what it is to find; the defaults are what ships."""

    blocks: Mapping[str, TermBlock] = field(default_factory=shipped_blocks)
    strength: float = 1.0
    """The inverse strength of L2 regularisation."""
    sources: Mapping[str, float] = field(default_factory=lambda: SOURCES)
    balanced: bool = True
    """Whether harmless, resisting and critical turns of a source weigh alike."""
    positive: Callable[[LabelledTurn], bool] = lambda turn: turn.worth_reading
    labelled: Callable[[LabelledTurn], bool] = lambda turn: turn.labelled

    def usable(self, turns: Sequence[LabelledTurn]) -> list[LabelledTurn]:
        """Return the turns that the model learns from."""
        return [turn for turn in turns if turn.source in self.sources and self.labelled(turn)]

    def weights(self, turns: Sequence[LabelledTurn]) -> list[float]:
        """Return the weight of each turn: its label's, so that sources and kinds weigh what they should.

        The weights sum to the number of turns.
        """
        kinds = [self._kind(turn) for turn in turns]
        of_kind: dict[tuple[str, str], float] = defaultdict(float)
        for turn, kind in zip(turns, kinds, strict=True):
            of_kind[kind] += turn.example.weight
        found = [
            self.sources[turn.source] * turn.example.weight / of_kind[kind]
            for turn, kind in zip(turns, kinds, strict=True)
        ]
        whole = sum(found)
        return [len(turns) * each / whole for each in found]

    def _kind(self, turn: LabelledTurn) -> tuple[str, str]:
        if not self.balanced:
            return turn.source, ""
        return turn.source, "critical" if turn.critical else "resists" if turn.resists else "harmless"


class TermRegression:
    """The model as scikit-learn computes it, with which the exported weights are compared."""

    def __init__(self, turns: Sequence[LabelledTurn], recipe: Recipe | None = None) -> None:
        """Fit the model on the turns that the recipe can use."""
        self._recipe = recipe or Recipe()
        usable = self._recipe.usable(turns)
        self._vectorizers = {
            name: CountVectorizer(analyzer=block.extract, binary=True, min_df=_LEAST_TURNS)
            for name, block in self._recipe.blocks.items()
        }
        self._model = LogisticRegression(C=self._recipe.strength, max_iter=3_000)
        self._model.fit(
            self._matrix([turn.whole for turn in usable], fit=True),
            [self._recipe.positive(turn) for turn in usable],
            sample_weight=self._recipe.weights(usable),
        )

    def scores(self, inputs: Sequence[DetectorInput]) -> list[float]:
        """Return the learned score of each input, from 0 to 1."""
        if not inputs:
            return []
        return [float(p) for p in self._model.predict_proba(self._matrix(inputs))[:, 1]]

    def weights(self, threshold: float) -> LinearWeights:
        """Return the weights with which the detector gives the same score."""
        coefficients = iter(self._model.coef_[0])
        terms = {
            name: {str(term): _short(next(coefficients)) for term in vectorizer.get_feature_names_out()}
            for name, vectorizer in self._vectorizers.items()
        }
        return LinearWeights.model_validate(
            {"bias": _short(self._model.intercept_[0]), "threshold": threshold, "terms": terms}
        )

    def _matrix(self, inputs: Sequence[DetectorInput], *, fit: bool = False) -> Any:
        said = [read_tokens(given.text) for given in inputs]
        before = [read_tokens_before(given.previous_text) for given in inputs]
        blocks = []
        for name, vectorizer in self._vectorizers.items():
            block = self._recipe.blocks[name]
            texts = before if block.of_turn_before else said
            counted = vectorizer.fit_transform(texts) if fit else vectorizer.transform(texts)
            blocks.append(normalize(counted.astype(np.float64)) * block.scale)
        return hstack(blocks).tocsr()


def _short(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
