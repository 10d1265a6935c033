"""A conversation in memory: its parts, the part that holds each message, and the parts that are not yet written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from stream.contracts.errors import Poison
from stream.contracts.ids import record_key
from stream.contracts.vocabulary import DeadLetterReason
from stream.sessions.id_hashes import HASH_CHARS, MAX_HASHES, id_hash, newest, with_hashes
from stream.sessions.rules import MAX_SESSIONS, SEGMENT_BYTES, SEGMENT_MESSAGES
from stream.sessions.state import EMPTY_HEAD, HEAD_NUMBER, Entry, Head, Segment, SessionHead, encode_part

_BYTES_A_CODE_POINT = 6  # of JSON at most: an escaped control character
_BYTES_BESIDE_TEXT = 4_000  # of a message at most: ids, times and five cues


@dataclass(slots=True)
class SessionSummary:
    """The summary of a session, updated with each message because computing it for each message would be slow."""

    count: int
    text_bytes: int
    first_offset: int
    first_appended_ms: int
    last_appended_ms: int
    first_sent_at: datetime
    last_sent_at: datetime
    touched: int
    touched_ms: int

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Return the summary of a session of one message."""
        return cls(
            count=1,
            text_bytes=text_bytes(entry),
            first_offset=entry.offset,
            first_appended_ms=entry.appended_ms,
            last_appended_ms=entry.appended_ms,
            first_sent_at=entry.sent_at,
            last_sent_at=entry.sent_at,
            touched=entry.touched,
            touched_ms=entry.touched_ms,
        )

    def add(self, entry: Entry) -> None:
        """Add a further message to the summary of its session."""
        self.count += 1
        self.text_bytes += text_bytes(entry)
        self.first_offset = min(self.first_offset, entry.offset)
        self.first_appended_ms = min(self.first_appended_ms, entry.appended_ms)
        self.last_appended_ms = max(self.last_appended_ms, entry.appended_ms)
        self.first_sent_at = min(self.first_sent_at, entry.sent_at)
        self.last_sent_at = max(self.last_sent_at, entry.sent_at)
        self.note_change(entry)

    def note_change(self, entry: Entry) -> None:
        """Remember the last event that changed a message of the session."""
        if entry.touched > self.touched:
            self.touched, self.touched_ms = entry.touched, entry.touched_ms


def text_bytes(entry: Entry) -> int:
    """Return the size of a message's text in UTF-8."""
    return len(entry.text.encode())


