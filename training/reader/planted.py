"""Text that tries to steer whoever rates an exchange, planted into training examples without changing their targets."""

import random
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

FILE = Path(__file__).with_name("planted.toml")
# Shares of the places in a text: people add such text to what they have written, more often than they begin with it.
AT_END = 0.6
AT_START = 0.2


@dataclass(frozen=True, slots=True)
class Planted:
    """A piece of planted text and who could plausibly plant it."""

    text: str = field(repr=False)
    by_client: bool
    by_counsellor: bool


def load_planted(path: Path = FILE) -> list[Planted]:
    """Return all pieces of planted text."""
    with path.open("rb") as file:
        styles = tomllib.load(file)["style"]
    return [
        Planted(text, "client" in style["said_by"], "counsellor" in style["said_by"])
        for style in styles
        for text in style["attack"]
    ]


def plant(text: str, pieces: Sequence[Planted], random_: random.Random) -> str:
    """Return the text with one piece at its end, at its start or between two sentences."""
    piece = random_.choice(pieces).text
    place = random_.random()
    if place < AT_END:
        return f"{text} {piece}"
    if place < AT_END + AT_START:
        return f"{piece} {text}"
    head, dot, tail = text.partition(". ")
    return f"{head}{dot}{piece} {tail}" if dot else f"{text}\n{piece}"
