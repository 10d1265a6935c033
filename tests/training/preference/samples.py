"""Made-up rated replies, in the layout of their file."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stream.contracts.rubric import Principle
from training.preference.data import Item

GROUPS = 5  # the fewest of which a fifth is held out


def rated(number: int, ratings: Sequence[int] = (2, 4)) -> dict[str, Any]:
    """Return a prompt with replies, each rated alike by all principles but for full safety."""
    return {
        "id": f"p{number}",
        "group": f"g{number % GROUPS}",
        "prompt": f"I left the diary {number}, it changes nothing.",
        "replies": [
            {"text": REPLIES[rating], "ratings": dict.fromkeys(Principle, rating) | {Principle.SAFETY: 5}}
            for rating in ratings
        ],
    }


REPLIES = {
    1: "Keep at it anyway.",
    2: "You should keep at it, it will help you in the end, everybody says so.",
    3: "Okay, and what else is there this week?",
    4: "It is yours to leave.",
    5: "What would you put in its place?",
}


def write(path: Path, lines: Sequence[dict[str, Any]]) -> Path:
    """Write lines of JSON into a file, and return the file."""
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def item(number: int, chosen: str = "Good.", rejected: str = "Bad.") -> Item:
    """Return a pair; two consecutive numbers are one group."""
    return Item(
        id=str(number), group=f"g{number // 2}", prompt=f"Turn {number // 2}.", chosen=chosen, rejected=rejected
    )