class Conversation:
    """A conversation in memory: its head and its segments, and which of them the worker has yet to write.

    Parts are immutable; changing one marks its number as dirty until the worker has written it. Segments are kept in
    the order of arrival.
    """

    __slots__ = (
        "_last_number",
        "_open_session",
        "_segment_of",
        "conversation_id",
        "dirty",
        "head",
        "key",
        "segments",
        "summaries",
        "tenant",
    )

    def __init__(self, tenant: str, conversation_id: str, parts: Mapping[int, Head | Segment] | None = None) -> None:
        """Load the parts that the changelog holds; without `parts` the conversation is new."""
        self.tenant = tenant
        self.conversation_id = conversation_id
        self.key = record_key(tenant, conversation_id)
        self.head = EMPTY_HEAD
        self.segments: dict[int, Segment] = {}
        self.summaries: dict[str, SessionSummary] = {}
        self.dirty: set[int] = set()
        self._segment_of: dict[str, int] = {}
        self._open_session: str | None = None
        self._last_number = HEAD_NUMBER
        segments: list[tuple[int, Segment]] = []
        for number, part in (parts or {}).items():
            if isinstance(part, Head):
                self.head = part
            else:
                segments.append((number, part))
        # A message that was redelivered after a crash has a higher number than messages that came after it.
        for number, segment in sorted(segments, key=lambda numbered: numbered[1].entries[0].offset):
            self._load(number, segment)
        self._update_open_session()

    def __repr__(self) -> str:
        return f"Conversation({self.tenant}:{self.conversation_id}, {len(self.segments)} segments)"

    def part(self, number: int) -> Head | Segment | None:
        """Return the part to write under `number`; None when it is to be deleted."""
        if number == HEAD_NUMBER:
            return self.head if self._has_head else None
        return self.segments.get(number)

    @property
    def part_numbers(self) -> list[int]:
        """The numbers under which a part is kept."""
        return [HEAD_NUMBER, *self.segments] if self._has_head else list(self.segments)

    @property
    def is_empty(self) -> bool:
        """Whether the conversation has no part left to keep."""
        return not self.segments and not self._has_head

    @property
    def _has_head(self) -> bool:
        return self.head is not EMPTY_HEAD and self.head != EMPTY_HEAD

    def entry(self, message_id: str) -> Entry | None:
        """Return the message with this id from whichever session holds it; None if none does."""
        number = self._segment_of.get(message_id)
        if number is None:
            return None
        return next(e for e in self.segments[number].entries if e.message_id == message_id)

    def session_of(self, message_id: str) -> str:
        """Return the session that holds the message."""
        return self.segments[self._segment_of[message_id]].session

    def entries(self, session: str) -> Iterator[Entry]:
        """Yield all messages of a session, in no particular order."""
        for segment in self.segments.values():
            if segment.session == session:
                yield from segment.entries

    def entries_newest_first(self) -> Iterator[Entry]:
        """Yield all messages of the conversation, from the last to arrive to the first."""
        for segment in reversed(self.segments.values()):
            yield from reversed(segment.entries)

    def session_head(self, session: str) -> SessionHead | None:
        """Return the head of a session; None before its first close or withdrawal."""
        return next((s for s in self.head.sessions if s.session == session), None)

    @property
    def open_session(self) -> str | None:
        """The session that is open, of which there is at most one; None if there is none."""
        return self._open_session

    def add(self, session: str, entry: Entry) -> None:
        """Add a new message to the last segment, or to a new one.

        The last segment takes it only if it belongs to the session, is not yet written, and has room.
        """
        last = self.segments.get(self._last_number)
        if last is not None and self._last_number in self.dirty and last.session == session and _has_room(last, entry):
            self.segments[self._last_number] = Segment(session, (*last.entries, entry))
        else:
            self._last_number += 1
            self.segments[self._last_number] = Segment(session, (entry,))
        self._segment_of[entry.message_id] = self._last_number
        self._add_to_summary(session, entry)
        self.dirty.add(self._last_number)

    def replace(self, entry: Entry) -> None:
        """Replace a message by its edited or deleted version.

        Raises:
            Poison: SEGMENT_FULL, when the segment would no longer fit into one record.
        """
        number = self._segment_of[entry.message_id]
        old = self.segments[number]
        new = Segment(old.session, tuple(entry if e.message_id == entry.message_id else e for e in old.entries))
        if not entry.deleted and len(encode_part(new)) > SEGMENT_BYTES:
            raise Poison(DeadLetterReason.SEGMENT_FULL, "text")
        replaced = next(e for e in old.entries if e.message_id == entry.message_id)
        self.segments[number] = new
        summary = self.summaries[old.session]
        summary.text_bytes += text_bytes(entry) - text_bytes(replaced)
        summary.note_change(entry)
        self.dirty.add(number)

    def set_head(self, **changes: object) -> None:
        """Change fields of the head and mark it as dirty."""
        self.head = self.head.model_copy(update=changes)
        self.dirty.add(HEAD_NUMBER)
        self._update_open_session()

    def advance_head(self, offset: int, **changes: object) -> None:
        """Record that every event up to `offset` has had its effect, and change other fields of the head."""
        self.set_head(through=max(offset, self.head.through), **changes)

    def set_session_head(self, head: SessionHead) -> None:
        """Replace the head of a session or append a new one, and drop the oldest sessions beyond `MAX_SESSIONS`."""
        heads = self.head.sessions
        if any(other.session == head.session for other in heads):
            self.set_head(sessions=tuple(head if other.session == head.session else other for other in heads))
            return
        for oldest in heads[: -MAX_SESSIONS + 1]:
            self.drop_text(oldest.session)
        self.set_head(sessions=(*heads, head)[-MAX_SESSIONS:])

    def drop_text(self, session: str) -> str:
        """Delete the segments of a session, which hold all its text, and return the id hashes of its messages."""
        dropped: list[str] = []
        for number in [n for n, s in self.segments.items() if s.session == session]:
            for entry in self.segments.pop(number).entries:
                del self._segment_of[entry.message_id]
                dropped.append(entry.message_id)
            self.dirty.add(number)
        self.summaries.pop(session, None)
        self._update_open_session()
        return "".join(map(id_hash, dropped))

    def drop_final_text(self, head: SessionHead) -> None:
        """Delete the text of a session that nothing can change any more, and keep the id hashes of its messages."""
        hashes = with_hashes(head.id_hashes, self.drop_text(head.session))
        self.set_session_head(head.model_copy(update={"id_hashes": hashes}))
        room = MAX_HASHES
        kept: list[SessionHead] = []
        for other in reversed(self.head.sessions):
            kept.append(other.model_copy(update={"id_hashes": newest(other.id_hashes, room)}))
            room -= len(kept[-1].id_hashes) // HASH_CHARS
        self.set_head(sessions=tuple(reversed(kept)))

    def refuse_again(self, hashes: str) -> None:
        """Keep the id hashes of messages that were withdrawn, erased or refused, so that they are refused again."""
        self.set_head(refused_id_hashes=with_hashes(self.head.refused_id_hashes, hashes))

    def clear(self) -> None:
        """Delete every part of the conversation."""
        for session in list(self.summaries):
            self.drop_text(session)
        self.head = EMPTY_HEAD
        self.dirty.add(HEAD_NUMBER)
        self._update_open_session()

    def _update_open_session(self) -> None:
        """Keep the open session, since each message needs it several times but rarely changes it."""
        is_open = {head.session: head.is_open for head in self.head.sessions}
        reopened = next((session for session in is_open if is_open[session]), None)
        self._open_session = reopened or next((session for session in self.summaries if session not in is_open), None)

    def _load(self, number: int, segment: Segment) -> None:
        self.segments[number] = segment
        self._last_number = max(self._last_number, number)
        for entry in segment.entries:
            self._segment_of[entry.message_id] = number
            self._add_to_summary(segment.session, entry)

    def _add_to_summary(self, session: str, entry: Entry) -> None:
        summary = self.summaries.get(session)
        if summary is None:
            self.summaries[session] = SessionSummary.of(entry)
            self._update_open_session()
        else:
            summary.add(entry)


def _has_room(segment: Segment, entry: Entry) -> bool:
    held = (*segment.entries, entry)
    most = sum(_BYTES_A_CODE_POINT * len(e.text) + _BYTES_BESIDE_TEXT for e in held)
    return len(held) <= SEGMENT_MESSAGES and most <= SEGMENT_BYTES
