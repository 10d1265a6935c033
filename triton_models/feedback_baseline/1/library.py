"""Replies that fit many moments of a type of resistance, and which of them to offer.

`library.json` holds the replies and the invented words that they answer, `library.npy` a row of 8-bit numbers for each:
the direction of the reader's vector of these words. A reply holds no detail of any life, so that it needs no similar
moment, only one of its type. The reward head says which are preferred to the reply that was given; of those that are
as good, the one whose words are nearest comes first. Nothing is completed or changed.
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
"""Replies that are read after the client's turn, nearest first: each costs the reader as much as a sentence."""
EVEN = 0.5
"""The probability at which neither of two replies is preferred."""
AS_GOOD = 0.1
"""A smaller difference of two scores is no difference: the head was fitted on some 1,700 pairs."""


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
    """Replies with the type and the vector of the words that they answer, and the expected levels of each reply."""

    entries: list[dict[str, Any]]
    directions: Any
    reward: Reward

    @classmethod
    def read(cls, folder: Path) -> Library:
        """Return the library in a folder."""
        table = json.loads((folder / TEXTS).read_text(encoding="utf-8"))
        vectors = np.load(folder / VECTORS, allow_pickle=False).astype(np.float32)
        return cls(
            table["entries"],
            vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
            Reward.read(folder),
        )

    def candidates(self, kind: str, vector: Any, levels: dict[str, float]) -> list[Candidate]:
        """Return the replies to a type that would express something more, those to the most similar words first.

        `levels` are the expected levels of the reply that was given.
        """
        likeness = self.directions @ vector
        places = [place for place, entry in enumerate(self.entries) if entry["type"] == kind]
        found: list[Candidate] = []
        for place in sorted(places, key=lambda each: -likeness[each]):
            entry = self.entries[place]
            gains = {name: own - levels[name] for name, own in zip(MECHANISMS, entry["levels"], strict=True)}
            mechanism = max(gains, key=lambda name: gains[name])
            if gains[mechanism] >= LEAST_GAIN:
                found.append(Candidate(entry["id"], entry["client"], entry["text"], mechanism))
        return found[:MOST_CANDIDATES]

    def suggest(self, candidates: list[Candidate], vectors: Sequence[Any], given: Any) -> list[dict[str, Any]]:
        """Return the candidates that are preferred to the reply that was given and as good as the best, in order.

        `vectors` are those of the candidates as replies to this client's turn, `given` that of the counsellor's reply.
        The score is the probability that the candidate is preferred to the reply that was given.
        """
        scores = [self.reward.preferred(vector, given) for vector in vectors]
        least = max(scores, default=EVEN) - AS_GOOD
        return [
            {
                "text": chosen.text,
                "mechanism": chosen.mechanism,
                "written_id": chosen.written_id,
                "written_for": chosen.written_for,
                "score": round(score, 2),
            }
            for chosen, score in zip(candidates, scores, strict=True)
            if score > EVEN and score >= least
        ]
