"""A dead letter with its story and its record. Neither `repr` nor the story ever shows the record's bytes."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from stream.contracts.errors import Misconfigured, Poison
from stream.contracts.messages import Tick
from stream.contracts.schema import RECORDS_BY_TOPIC
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime.codec import Event, RawRecord, check_partition, decode, known_types, partition_of
from stream.runtime.dead_letters import STORY_PREFIX
from stream.runtime.trace import trace_id, traceparent_of

UNKNOWN: Final = "unknown"
"""For a part of the story that is missing: the topic takes records from whoever may write to it."""
_CODE: Final = re.compile(r"[A-Za-z0-9_.:-]{1,200}")
"""What codes, topics, types and places look like; anything else in a story was not written by us."""
_TYPES_BY_TOPIC: Final = {topic: known_types(*records) for topic, records in RECORDS_BY_TOPIC.items()}


@dataclass(frozen=True, order=True)
class DeadLetterId:
    """The partition and offset of a dead letter on the dead-letter topic."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}:{self.offset}"

    @classmethod
    def parse(cls, text: str) -> "DeadLetterId":
        """Parse an id as `list` prints it.

        Raises:
            Misconfigured: it is not two numbers.
        """
        found = re.fullmatch(r"([0-9]{1,9}):([0-9]{1,18})", text)
        if found is None:
            raise Misconfigured("A dead letter's id is PARTITION:OFFSET, as `dead-letters list` prints it.")
        return cls(int(found[1]), int(found[2]))


@dataclass(frozen=True)
class DeadLetter:
    """A dead letter as it is on its topic."""

    id: DeadLetterId
    set_aside_ms: int
    """The broker's append time of the dead letter."""
    reason: str
    stage: str
    topic: str
    """The topic of the record, where `partition` and `offset` place it."""
    partition: str
    offset: str
    appended_ms: int | None
    """The broker's append time of the record, when its story tells one."""
    mode: str
    """How the event was laid out: binary, structured or batch."""
    error_type: str
    place: str
    trace_id: str | None
    record_bytes: int
    """The size of the record's value."""
    kept_bytes: int
    """How much of it the dead letter holds: all, or nothing where it may not be kept or is too large."""
    key: bytes | None = field(repr=False)
    value: bytes = field(repr=False)
    envelope: tuple[tuple[str, bytes], ...] = field(repr=False)
    """Headers that the record had and that are needed to read it again."""

    @property
    def set_aside_at(self) -> datetime:
        """The time in UTC at which the record was dead-lettered."""
        return datetime.fromtimestamp(self.set_aside_ms / 1000, UTC)

    @property
    def story(self) -> dict[str, object]:
        """The story of the dead letter: everything but the record itself."""
        appended = None if self.appended_ms is None else datetime.fromtimestamp(self.appended_ms / 1000, UTC)
        return {
            "id": str(self.id),
            "set_aside_at": self.set_aside_at.isoformat(timespec="seconds"),
            "reason": self.reason,
            "stage": self.stage,
            "topic": self.topic,
            "partition": self.partition,
            "offset": self.offset,
            "appended_at": None if appended is None else appended.isoformat(timespec="seconds"),
            "mode": self.mode,
            "error_type": self.error_type,
            "place": self.place,
            "bytes": self.record_bytes,
            "kept_bytes": self.kept_bytes,
            "trace_id": self.trace_id,
        }

    def record(self, partitions: int) -> RawRecord:
        """Return the record as it goes back to its topic: same key, same bytes, on the partition that its key names."""
        partition_without_key = int(self.partition) if self.partition.isdigit() else 0
        return RawRecord(
            topic=self.topic,
            partition=partition_without_key if self.key is None else partition_of(self.key, partitions),
            offset=self.id.offset,
            timestamp_ms=self.set_aside_ms if self.appended_ms is None else self.appended_ms,
            key=self.key,
            value=self.value,
            headers=self.envelope,
        )


def decode_for_replay(raw: RawRecord, partitions: int) -> Event:
    """Decode a record as its stage will: only what passes here is worth sending again.

    Raises:
        Poison: it would be set aside again at once, and why; or it belongs on no topic of ours.
    """
    if raw.topic not in _TYPES_BY_TOPIC:  # whoever may write dead letters must not choose where we write
        raise Poison(DeadLetterReason.UNKNOWN_TYPE, "topic")
    event = decode(raw, _TYPES_BY_TOPIC[raw.topic])
    if isinstance(event.data, Tick):
        raise Poison(DeadLetterReason.UNKNOWN_TYPE, "tick")  # its time is over
    check_partition(raw, event.data, partitions)
    return event


def parse_dead_letter(record: Any) -> DeadLetter:
    """Parse a record of the dead-letter topic as kafka-python gives it; what we did not write becomes `unknown`."""
    headers = [(str(name), value) for name, value in record.headers if isinstance(value, bytes)]
    story = {name.removeprefix(STORY_PREFIX): value for name, value in headers if name.startswith(STORY_PREFIX)}
    topic = _code(story.get("topic"))
    envelope = tuple((name, value) for name, value in headers if not name.startswith(STORY_PREFIX))
    value = record.value or b""
    size = _number(story.get("bytes"))
    return DeadLetter(
        id=DeadLetterId(record.partition, record.offset),
        set_aside_ms=record.timestamp,
        reason=_reason(story.get("reason")),
        stage=_code(story.get("stage")),
        topic=topic,
        partition=_code(story.get("partition")),
        offset=_code(story.get("offset")),
        appended_ms=_number(story.get("appended_ms")),
        mode=_code(story.get("mode")),
        error_type=_code(story.get("error_type")),
        place=_code(story.get("place")),
        trace_id=trace_id(traceparent_of(envelope)),
        record_bytes=len(value) if size is None else size,
        kept_bytes=len(value),
        key=record.key,
        value=value,
        envelope=envelope,
    )


def _reason(value: bytes | None) -> str:
    code = _code(value)
    return code if code in set(DeadLetterReason) else UNKNOWN


def _code(value: bytes | None) -> str:
    text = (value or b"").decode("ascii", "replace")
    return text if _CODE.fullmatch(text) else UNKNOWN


def _number(value: bytes | None) -> int | None:
    text = (value or b"").decode("ascii", "replace")
    return int(text) if re.fullmatch(r"[0-9]{1,14}", text) else None
