"""What is rated: the counsellor's turn before, the client's turn and the reply, as sentences."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .text import Sentence, sentences

# As much as the reader was trained on; both fit its tokens.
BEFORE_CHARACTERS = 500
TEXT_CHARACTERS = 1_000
MAX_SENTENCES = 40
"""Sentences of a turn or a reply that are read; more of them in so many characters are no prose."""
PIECE_OVERLAP = 100
"""Characters that two pieces of a long turn share, so that few words are cut in two."""


@dataclass(frozen=True)
class Moment:
    """A client turn between the counsellor's turn before it and the reply, as far as they are read."""

    before: str = field(repr=False)
    client: tuple[Sentence, ...] = field(repr=False)
    reply: tuple[Sentence, ...] = field(repr=False)
    client_pieces: tuple[str, ...] = field(repr=False)
    """The client's turn from its first to its last word, in pieces that are read as a whole."""
    is_answered: bool = True
    """Whether there is a reply, even one without words."""

    @property
    def client_text(self) -> str:
        """The client's turn as one text."""
        return joined(self.client)

    @property
    def client_end(self) -> str:
        """What a reply is read after: the end of the client's turn."""
        return self.client_text[-BEFORE_CHARACTERS:]

    @property
    def reply_text(self) -> str:
        """The reply as one text."""
        return joined(self.reply)


def joined(parts: tuple[Sentence, ...]) -> str:
    """Return sentences as one text, as far as it is read."""
    return " ".join(sentence.raw for sentence in parts)[:TEXT_CHARACTERS]


def read_request(request: dict[str, Any]) -> Moment:
    """Return the moment that a request shows.

    Raises:
        ValueError: a request of another shape; the sentence never holds text of a message.
    """
    match request:
        case {"schema": "3", "messages": [*messages]}:
            parts: dict[str, list[Sentence]] = {"context": [], "client_turn": [], "reply": []}
        case _:
            raise ValueError('the request is not of schema "3" with a list of messages')
    before: list[str] = []
    for message in messages:
        match message:
            case {"number": int(number), "part": str(part), "role": str(role), "text": str(text)} if part in parts:
                parts[part] += sentences(number, _checked(text))
            case _:
                raise ValueError("a message lacks its number, part, role or text")
        if part == "context":  # the counsellor's last turn: what follows the client's last words before the turn
            before = [*before, text] if role == "counsellor" else []
    return Moment(
        " ".join(before)[-BEFORE_CHARACTERS:],
        _within_reach(parts["client_turn"]),
        _within_reach(parts["reply"]),
        _pieces(" ".join(sentence.raw for sentence in parts["client_turn"])),
        is_answered=any(message["part"] == "reply" for message in messages),
    )


def _checked(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:  # its own sentence holds a character of the text
        raise ValueError("a message holds half a character") from None
    return text


def _within_reach(parts: list[Sentence]) -> tuple[Sentence, ...]:
    """Return the first sentences, up to the one that passes the characters that are read."""
    kept: list[Sentence] = []
    length = 0
    for sentence in parts[:MAX_SENTENCES]:
        if length >= TEXT_CHARACTERS:
            break
        kept.append(sentence)
        length += len(sentence.raw) + 1
    return tuple(kept)


def _pieces(text: str) -> tuple[str, ...]:
    step = BEFORE_CHARACTERS - PIECE_OVERLAP
    return tuple(text[start : start + BEFORE_CHARACTERS] for start in range(0, max(1, len(text) - PIECE_OVERLAP), step))
