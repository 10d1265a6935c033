"""Logistic regression over the terms that the shipped detector reads."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import hstack
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

from stream.contracts.vocabulary import OperatingPoint
from stream.detection import DetectorInput
from stream.detection.features import BLOCKS, SCALE, Block, read_tokens
from stream.detection.linear import LinearWeights
from training.detector.corpora import LabelledTurn
from training.detector.own_set import WrittenLine

# A term must occur in this many turns: rarer ones name people and topics, and only make the file longer.
_LEAST_TURNS: dict[Block, int] = {"words": 3, "parts": 5, "before": 3}
# Inverse strength of L2 regularisation; 0.3, 1 and 3 could not be told apart in cross-validation.
_C = 1.0
# The weight of the lines written by us beside the corpora: with more, discord is found better and labelled sustain
# talk worse (0.3 and 1 in RESULTS.md), because the labels call discord neutral.
WRITTEN_SHARE = 0.1
# Digits that keep a score true to 1e-6 while the file stays small and a diff of it readable.
_DIGITS = 7


class TermRegression:
    """The model as scikit-learn computes it, with which the exported weights are compared."""

    def __init__(self, turns: Sequence[LabelledTurn], written: Sequence[WrittenLine] = ()) -> None:
        """Fit the model on turns and on `written` lines of our own, which together weigh `WRITTEN_SHARE`."""
        self._vectorizers = {
            block: CountVectorizer(analyzer=extract, binary=True, min_df=_LEAST_TURNS[block])
            for block, extract in BLOCKS.items()
        }
        inputs, labels, weights = examples(turns, written)
        self._model = LogisticRegression(C=_C, max_iter=2_000)
        self._model.fit(self._matrix(inputs, fit=True), labels, sample_weight=weights)

    def scores(self, inputs: Sequence[DetectorInput]) -> list[float]:
        """Return the learned score of each input, from 0 to 1."""
        if not inputs:
            return []
        return [float(p) for p in self._model.predict_proba(self._matrix(inputs))[:, 1]]

    def weights(self, thresholds: dict[OperatingPoint, float], seen: Sequence[str] = ()) -> LinearWeights:
        """Return the weights with which the detector gives the same score."""
        coefficients = iter(self._model.coef_[0])
        terms: dict[Block, dict[str, float]] = {}
        for block, vectorizer in self._vectorizers.items():
            names = vectorizer.get_feature_names_out()
            terms[block] = {str(name): _short(next(coefficients)) for name in names}
        return LinearWeights(
            bias=_short(self._model.intercept_[0]), thresholds=thresholds, terms=terms, seen=tuple(seen)
        )

    def _matrix(self, inputs: Sequence[DetectorInput], *, fit: bool = False) -> Any:
        blocks = []
        for block, vectorizer in self._vectorizers.items():
            texts = [read_tokens((given.previous_text or "") if block == "before" else given.text) for given in inputs]
            counted = vectorizer.fit_transform(texts) if fit else vectorizer.transform(texts)
            blocks.append(normalize(counted.astype(np.float64)) * SCALE[block])
        return hstack(blocks).tocsr()


def examples(
    turns: Sequence[LabelledTurn], written: Sequence[WrittenLine] = ()
) -> tuple[list[DetectorInput], list[bool], list[float]]:
    """Return the training examples: inputs, labels and weights."""
    share = WRITTEN_SHARE * len(turns) / len(written) if written else 0.0
    return (
        [*(turn.given for turn in turns), *(DetectorInput(line.client, line.counsellor) for line in written)],
        [*(turn.resists for turn in turns), *(line.kind == "resistance" for line in written)],
        [*balance(turns), *(share for _ in written)],
    )


def balance(turns: Sequence[LabelledTurn]) -> list[float]:
    """Return weights by which each corpus and each label in it count alike; they sum to the number of turns."""
    kinds = [(turn.corpus, turn.resists) for turn in turns]
    size = {kind: kinds.count(kind) for kind in set(kinds)}
    return [len(turns) / (len(size) * size[kind]) for kind in kinds]


def fingerprint(group: str) -> str:
    """Return the short hash by which the weights recognise a conversation without naming it."""
    return hashlib.sha256(group.encode()).hexdigest()[:12]


def _short(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
