"""The answers of the reader, in the order of its outputs, which the recipe and the served model share.

`triton_models/reader/1/reader.py` reads the same lists from the file that `as_json` writes.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from stream.contracts.rubric import MISTAKES, Technique
from stream.contracts.vocabulary import Concern, Level, Mechanism, ResistanceType

NONE: Final = "none"
RESISTANCE: Final = (NONE, *(kind.value for kind in ResistanceType))
CRITICAL: Final = (NONE, *(concern.value for concern in Concern))
TECHNIQUES: Final = tuple(technique.value for technique in Technique)
MISTAKE_CODES: Final = (NONE, *(mistake.code for mistake in MISTAKES))
LEVELS: Final = len(Level)
LEVEL_FROM: Final = (0.7, 1.4)
"""The mean level under its probabilities from which on a reply is weak, and strong. Chosen on the first fold: there, 94
real replies to resistance have a mean kappa of .71 with raters, and .70 where the nearest level is taken."""


@dataclass(frozen=True, slots=True)
class Head:
    """A part of an output vector: its name, and the places of its logits."""

    name: str
    start: int
    end: int


def _heads(sizes: dict[str, int]) -> dict[str, Head]:
    ends = [0]
    for size in sizes.values():
        ends.append(ends[-1] + size)
    return {name: Head(name, start, end) for name, (start, end) in zip(sizes, pairwise(ends), strict=True)}


TURN_HEADS: Final = _heads({"resistance": len(RESISTANCE), "critical": len(CRITICAL), "planted": 1})
"""What is read from the counsellor's turn and the client's turn after it."""
REPLY_HEADS: Final = _heads(
    {
        **{mechanism.value: LEVELS for mechanism in Mechanism},
        "technique": len(TECHNIQUES),
        "mistake": len(MISTAKE_CODES),
        "planted": 1,
    }
)
"""What is read from a client's turn and the reply to it."""


def width(heads: dict[str, Head]) -> int:
    """Return the number of logits of an output."""
    return max(head.end for head in heads.values())


def as_json() -> dict[str, object]:
    """Return the lists and places as the served model reads them."""
    return {
        "resistance": RESISTANCE,
        "critical": CRITICAL,
        "technique": TECHNIQUES,
        "mistake": MISTAKE_CODES,
        "level_from": LEVEL_FROM,
        "turn": {head.name: (head.start, head.end) for head in TURN_HEADS.values()},
        "reply": {head.name: (head.start, head.end) for head in REPLY_HEADS.values()},
    }
