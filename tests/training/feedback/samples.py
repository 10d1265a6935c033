"""Made-up annotated exchanges, each of which passes the gate."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stream.contracts.vocabulary import Mechanism
from training.feedback.annotated import build_training_set, read_annotated
from training.feedback.data import Arm, Item

CLIENTS = ("I won't write that diary again.", "What is that supposed to change?", "You asked me that last week.")
REPLIES = (
    "It is up to you whether the diary goes on. What would be of more use?",
    "You have had enough of it. That sounds tiring.",
    "But a diary helps most people.",
)


def line(number: int, given: Sequence[int] = (2, 1, 0, 1), /, **changes: Any) -> dict[str, Any]:
    """Return an annotated exchange; two consecutive numbers make a session."""
    client, reply = CLIENTS[number % len(CLIENTS)], f"{REPLIES[number % len(REPLIES)]} ({number})"
    quoted = reply.partition(".")[0]
    made: dict[str, Any] = {
        "session": f"s-{number // 2}",
        "before": [["counsellor", "How did it go?"]],
        "client": client,
        "reply": reply,
        "levels": dict(zip(Mechanism, given, strict=True)),
        "reasons": dict.fromkeys(Mechanism, f"What the reply does, number {number}."),
        "evidence": {mechanism: [quoted] for mechanism, level in zip(Mechanism, given, strict=True) if level},
        "resistance_type": "discounting",
        "reviewers": 2,
    }
    return made | changes


def lines(count: int) -> list[dict[str, Any]]:
    """Return exchanges of which one in six has strong autonomy."""
    return [line(number, (2 if number % 6 == 0 else number % 2, 1, number % 3, 0)) for number in range(count)]


def write(path: Path, written: Sequence[dict[str, Any]]) -> Path:
    """Write annotated exchanges to a file as an operator would, and return its path."""
    path.write_text("".join(json.dumps(one) + "\n" for one in written))
    return path


def items(path: Path, count: int = 40, arm: Arm = Arm.REASONS) -> list[Item]:
    """Return the training data of `count` exchanges."""
    return build_training_set(read_annotated(write(path, lines(count))), arm).items
