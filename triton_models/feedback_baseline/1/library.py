"""Replies that somebody wrote in similar, invented moments of the same type of resistance, and which of them to offer.

`library.json` holds the replies and the words that they answer, `library.npy` a row of 8-bit numbers for each: the
direction of the reader's vector of the moment it was written for. Of those that are near enough the one with the
highest score is offered, and only if it scores above the reply that was given. Nothing is completed or changed; where
nothing is near there is no suggestion.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .opinions import MECHANISMS
from .reward import Reward

TEXTS = "library.json"
VECTORS = "library.npy"
LEAST_GAIN = 0.5
"""Half a level: less is no other way of answering."""
MOST_CANDIDATES = 5
"""Replies that are read after the client's turn, nearest moments first: each costs the reader as much as a sentence."""
EVEN = 0.5
"""The probability at which neither of two replies is preferred."""


@dataclass(frozen=True)
class Candidate:
    """A reply that may be offered, and the mechanism that it would express most more."""

    written_id: str
    written_for: str = field(repr=False)
    """The words of the invented client that it answers."""
    text: str = field(repr=False)
    mechanism: str


@dataclass(frozen=True)
class Library:
    """Replies with the type and the vector of their moments, and the expected levels of each reply."""

    entries: list[dict[str, Any]]
    directions: Any
    nearest: float
    """The least cosine at which a moment counts as similar."""
    reward: Reward

    @classmethod
    def read(cls, folder: Path) -> Library:
        """Return the library in a folder."""
        table = json.loads((folder / TEXTS).read_text(encoding="utf-8"))
        vectors = np.load(folder / VECTORS, allow_pickle=False).astype(np.float32)
        return cls(
            table["entries"],
            vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
            table["nearest"],
            Reward.read(folder),
        )

    def near(self, kind: str, vector: Any, levels: dict[str, float]) -> list[Candidate]:
        """Return the replies written in near moments of a type that would express something more, nearest first.

        `levels` are the expected levels of the reply that was given.
        """
        likeness = self.directions @ (vector / np.linalg.norm(vector))
        places = [place for place, entry in enumerate(self.entries) if entry["type"] == kind]
        found: list[Candidate] = []
        for place in sorted(places, key=lambda each: -likeness[each]):
            if likeness[place] < self.nearest or len(found) == MOST_CANDIDATES:
                break
            entry = self.entries[place]
            gains = {name: own - levels[name] for name, own in zip(MECHANISMS, entry["levels"], strict=True)}
            mechanism = max(gains, key=lambda name: gains[name])
            if gains[mechanism] >= LEAST_GAIN:
                found.append(Candidate(entry["id"], entry["client"], entry["text"], mechanism))
        return found

    def suggest(self, candidates: list[Candidate], vectors: Sequence[Any], given: Any) -> dict[str, Any] | None:
        """Return the candidate that scores highest, if it scores above the reply that was given; else None.

        `vectors` are those of the candidates as replies to this client's turn, `given` that of the counsellor's reply.
        The score is the probability that the candidate is preferred to the reply that was given.
        """
        scores = [self.reward.preferred(vector, given) for vector in vectors]
        best = max(range(len(scores)), key=lambda place: scores[place], default=None)
        if best is None or scores[best] <= EVEN:
            return None
        chosen = candidates[best]
        return {
            "text": chosen.text,
            "mechanism": chosen.mechanism,
            "written_id": chosen.written_id,
            "written_for": chosen.written_for,
            "score": round(scores[best], 2),
        }
