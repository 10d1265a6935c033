"""The reader's logits by name: what a turn and a reply are, how surely, and the levels of each mechanism."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

MECHANISMS = (
    "respect_for_autonomy",
    "stance_alignment",
    "emotional_resonance",
    "conversational_orientation",
)
SMALLEST = 1e-6
"""The least probability that has a logit worth speaking of; 0 has none."""


class Opinion(NamedTuple):
    """The logits of a pair as turn and as reply, and its vector."""

    turn: Any
    reply: Any
    vector: Any


ReadPairs = Callable[[Sequence[tuple[str, str]]], Sequence[Opinion]]
"""Reads pairs of texts, in order: behind Triton or in this process."""


class Choice(NamedTuple):
    """The likeliest answer of a question, and its probability."""

    name: str
    probability: float


@dataclass(frozen=True)
class Answers:
    """The names and places of the logits, and the thresholds, as the reader's answers.json has them."""

    table: dict[str, Any]

    def resistance(self, opinion: Opinion) -> float:
        """Return the calibrated probability that the turn is resistance."""
        share = 1 - float(self._softmax("turn", "resistance", opinion.turn)[0])
        slope, intercept = self.table["calibration"]
        share = min(max(share, SMALLEST), 1 - SMALLEST)
        logit = math.log(share / (1 - share))
        return 1 / (1 + math.exp(-(slope * logit + intercept)))

    def resistance_type(self, opinion: Opinion) -> Choice:
        """Return the likeliest of the 13 behaviours, given that the turn is resistance."""
        shares = self._softmax("turn", "resistance", opinion.turn)[1:]
        best = int(shares.argmax())
        return Choice(self.table["resistance"][best + 1], float(shares[best] / shares.sum()))

    def critical(self, opinion: Opinion) -> Choice:
        """Return the likeliest kind of critical content, and the probability that there is any."""
        shares = self._softmax("turn", "critical", opinion.turn)
        return Choice(self.table["critical"][int(shares[1:].argmax()) + 1], 1 - float(shares[0]))

    def planted(self, kind: str, opinion: Opinion) -> float:
        """Return the probability that the second text holds something that is meant to steer a rating."""
        logits = opinion.turn if kind == "turn" else opinion.reply
        start, _ = self.table[kind]["planted"]
        return 1 / (1 + math.exp(-float(logits[start])))

    def levels(self, mechanism: str, opinion: Opinion) -> Any:
        """Return the probabilities of levels 0, 1 and 2."""
        return self._softmax("reply", mechanism, opinion.reply)

    def expected_level(self, mechanism: str, opinion: Opinion) -> float:
        """Return the mean level under its probabilities, from 0 to 2."""
        shares = self.levels(mechanism, opinion)
        return float(shares[1] + 2 * shares[2])

    def level(self, mechanism: str, opinion: Opinion) -> int:
        """Return the highest level whose bound the mean reaches.

        Where none and strong are about as likely, the likeliest level turns over with a comma; the mean stays.
        """
        mean = self.expected_level(mechanism, opinion)
        return sum(mean >= float(start) for start in self.table["level_from"])

    def technique(self, opinion: Opinion) -> Choice:
        """Return the likeliest main technique of the reply."""
        shares = self._softmax("reply", "technique", opinion.reply)
        best = int(shares.argmax())
        return Choice(self.table["technique"][best], float(shares[best]))

    def threshold(self, name: str) -> float:
        """Return the probability from which on something counts as heard."""
        return float(self.table["thresholds"][name])

    def _softmax(self, kind: str, name: str, logits: Any) -> Any:
        start, end = self.table[kind][name]
        grown = np.exp(logits[start:end] - logits[start:end].max())
        return grown / grown.sum()
