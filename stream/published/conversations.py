"""A published conversation: who said what in which order, with the labels and scores that came with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from stream.contracts.vocabulary import Role


@dataclass(frozen=True, slots=True)
class PublishedUtterance:
    """An utterance with its place in its file."""

    place: str
    role: Role
    text: str = field(repr=False)
    code: str | None = None
    """What its publisher's labels call it, as a name of a column would be written; None where there is none."""
    score: int | None = None
    """What its speaker said of the other's last turn, from 1 to 5; None where nobody was asked."""


@dataclass(frozen=True, slots=True)
class PublishedConversation:
    """A conversation under a name that is its own within its corpus."""

    name: str
    group: str
    """Conversations of one group share people or a source, and are never split between training and test."""
    utterances: tuple[PublishedUtterance, ...]
    scores: Mapping[str, int] = field(default_factory=dict)
    """What was said of the whole conversation, by the name of a column."""
