"""The turns of a finished session as measures read them: role, words and time, and nobody's name or pseudonym."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby

from stream.contracts.vocabulary import Role
from stream.reading import read_text

MAX_SENTENCES = 40
"""Sentences of a turn that are read; more of them are pasted text and no talk."""
# A run of end marks ends a sentence where white space follows: "3.5" and "e.g.this" go on.
_SENTENCE = re.compile(r"[^\n]+?(?:(?<![.?!\u2026])[.?!\u2026]++[\"'\u201d\u2019)]*+(?=\s|$)|$)", re.MULTILINE)
_WORD = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class SaidMessage:
    """A message as the stage has it: who by role, the text as typed, and when."""

    role: Role
    text: str = field(repr=False)
    at_s: float
    """Seconds of any clock; only differences are read."""
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """A maximal run of one role's messages, read as words."""

    role: Role
    text: str = field(repr=False)
    offset_s: float
    """Seconds from the session's first message to the turn's first."""
    message_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FinishedSession:
    """A session after its close: its turns, in which client and counsellor take turns, and its language."""

    turns: tuple[Turn, ...]
    language: str | None = None
    """The language tag of the session's record; None where nobody knows it."""

    def before(self, place: int) -> str:
        """Return the words of the turn before the one at a place; none before the first."""
        return self.turns[place - 1].text if place else ""


def finished_session(messages: Iterable[SaidMessage], language: str | None = None) -> FinishedSession:
    """Return the turns of messages that are in order. What a system wrote is no turn and splits none."""
    said = [message for message in messages if message.role is not Role.SYSTEM]
    turns = []
    for role, run in groupby(said, key=lambda message: message.role):
        own = list(run)
        text = "\n".join(_readable(message.text) for message in own)
        message_ids = tuple(message.message_id for message in own)
        turns.append(Turn(role, text, own[0].at_s - said[0].at_s, message_ids))
    return FinishedSession(tuple(turns), language)


def _readable(text: str) -> str:
    """Return the words of a text; half a character, which no encoding can hold, is left out."""
    return read_text(text).text.encode(errors="ignore").decode()


def sentences(text: str) -> list[str]:
    """Return the sentences of a turn that hold a letter, in order, at most `MAX_SENTENCES`."""
    found = []
    for match in _SENTENCE.finditer(text):
        sentence = match.group().strip()
        if _WORD.search(sentence):
            found.append(sentence)
            if len(found) == MAX_SENTENCES:
                break
    return found
