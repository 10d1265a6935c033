"""The stored parts of a conversation: segments of messages under numbers from 1, and a head under number 0.

A message changes exactly one segment, so that it is seen and has its effect in one write. A segment takes no further
message once it is written, so that what is written for a message does not grow with the session. The head changes
only when a session closes, reopens or is withdrawn, and with what belongs to no message: names and early changes.

A class with one instance per message is a plain dataclass, since a pydantic model would need three times the memory.
"""

from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError

from stream.contracts.base import Contract, MessageId, Utc
from stream.contracts.messages import Message
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
    """A message with its current text. A deleted message stays as an entry without text."""

    message_id: MessageId
    offset: int
    """The offset of the original in the messages topic, which gives the order of arrival."""
    appended_ms: int
    touched: int
    """The offset of the last event that changed the message."""
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
    """The messages that one batch brought to one session, at most 32, in the order of arrival."""

    session: MessageId
    """The name of the session: the id of its first message."""
    entries: tuple[Entry, ...]


class EarlyChange(Contract):
    """An edit or a deletion that came before its message."""

    message_id: MessageId
    arrived_ms: int
    revision: int = 0
    text: str = ""
    deleted: bool = False
    secondary_use: bool = True
    author: str | None = None
    """Who edited, where only the message's own author may; None where whoever sent the change has made sure of that."""

    def is_of(self, message: Message) -> bool:
        """Return whether the message is the one to change, and its author the one who may."""
        return self.message_id == message.message_id and self.author in {None, message.author}


class SessionHead(Contract):
    """A session that has closed at least once, or was withdrawn."""

    session: MessageId
    is_open: bool
    revision: int
    """The revision of the last record published."""
    started_at: Utc
    ended_at: Utc
    closed_at_ms: int
    """The broker time of the last close, which starts the windows; closing again for late messages does not move it."""
    closed_through: int
    """The offset up to which the last close includes the session's messages."""
    end_reason: EndReason
    explicit_end: Utc | None = None
    """The platform's own time of the end; None when the session did not end explicitly, or has reopened since."""
    platform_end: Utc | None = None
    """The same, but kept when the session reopens, so that the end is recognised when the platform sends it again."""
    first_offset: int = -1
    """The offset of the first message to arrive; it decides whether the session began before another event."""
    first_appended_ms: int = 0
    last_appended_ms: int = 0
    withdrawn: bool = False
    active_ms: int = 0
    """The broker time of its reopening; for a withdrawn session, of its withdrawal or last refused message."""
    id_hashes: str = ""
    """The hashes of the ids of its messages once their text is gone: a message that comes again is no new one."""


class Head(Contract):
    """The part of a conversation that is kept beside its segments: sessions, names and early changes."""

    through: int = -1
    """Every event of the conversation up to this offset has had its effect, and the effect is kept."""
    sessions: tuple[SessionHead, ...] = ()
    withdrawn_ms: int = 0
    """The broker time of the last withdrawal or erasure, or at which a withdrawn session ended; 0 if there was none."""
    withdrawn_at: Utc | None = None
    """The time that the same event claims: older messages that come within seconds of it are refused."""
    refused_id_hashes: str = ""
    """The same of messages that were withdrawn or erased, or refused after that: they are refused again."""
    names: tuple[KnownName, ...] = ()
    names_ms: int = 0
    """The broker time at which names were last told, or a session last closed."""
    early: tuple[EarlyChange, ...] = ()


EMPTY_HEAD = Head()
"""The head of a conversation that has only messages; all such conversations share this object."""
_SEGMENT = TypeAdapter(Segment)


def encode_part(part: Head | Segment) -> bytes:
    """Return one part as a value of the changelog."""
    if isinstance(part, Segment):
        return _SEGMENT.dump_json(part, exclude_defaults=True)
    return part.model_dump_json(exclude_defaults=True).encode()


def decode_part(number: int, value: bytes) -> Head | Segment:
    """Return the part that `encode_part` wrote as this value.

    Raises:
        ValueError: the value is something else; the message contains none of it.
    """
    try:
        return Head.model_validate_json(value) if number == HEAD_NUMBER else _SEGMENT.validate_json(value)
    except ValidationError as error:
        raise ValueError(f"part {number} of a conversation cannot be read: {error.error_count()} errors") from None
