"""Fits the head of the encoder, which weighs its 384 dimensions for possible resistance."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from stream.detection.meaning import FOLDER, load_package, without_lone_surrogates
from stream.model_repository import write_parameter
from training.detector.corpora import LabelledTurn
from training.detector.fitting import examples
from training.detector.own_set import WrittenLine

# Inverse strength of L2 regularisation, on vectors of mean length 1; 0.3 and 3 were no better.
_C = 1.0
_DIGITS = 5


class EncoderHead:
    """Logistic regression over frozen vectors, centred and scaled to mean length 1."""

    def __init__(self, turns: Sequence[LabelledTurn], written: Sequence[WrittenLine] = ()) -> None:
        inputs, labels, weights = examples(turns, written)
        found = vectors([given.text for given in inputs])
        middle = found.mean(axis=0)
        length = float(np.sqrt(((found - middle) ** 2).sum(axis=1).mean()))
        model = LogisticRegression(C=_C, max_iter=3_000)
        model.fit((found - middle) / length, labels, sample_weight=weights)
        self.weight = np.round(model.coef_[0] / length, _DIGITS)
        self.bias = round(float(model.intercept_[0]) - float(self.weight @ middle), _DIGITS)

    def logits(self, texts: Sequence[str]) -> list[float]:
        """Return a logit for each text."""
        return [float(logit) for logit in vectors(texts) @ self.weight + self.bias] if texts else []

    def save(self, path: Path) -> None:
        """Write the head as JSON beside the encoder."""
        path.write_text(json.dumps({"bias": self.bias, "weight": self.weight.tolist()}) + "\n", encoding="utf-8")


def stamp(folder: Path) -> str:
    """Write the fingerprint of the files in `folder` into the model's config.pbtxt, and return it."""
    mark = str(load_package(folder).fingerprint(folder))
    write_parameter(folder.parent, "fingerprint", mark)
    return mark


def vectors(texts: Sequence[str]) -> Any:
    """Return the encoder's vector of each text, one per row; each text is encoded once per process."""
    return np.array([_vector(text) for text in texts])


@cache
def _vector(text: str) -> Any:
    return _encoder().vector(without_lone_surrogates(text))


@cache
def _encoder() -> Any:
    return load_package(FOLDER).Encoder(FOLDER / "encoder.npz")
