"""One conversation in memory: its parts, where each message is, and which parts are not yet written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from stream.contracts.errors import Poison
from stream.contracts.ids import record_key
from stream.contracts.vocabulary import DeadLetterReason
from stream.sessions.rules import MAX_SESSIONS, SEGMENT_BYTES, SEGMENT_MESSAGES
from stream.sessions.state import HEAD, NO_HEAD, Entry, Head, Segment, SessionHead, encode

_BYTES_A_CODE_POINT = 6  # of JSON at most: an escaped control character
_BYTES_BESIDE_TEXT = 4_000  # of a message at most: ids, times and five cues


@dataclass(slots=True)
class Facts:
    """What is asked of a session at every message, kept instead of counted anew."""

    count: int
    first_offset: int
    last_ms: int
    first_sent: datetime
    last_sent: datetime
    touched: int
    touched_ms: int


class Conversation:
    """Parts are immutable; changing one marks its number as dirty until the worker has written it.

    Segments stand in the order of arrival.
    """

    __slots__ = ("_last", "_open", "_where", "conversation_id", "dirty", "facts", "head", "key", "segments", "tenant")

    def __init__(self, tenant: str, conversation_id: str, parts: Mapping[int, Head | Segment] | None = None) -> None:
        """`parts` is what the changelog holds; without it the conversation is new."""
        self.tenant = tenant
        self.conversation_id = conversation_id
        self.key = record_key(tenant, conversation_id)
        self.head = NO_HEAD
        self.segments: dict[int, Segment] = {}
        self.facts: dict[str, Facts] = {}
        self.dirty: set[int] = set()
        self._where: dict[str, int] = {}
        self._open: str | None = None
        self._last = HEAD
        segments: list[tuple[int, Segment]] = []
        for number, part in (parts or {}).items():
            if isinstance(part, Head):
                self.head = part
            else:
                segments.append((number, part))
        # What a crash let come again has a higher number than what came after it.
        for number, segment in sorted(segments, key=lambda numbered: numbered[1].entries[0].offset):
            self._load(number, segment)
        self._find_open()

    def __repr__(self) -> str:
        return f"Conversation({self.tenant}:{self.conversation_id}, {len(self.segments)} segments)"

    def part(self, number: int) -> Head | Segment | None:
        """The part to write under `number`; None when it is to be deleted."""
        if number == HEAD:
            return self.head if self._has_head else None
        return self.segments.get(number)

    @property
    def numbers(self) -> list[int]:
        """The numbers under which something is kept."""
        return [HEAD, *self.segments] if self._has_head else list(self.segments)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to keep."""
        return not self.segments and not self._has_head

    @property
    def _has_head(self) -> bool:
        return self.head is not NO_HEAD and self.head != NO_HEAD

    def entry(self, message_id: str) -> Entry | None:
        """The message under that id, in whichever session it is."""
        number = self._where.get(message_id)
        if number is None:
            return None
        return next(e for e in self.segments[number].entries if e.message_id == message_id)

    def session_of(self, message_id: str) -> str:
        """The session that holds the message."""
        return self.segments[self._where[message_id]].session

    def entries(self, session: str) -> Iterator[Entry]:
        """All messages of a session, in no order."""
        for segment in self.segments.values():
            if segment.session == session:
                yield from segment.entries

    def latest(self) -> Iterator[Entry]:
        """All messages, the last to arrive first."""
        for segment in reversed(self.segments.values()):
            yield from reversed(segment.entries)

    def session(self, name: str) -> SessionHead | None:
        """What the head says of a session; None when it has never closed."""
        return next((s for s in self.head.sessions if s.session == name), None)

    @property
    def open_session(self) -> str | None:
        """The one session that is open, if there is one."""
        return self._open

    def add(self, session: str, entry: Entry) -> None:
        """Put a new message into the last segment, if it is the session's, not yet written, and has room."""
        last = self.segments.get(self._last)
        if last is not None and self._last in self.dirty and last.session == session and _has_room(last, entry):
            self.segments[self._last] = Segment(session, (*last.entries, entry))
        else:
            self._last += 1
            self.segments[self._last] = Segment(session, (entry,))
        self._where[entry.message_id] = self._last
        self._count(session, entry)
        self.dirty.add(self._last)

    def replace(self, entry: Entry) -> None:
        """Put new words, or none, in a message's place.

        Raises:
            Poison: OVERSIZE, when the segment would no longer fit into one record.
        """
        number = self._where[entry.message_id]
        old = self.segments[number]
        new = Segment(old.session, tuple(entry if e.message_id == entry.message_id else e for e in old.entries))
        if not entry.deleted and len(encode(new)) > SEGMENT_BYTES:
            raise Poison(DeadLetterReason.OVERSIZE, "segment")
        self.segments[number] = new
        facts = self.facts[old.session]
        if entry.touched > facts.touched:
            facts.touched, facts.touched_ms = entry.touched, entry.touched_ms
        self.dirty.add(number)

    def set_head(self, **changes: object) -> None:
        """Change fields of the head."""
        self.head = self.head.model_copy(update=changes)
        self.dirty.add(HEAD)
        self._find_open()

    def set_session(self, session: SessionHead) -> None:
        """Put a session's head in its place; a new one goes last, and the oldest of too many is forgotten."""
        known = self.head.sessions
        if any(s.session == session.session for s in known):
            self.set_head(sessions=tuple(session if s.session == session.session else s for s in known))
            return
        for oldest in known[: -MAX_SESSIONS + 1]:
            self.drop_text(oldest.session)
        self.set_head(sessions=(*known, session)[-MAX_SESSIONS:])

    def drop_text(self, session: str) -> None:
        """Let go of a session's segments."""
        for number in [n for n, s in self.segments.items() if s.session == session]:
            for entry in self.segments.pop(number).entries:
                del self._where[entry.message_id]
            self.dirty.add(number)
        self.facts.pop(session, None)
        self._find_open()

    def clear(self) -> None:
        """Let go of everything."""
        for session in list(self.facts):
            self.drop_text(session)
        self.head = NO_HEAD
        self.dirty.add(HEAD)
        self._find_open()

    def _find_open(self) -> None:
        """Remember the open session: it is asked for several times a message, and seldom another."""
        known = {head.session: head.is_open for head in self.head.sessions}
        opened = (name for name, is_open in known.items() if is_open)
        self._open = next(opened, None) or next((name for name in self.facts if name not in known), None)

    def _load(self, number: int, segment: Segment) -> None:
        self.segments[number] = segment
        self._last = max(self._last, number)
        for entry in segment.entries:
            self._where[entry.message_id] = number
            self._count(segment.session, entry)

    def _count(self, session: str, entry: Entry) -> None:
        facts = self.facts.get(session)
        if facts is None:
            self.facts[session] = Facts(
                1, entry.offset, entry.appended_ms, entry.sent_at, entry.sent_at, entry.touched, entry.touched_ms
            )
            self._find_open()
            return
        facts.count += 1
        facts.first_offset = min(facts.first_offset, entry.offset)
        facts.last_ms = max(facts.last_ms, entry.appended_ms)
        facts.first_sent = min(facts.first_sent, entry.sent_at)
        facts.last_sent = max(facts.last_sent, entry.sent_at)
        if entry.touched > facts.touched:
            facts.touched, facts.touched_ms = entry.touched, entry.touched_ms


def _has_room(segment: Segment, entry: Entry) -> bool:
    held = (*segment.entries, entry)
    most = sum(_BYTES_A_CODE_POINT * len(e.text) + _BYTES_BESIDE_TEXT for e in held)
    return len(held) <= SEGMENT_MESSAGES and most <= SEGMENT_BYTES
