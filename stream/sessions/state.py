"""The stored parts of a conversation: segments of messages under numbers from 1, and a head under number 0.

A message changes exactly one segment, so that it is seen and has its effect in one write. A segment takes no further
message once it is written, so that what is written for a message does not grow with the session. The head changes
only when a session closes, reopens or is withdrawn, and with what belongs to no message: names, and edits before their
original.

What there is one of for each message is a plain dataclass: a model would need three times the memory.
"""

from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError

from stream.contracts.base import Contract, MessageId, Utc
from stream.contracts.sessions import Cue, KnownName
from stream.contracts.vocabulary import EndReason, Role

HEAD_NUMBER = 0


@dataclass(frozen=True, slots=True)
class Scored:
    """The detector's result for one client message."""

    score: float
    flagged: bool
    cues: tuple[Cue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A message with its present text. A deleted message stays as an entry without text."""

    message_id: MessageId
    offset: int
    """Of its original in the messages topic: the order of arrival."""
    appended_ms: int
    touched: int
    """Offset of the last event that changed it."""
    touched_ms: int
    role: Role
    author: str = field(repr=False)
    sent_at: Utc
    text: str = field(default="", repr=False)
    revision: int = 0
    deleted: bool = False
    language: str | None = None
    secondary_use: bool = False
    scored: Scored | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """The messages that one batch brought to one session, at most 32, as they arrived."""

    session: MessageId
    """The session's first message names it."""
    entries: tuple[Entry, ...]


class EarlyChange(Contract):
    """An edit or a deletion that came before its original."""

    message_id: MessageId
    arrived_ms: int
    revision: int = 0
    text: str = ""
    deleted: bool = False
    secondary_use: bool = True


class SessionHead(Contract):
    """A session that has closed at least once, or was withdrawn."""

    session: MessageId
    is_open: bool
    revision: int
    """Of the last record published."""
    started_at: Utc
    ended_at: Utc
    closed_at_ms: int
    """Broker time of the last close, not counting closes for late messages: the windows for them start here."""
    closed_through: int
    """Offset up to which the last close has seen the session's messages."""
    end_reason: EndReason
    explicit_end: Utc | None = None
    withdrawn: bool = False
    active_ms: int = 0
    """Broker time of its reopening; for a withdrawn session that goes on, of the last message that was dropped."""


class Head(Contract):
    """The part of a conversation beside its segments."""

    through: int = -1
    """Every event of the conversation up to this offset has had its effect, and the effect is kept."""
    sessions: tuple[SessionHead, ...] = ()
    withdrawn_at: Utc | None = None
    """When consent was last taken back, or erasure asked for: what was sent before is not heard any more."""
    withdrawn_ms: int = 0
    names: tuple[KnownName, ...] = ()
    names_ms: int = 0
    early: tuple[EarlyChange, ...] = ()


EMPTY_HEAD = Head()
"""The head of a conversation of which nothing but messages is known: one for all of them."""
_SEGMENT = TypeAdapter(Segment)


def encode_part(part: Head | Segment) -> bytes:
    """The changelog value of one part."""
    if isinstance(part, Segment):
        return _SEGMENT.dump_json(part, exclude_defaults=True)
    return part.model_dump_json(exclude_defaults=True).encode()


def decode_part(number: int, value: bytes) -> Head | Segment:
    """Read back what `encode_part` wrote.

    Raises:
        ValueError: it is something else; its text names no content.
    """
    try:
        return Head.model_validate_json(value) if number == HEAD_NUMBER else _SEGMENT.validate_json(value)
    except ValidationError as error:
        raise ValueError(f"part {number} of a conversation cannot be read: {error.error_count()} errors") from None
