"""What kind of utterance a sentence reads like: a linear model over its words and pairs, trained on public labels.

It hears what no list of set phrases holds, and is wrong more often than one: MODEL_CARD.md says how often.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

REFLECTION, QUESTION, INPUT, OTHER = KINDS = ("reflection", "question", "input", "other")
"""AnnoMI's four kinds of counsellor utterance; input is advice, information, options."""

SURE = 0.6
"""The least probability that counts: a missed reflection costs a level, a misheard one praises what was not said."""

_BEGIN = "^"
_TERM = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*|\?")


@dataclass(frozen=True)
class Behaviours:
    """Weights by term, in the order of `KINDS`."""

    bias: Sequence[float]
    weights: Mapping[str, Sequence[float]] = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> Behaviours:
        """As `write` left them."""
        told = json.loads(path.read_text(encoding="utf-8"))
        return cls(told["bias"], told["weights"])

    def write(self, path: Path) -> None:
        """JSON, a term a line, so that anybody can read what was learned."""
        lines = ",\n".join(f"{json.dumps(term)}: {json.dumps(list(row))}" for term, row in sorted(self.weights.items()))
        path.write_text(f'{{"bias": {json.dumps(list(self.bias))},\n"weights": {{\n{lines}\n}}}}\n', encoding="utf-8")

    def probabilities(self, folded: str) -> dict[str, float]:
        """How likely a sentence, folded, is of each kind."""
        found = list(dict.fromkeys(terms(folded)))
        known = [self.weights[term] for term in found if term in self.weights]
        length = math.sqrt(len(known)) or 1.0
        scores = [bias + sum(row[place] for row in known) / length for place, bias in enumerate(self.bias)]
        highest = max(scores)
        grown = [math.exp(score - highest) for score in scores]
        return {kind: each / sum(grown) for kind, each in zip(KINDS, grown, strict=True)}

    def reads_like(self, kind: str, folded: str) -> bool:
        """Whether a sentence is surely enough of a kind."""
        return self.probabilities(folded)[kind] >= SURE


def terms(folded: str) -> list[str]:
    """Words and question marks, and each pair of neighbours; the beginning is a neighbour too."""
    found = [_BEGIN, *_TERM.findall(folded)]
    return found[1:] + [f"{first} {second}" for first, second in pairwise(found)]


SHIPPED = Path(__file__).with_name("behaviours.json")
