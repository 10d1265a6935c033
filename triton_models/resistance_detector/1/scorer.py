"""A score of possible resistance by meaning rather than wording: the encoder, and a weight for each dimension."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from .encoder import FILE as ENCODER
from .encoder import Encoder

HEAD = "head.json"
# Rounded so that all machines agree: sums of floats differ in the sixth digit.
_DIGITS = 4


class SentenceScorer:
    """The encoder with its head, never changed after its creation, so that threads can share it."""

    def __init__(self, folder: Path) -> None:
        self._encoder = Encoder(folder / ENCODER)
        head = json.loads((folder / HEAD).read_text(encoding="utf-8"))
        self._weight = np.array(head["weight"], dtype=np.float32)
        self._bias = float(head["bias"])
        self.fingerprint = fingerprint(folder)

    def logit(self, text: str) -> float:
        """Return the logit of possible resistance of a text, rounded to `_DIGITS` decimal places."""
        return round(float(self._encoder.vector(text) @ self._weight) + self._bias, _DIGITS)


def fingerprint(folder: Path) -> str:
    """Return the fingerprint of the two files that a score depends on."""
    data = hashlib.sha256()
    for name in (ENCODER, HEAD):
        data.update((folder / name).read_bytes())
    return data.hexdigest()[:12]
