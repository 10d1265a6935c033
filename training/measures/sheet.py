"""Writes the sheet from which a rater rates exchanges for the six dimensions, without saying where they come from."""

import random
from collections.abc import Iterable, Sequence
from pathlib import Path

from stream.measures.anchors import WINDOW_TURNS
from training.corpora.labels import TurnId
from training.corpora.transcripts import Conversation, Turn
from training.errors import DataError

_LETTERS = {"counsellor": "T", "client": "C"}


def window(conversations: Sequence[Conversation], exchange: TurnId) -> tuple[Turn, ...]:
    """Return up to six turns, of which the last two are the client's turn of a number from 1 and the reply to it.

    Raises:
        DataError: there is no such turn, or no reply to it.
    """
    conversation, number = exchange
    for talk in conversations:
        if talk.id == conversation:
            places = [place for place, turn in enumerate(talk.turns) if turn.speaker == "client"]
            if number <= len(places) and (end := places[number - 1] + 2) <= len(talk.turns):
                return talk.turns[max(0, end - WINDOW_TURNS) : end]
    raise DataError(f"the data hold no client turn {number} of {conversation} with a reply")


def in_order(exchanges: Iterable[TurnId], order: int) -> list[TurnId]:
    """Return exchanges in the order of a seed, which is another for each pass."""
    shuffled = sorted(exchanges)
    random.Random(order).shuffle(shuffled)
    return shuffled


def write_sheet(conversations: Sequence[Conversation], exchanges: Iterable[TurnId], order: int, out: Path) -> None:
    """Write the windows of exchanges in the order of a seed, numbered from 1.

    Raises:
        FileExistsError: there is a file already; a rater's place in it must not change.
    """
    windows = [window(conversations, exchange) for exchange in in_order(exchanges, order)]
    with out.open("x", encoding="utf-8") as file:
        for number, turns in enumerate(windows, start=1):
            file.write(f"#{number}\n")
            file.writelines(f"  {_LETTERS[turn.speaker]}: {turn.text}\n" for turn in turns)
