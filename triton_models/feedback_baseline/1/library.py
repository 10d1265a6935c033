"""Replies that somebody wrote in similar, invented moments: the nearest one of the same type of resistance.

`library.json` holds the replies, `library.npy` a row of 8-bit numbers for each: the direction of the reader's vector of
the moment it was written for. Nothing is completed or changed; where nothing is near enough there is no suggestion.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .opinions import MECHANISMS

TEXTS = "library.json"
VECTORS = "library.npy"
LEAST_GAIN = 0.5
"""Half a level: less is no other way of answering."""


@dataclass(frozen=True)
class Library:
    """Replies with the type and the vector of their moments, and the expected levels of each reply."""

    entries: list[dict[str, Any]]
    directions: Any
    nearest: float
    """The least cosine at which a moment counts as similar."""

    @classmethod
    def read(cls, folder: Path) -> Library:
        """Return the library in a folder."""
        table = json.loads((folder / TEXTS).read_text(encoding="utf-8"))
        vectors = np.load(folder / VECTORS, allow_pickle=False).astype(np.float32)
        return cls(table["entries"], vectors / np.linalg.norm(vectors, axis=1, keepdims=True), table["nearest"])

    def suggest(self, kind: str, vector: Any, levels: dict[str, float]) -> dict[str, Any] | None:
        """Return the reply written in the nearest moment of a type, for the mechanism that it would express most more.

        `levels` are the expected levels of the reply that was given. None where no moment is near enough, or the
        written reply would express nothing more.
        """
        likeness = self.directions @ (vector / np.linalg.norm(vector))
        places = [place for place, entry in enumerate(self.entries) if entry["type"] == kind]
        for place in sorted(places, key=lambda each: -likeness[each]):
            if likeness[place] < self.nearest:
                return None
            entry = self.entries[place]
            gains = {name: own - levels[name] for name, own in zip(MECHANISMS, entry["levels"], strict=True)}
            mechanism = max(gains, key=lambda name: gains[name])
            if gains[mechanism] >= LEAST_GAIN:
                return {"text": entry["text"], "mechanism": mechanism, "written_id": entry["id"]}
        return None
