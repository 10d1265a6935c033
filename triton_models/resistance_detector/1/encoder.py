"""The first layers of a small sentence encoder, in plain numpy.

It is all-MiniLM-L6-v2 without the layers after the third (layers four to six did not improve results), with weights as
8-bit integers, one scale per row, computed in 32-bit floats. Texts are read one at a time, so that an answer does not
depend on the batch.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from .wordpiece import pieces

FILE = "encoder.npz"
HEADS = 12
_EPSILON = 1e-12  # of the layer norms, as trained


class Encoder:
    """An encoder that is never changed after its creation, so that threads can share it."""

    def __init__(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        self.vocabulary = {piece: i for i, piece in enumerate(bytes(arrays.pop("vocabulary")).decode().split("\n"))}
        self._pieces = arrays.pop("pieces"), arrays.pop("pieces.scale")
        self._w = {
            name: (array * arrays[f"{name}.scale"][:, None]).T.copy() if f"{name}.scale" in arrays else array
            for name, array in arrays.items()
            if not name.endswith(".scale")
        }
        self.layers = sum(name.endswith("query") for name in self._w)

    def vector(self, text: str) -> Any:
        """Return the vector of a text: 384 numbers, the mean over its pieces of the last layer's output."""
        ids = np.array(pieces(text, self.vocabulary))
        table, scale = self._pieces
        w = self._w
        x = table[ids] * scale[ids][:, None] + w["places"][: len(ids)]
        x = _norm(x, w["norm"])
        for layer in range(self.layers):
            x = self._layer(x, f"{layer}.")
        return x.mean(axis=0)

    def _layer(self, x: Any, at: str) -> Any:
        w = self._w
        query, key, value = (
            (x @ w[at + part] + w[f"{at}{part}.bias"]).reshape(len(x), HEADS, -1).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        attention = query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[-1])
        attention = np.exp(attention - attention.max(axis=-1, keepdims=True))
        attention /= attention.sum(axis=-1, keepdims=True)
        attended = (attention @ value).transpose(1, 0, 2).reshape(len(x), -1)
        x = _norm(x + attended @ w[at + "out"] + w[at + "out.bias"], w[at + "norm1"])
        hidden = _gelu(x @ w[at + "up"] + w[at + "up.bias"])
        return _norm(x + hidden @ w[at + "down"] + w[at + "down.bias"], w[at + "norm2"])


def _norm(x: Any, weight: Any) -> Any:
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred * centred).mean(axis=-1, keepdims=True)
    return centred / np.sqrt(variance + np.float32(_EPSILON)) * weight[0] + weight[1]


def _gelu(x: Any) -> Any:
    """Return the usual approximation of GELU, with which the head was fitted."""
    return 0.5 * x * (1 + np.tanh(np.float32(math.sqrt(2 / math.pi)) * (x + np.float32(0.044715) * x * x * x)))
