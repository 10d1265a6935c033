"""One dead letter: its story, and the record it was. Neither `repr` nor the story ever shows the record's bytes."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, cast

from stream.contracts.errors import Misconfigured, Poison
from stream.contracts.messages import PersonErasure, Tick
from stream.contracts.schema import RECORDS_BY_TOPIC
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime.codec import Event, Keyed, RawRecord, check_partition, decode, known_types, partition_of
from stream.runtime.dead_letters import STORY_PREFIX
from stream.runtime.trace import carried, trace_id

UNKNOWN: Final = "unknown"
"""For a part of the story that is missing: the topic takes records from whoever may write to it."""
_WORD: Final = re.compile(r"[A-Za-z0-9_.:-]{1,200}")
"""What codes, topics, types and places look like; anything else in a story was not written by us."""
_KNOWN: Final = {topic: known_types(*records) for topic, records in RECORDS_BY_TOPIC.items()}


@dataclass(frozen=True, order=True)
class LetterId:
    """Where a dead letter stands: `partition:offset` of the dead-letter topic."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}:{self.offset}"

    @classmethod
    def parse(cls, text: str) -> "LetterId":
        """Read what `list` printed.

        Raises:
            Misconfigured: it is not two numbers.
        """
        found = re.fullmatch(r"([0-9]{1,9}):([0-9]{1,18})", text)
        if found is None:
            raise Misconfigured("A dead letter's id is PARTITION:OFFSET, as `dead-letters list` prints it.")
        return cls(int(found[1]), int(found[2]))


@dataclass(frozen=True)
class Letter:
    """A dead letter as it stands on its topic."""

    id: LetterId
    set_aside_ms: int
    """The broker's append time of the letter."""
    reason: str
    stage: str
    topic: str
    """Where the record stood."""
    partition: str
    offset: str
    appended_ms: int | None
    """The broker's append time of the record, when its story tells one."""
    error_type: str
    place: str
    trace_id: str | None
    key: bytes | None = field(repr=False)
    value: bytes = field(repr=False)
    envelope: tuple[tuple[str, bytes], ...] = field(repr=False)
    """Headers that the record had and that are needed to read it again."""

    @property
    def set_aside_at(self) -> datetime:
        """When it was set aside, in UTC."""
        return datetime.fromtimestamp(self.set_aside_ms / 1000, UTC)

    @property
    def story(self) -> dict[str, object]:
        """Everything but the record itself."""
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
            "error_type": self.error_type,
            "place": self.place,
            "bytes": len(self.value),
            "trace_id": self.trace_id,
        }

    def record(self, partitions: int) -> RawRecord:
        """The record as it goes back to its topic: same key, same bytes, on the partition that its key names."""
        without_key = int(self.partition) if self.partition.isdigit() else 0
        return RawRecord(
            topic=self.topic,
            partition=without_key if self.key is None else partition_of(self.key, partitions),
            offset=self.id.offset,
            timestamp_ms=self.set_aside_ms if self.appended_ms is None else self.appended_ms,
            key=self.key,
            value=self.value,
            headers=self.envelope,
        )


def read_again(raw: RawRecord, partitions: int) -> Event:
    """Read a record as its stage will: only what passes here is worth sending again.

    Raises:
        Poison: it would be set aside again at once, and why; or it belongs on no topic of ours.
    """
    if raw.topic not in _KNOWN:  # whoever may write dead letters must not choose where we write
        raise Poison(DeadLetterReason.UNKNOWN_TYPE, "topic")
    event = decode(raw, _KNOWN[raw.topic])
    if isinstance(event.data, Tick):
        raise Poison(DeadLetterReason.UNKNOWN_TYPE, "tick")  # its time is over
    if not isinstance(event.data, PersonErasure):
        check_partition(raw, cast("Keyed", event.data), partitions)
    elif event.data.partition != raw.partition:
        raise Poison(DeadLetterReason.WRONG_PARTITION, "partition")
    return event


def letter_of(record: Any) -> Letter:
    """A record of the dead-letter topic as kafka-python gives it; whatever is not ours in it is `unknown`."""
    headers = [(str(name), value) for name, value in record.headers if isinstance(value, bytes)]
    story = {name.removeprefix(STORY_PREFIX): value for name, value in headers if name.startswith(STORY_PREFIX)}
    topic = _word(story.get("topic"))
    envelope = tuple((name, value) for name, value in headers if not name.startswith(STORY_PREFIX))
    return Letter(
        id=LetterId(record.partition, record.offset),
        set_aside_ms=record.timestamp,
        reason=_reason(story.get("reason")),
        stage=_word(story.get("stage")),
        topic=topic,
        partition=_word(story.get("partition")),
        offset=_word(story.get("offset")),
        appended_ms=_milliseconds(story.get("appended_ms")),
        error_type=_word(story.get("error_type")),
        place=_word(story.get("place")),
        trace_id=trace_id(carried(envelope)),
        key=record.key,
        value=record.value or b"",
        envelope=envelope,
    )


def _reason(value: bytes | None) -> str:
    word = _word(value)
    return word if word in set(DeadLetterReason) else UNKNOWN


def _word(value: bytes | None) -> str:
    text = (value or b"").decode("ascii", "replace")
    return text if _WORD.fullmatch(text) else UNKNOWN


def _milliseconds(value: bytes | None) -> int | None:
    text = (value or b"").decode("ascii", "replace")
    return int(text) if re.fullmatch(r"[0-9]{1,14}", text) else None
