"""How surely one reply to a client's turn is preferred to another, by the reader's vectors of both.

`reward.npy` holds one weight for each number of a vector, fitted on pairs of replies of which one is preferred
(`training/reader/reward.py`); `reward.json` says on how many, and for which reader.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

WEIGHTS = "reward.npy"
SUREST = 0.99
"""Nothing that learned from some 1,700 pairs is surer, and 1.00 would read as certainty."""


@dataclass(frozen=True)
class Reward:
    """The weights of the reward head."""

    weights: Any

    @classmethod
    def read(cls, folder: Path) -> Reward:
        """Return the head in a folder."""
        return cls(np.load(folder / WEIGHTS, allow_pickle=False))

    def preferred(self, one: Any, other: Any) -> float:
        """Return the probability that the reply of one vector is preferred to that of the other, at most `SUREST`.

        Both must be replies to the same turn: what the turn adds to a vector is no merit of a reply.
        """
        lead = float(self.weights @ (one - other))
        share = 1 / (1 + float(np.exp(-np.clip(lead, -30, 30))))  # beyond that a number overflows and says no more
        return min(share, SUREST)
