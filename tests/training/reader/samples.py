"""Made-up examples of the reader and logits for them, in which the answers are known."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from training.reader.examples import ReplyExample, TurnExample
from training.reader.targets import CRITICAL, REPLY_HEADS, RESISTANCE, TURN_HEADS, Head, width

SURE = 9.0
"""The logit of an answer beside others at 0."""


def turn(number: int, resistance: str = "none", source: str = "written", **known: Any) -> TurnExample:
    """Return a client turn; every writer, video and session has two."""
    group = {"annomi": f"https://video/{number // 2}", "mibot": f"p{number // 2}"}.get(source, f"writer-{number // 2}")
    text = known.pop("text", f"Turn {number}.")
    return TurnExample(f"T{number}", source, group, "Before.", text, RESISTANCE.index(resistance), **known)


def reply(
    number: int, levels: Sequence[int] = (0, 0, 0, 0), source: str = "written", text: str = "Reply."
) -> ReplyExample:
    """Return a reply; two consecutive numbers answer one turn of one writer."""
    return ReplyExample(f"T{number // 2}/{number % 2}", source, f"writer-{number // 4}", "Before.", text, tuple(levels))


def turn_logits(resistance: Sequence[str], critical: Sequence[str] | None = None) -> Any:
    """Return logits that are sure of the given answers."""
    logits = np.zeros((len(resistance), width(TURN_HEADS)))
    for row, name in enumerate(resistance):
        _choose(logits, row, TURN_HEADS["resistance"], RESISTANCE.index(name))
        _choose(logits, row, TURN_HEADS["critical"], CRITICAL.index(critical[row] if critical else "none"))
    return logits


def reply_logits(levels: Sequence[Sequence[int]]) -> Any:
    """Return logits that are sure of the given levels."""
    logits = np.zeros((len(levels), width(REPLY_HEADS)))
    for row, given in enumerate(levels):
        for head, level in zip(REPLY_HEADS.values(), given, strict=False):
            _choose(logits, row, head, level)
    return logits


def _choose(logits: Any, row: int, head: Head, place: int) -> None:
    logits[row, head.start + place] = SURE
