"""One conversation in memory: its parts, where each message is, and which parts are not yet written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from stream.contracts.vocabulary import DeadLetterReason
from stream.sessions.rules import MAX_SESSIONS, SEGMENT_BYTES, SEGMENT_MESSAGES, Refused
from stream.sessions.state import HEAD, Entry, Head, Segment, SessionHead, encode


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
    """Parts are immutable; changing one marks its number as dirty until the worker has written it."""

    __slots__ = ("_bytes", "_where", "conversation_id", "dirty", "facts", "head", "segments", "tenant")

    def __init__(self, tenant: str, conversation_id: str, parts: Mapping[int, Head | Segment] | None = None) -> None:
        """`parts` is what the changelog holds; without it the conversation is new."""
        self.tenant = tenant
        self.conversation_id = conversation_id
        self.head = Head()
        self.segments: dict[int, Segment] = {}
        self.facts: dict[str, Facts] = {}
        self.dirty: set[int] = set()
        self._where: dict[str, int] = {}
        self._bytes: dict[int, int] = {}
        for number, part in sorted((parts or {}).items()):
            if isinstance(part, Head):
                self.head = part
            else:
                self._load(number, part)

    def __repr__(self) -> str:
        return f"Conversation({self.tenant}:{self.conversation_id}, {len(self.segments)} segments)"

    def part(self, number: int) -> Head | Segment | None:
        """The part to write under `number`; None when it is to be deleted."""
        if number == HEAD:
            return None if self.head == Head() else self.head
        return self.segments.get(number)

    @property
    def numbers(self) -> list[int]:
        """The numbers under which something is kept."""
        return [HEAD, *self.segments] if self.head != Head() else list(self.segments)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to keep."""
        return not self.segments and self.head == Head()

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

    def session(self, name: str) -> SessionHead | None:
        """What the head says of a session; None when it has never closed."""
        return next((s for s in self.head.sessions if s.session == name), None)

    @property
    def open_session(self) -> str | None:
        """The one session that is open, if there is one."""
        for known in self.head.sessions:
            if known.is_open:
                return known.session
        known_names = {known.session for known in self.head.sessions}
        return next((name for name in self.facts if name not in known_names), None)

    def add(self, session: str, entry: Entry) -> None:
        """Put a new message into the session's last segment with room, or into a new one."""
        size = len(entry.model_dump_json())
        number = max((n for n, s in self.segments.items() if s.session == session), default=None)
        if number is None or not self._has_room(number, size):
            number = max(self.segments, default=HEAD) + 1
            self.segments[number] = Segment(session=session, entries=())
            self._bytes[number] = 0
        self.segments[number] = Segment(session=session, entries=(*self.segments[number].entries, entry))
        self._bytes[number] += size
        self._where[entry.message_id] = number
        self._count(session, entry)
        self.dirty.add(number)

    def replace(self, entry: Entry) -> None:
        """Put new words, or none, in a message's place.

        Raises:
            Refused: OVERSIZE, when the segment would no longer fit into one record.
        """
        number = self._where[entry.message_id]
        old = self.segments[number]
        new = Segment(
            session=old.session,
            entries=tuple(entry if e.message_id == entry.message_id else e for e in old.entries),
        )
        size = len(encode(new))
        if size > SEGMENT_BYTES and not entry.deleted:
            raise Refused(DeadLetterReason.OVERSIZE, "segment")
        self.segments[number], self._bytes[number] = new, size
        facts = self.facts[old.session]
        if entry.touched > facts.touched:
            facts.touched, facts.touched_ms = entry.touched, entry.touched_ms
        self.dirty.add(number)

    def set_head(self, **changes: object) -> None:
        """Change fields of the head."""
        self.head = self.head.model_copy(update=changes)
        self.dirty.add(HEAD)

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
            self._bytes.pop(number, None)
            self.dirty.add(number)
        self.facts.pop(session, None)

    def clear(self) -> None:
        """Let go of everything."""
        for session in list(self.facts):
            self.drop_text(session)
        self.head = Head()
        self.dirty.add(HEAD)

    def _has_room(self, number: int, size: int) -> bool:
        segment = self.segments[number]
        if len(segment.entries) >= SEGMENT_MESSAGES:
            return False
        if number not in self._bytes:
            self._bytes[number] = len(encode(segment))
        return self._bytes[number] + size <= SEGMENT_BYTES

    def _load(self, number: int, segment: Segment) -> None:
        self.segments[number] = segment
        for entry in segment.entries:
            self._where[entry.message_id] = number
            self._count(segment.session, entry)

    def _count(self, session: str, entry: Entry) -> None:
        facts = self.facts.get(session)
        if facts is None:
            self.facts[session] = Facts(
                1, entry.offset, entry.appended_ms, entry.sent_at, entry.sent_at, entry.touched, entry.touched_ms
            )
            return
        facts.count += 1
        facts.first_offset = min(facts.first_offset, entry.offset)
        facts.last_ms = max(facts.last_ms, entry.appended_ms)
        facts.first_sent = min(facts.first_sent, entry.sent_at)
        facts.last_sent = max(facts.last_sent, entry.sent_at)
        if entry.touched > facts.touched:
            facts.touched, facts.touched_ms = entry.touched, entry.touched_ms
