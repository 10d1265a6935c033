"""How much a client's words resist, by meaning rather than by wording: the encoder and one weight a dimension."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from .encoder import FILE as ENCODER
from .encoder import Encoder

HEAD = "head.json"
# Cut to what every machine agrees on: sums of floats differ in the sixth digit.
_DIGITS = 4


class Model:
    """Read-only once made; safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self._encoder = Encoder(folder / ENCODER)
        head = json.loads((folder / HEAD).read_text(encoding="utf-8"))
        self._weight = np.array(head["weight"], dtype=np.float32)
        self._bias = float(head["bias"])
        self.fingerprint = fingerprint(folder)

    def opinion(self, text: str) -> float:
        """A logit."""
        return round(float(self._encoder.vector(text) @ self._weight) + self._bias, _DIGITS)


def load(folder: Path) -> Model:
    """The model in a folder."""
    return Model(folder)


def fingerprint(folder: Path) -> str:
    """Of the two files that an opinion depends on."""
    data = hashlib.sha256()
    for name in (ENCODER, HEAD):
        data.update((folder / name).read_bytes())
    return data.hexdigest()[:12]
