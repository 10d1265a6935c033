"""Encoding and decoding of CloudEvents 1.0 in Kafka records.

Binary and structured mode are read, batches are refused, binary mode is written (CloudEvents Kafka binding 1.0.2). A
record that is not a well-formed event of a known type raises `Poison` with a reason code, never with content. (The
CloudEvents SDK turns broken JSON into a string and continues; the tests compare with it where both must agree.)
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, cast
from uuid import UUID

from kafka.partitioner.default import murmur2
from pydantic import ValidationError
from pydantic_core import from_json

from stream.contracts.base import TopicRecord
from stream.contracts.errors import Poison
from stream.contracts.messages import PartitionEvent
from stream.contracts.topics import MAX_RECORD_BYTES
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime.trace import HEADER as TRACE_HEADER

STRUCTURED = "application/cloudevents+json"
_CLOUDEVENTS = "application/cloudevents"
_BATCH = "application/cloudevents-batch"
SPEC_VERSION = "1.0"
SOURCE = "/counterpoint"

_TYPE = re.compile(r"^(?P<name>counterpoint\.[a-z-]+)\.v(?P<major>[0-9]{1,4})$")
_REQUIRED = ("id", "source", "type", "specversion")

Headers = Sequence[tuple[str, bytes]]
EventMode = Literal["binary", "structured", "batch"]
"""How an event is laid out in its record: attributes in the headers, or the whole event in the value; or several."""


@dataclass(frozen=True, repr=False)
class RawRecord:
    """A record as the broker stores it; `timestamp_ms` is its append time in ms since 1970."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()

    def __repr__(self) -> str:
        return f"RawRecord({self.topic}[{self.partition}]@{self.offset})"


@dataclass(frozen=True, repr=False)
class EncodedRecord:
    """The key, value and headers of a record, ready for any Kafka producer."""

    key: bytes | None
    value: bytes
    headers: list[tuple[str, bytes]]


@dataclass(frozen=True)
class Event:
    """A decoded CloudEvent: its id, its type, and its data as a validated record."""

    id: str
    type: str
    data: TopicRecord


def decode(raw: RawRecord, known: Mapping[str, type[TopicRecord]]) -> Event:
    """Decode one Kafka record into an event; `known` maps CloudEvents types to record models.

    Raises:
        Poison: the record is not a well-formed event of a known type; with the reason and the place.
    """
    if raw.value is None:
        raise Poison(DeadLetterReason.TOMBSTONE, "value")
    if len(raw.value) > MAX_RECORD_BYTES:
        raise Poison(DeadLetterReason.OVERSIZE, "value")
    headers = {name.lower(): value for name, value in raw.headers}
    _text(headers.get("content-type", b""), "content-type")
    mode = event_mode(raw.headers)
    if mode == "batch":
        raise Poison(DeadLetterReason.BAD_ENVELOPE, "batch")
    if mode == "structured":
        if _media_type(raw.headers) != STRUCTURED:
            raise Poison(DeadLetterReason.BAD_ENVELOPE, "content-type")
        attributes, data = _structured(raw.value)
    else:
        attributes = {name[3:]: _text(v, name) for name, v in headers.items() if name in _CE_HEADERS}
        data = read_json(raw.value)
    for name in _REQUIRED:
        if not isinstance(attributes.get(name), str) or not attributes[name]:
            raise Poison(DeadLetterReason.BAD_ENVELOPE, f"ce_{name}")
    if attributes["specversion"] != SPEC_VERSION:
        raise Poison(DeadLetterReason.UNKNOWN_VERSION, "ce_specversion")
    event_type = cast("str", attributes["type"])
    model = _model(event_type, known)
    return Event(id=cast("str", attributes["id"]), type=event_type, data=_validated(model, data))


def event_mode(headers: Headers) -> EventMode:
    """Return the CloudEvents mode that the headers of a record declare; binary is the one that declares none."""
    media_type = _media_type(headers)
    if media_type.startswith(_BATCH):
        return "batch"
    return "structured" if media_type.startswith(_CLOUDEVENTS) else "binary"


def _media_type(headers: Headers) -> str:
    content_type = next((value for name, value in headers if name.lower() == "content-type"), None) or b""
    return content_type.decode("ascii", "replace").partition(";")[0].strip().lower()


def check_partition(raw: RawRecord, data: TopicRecord, partitions: int) -> None:
    """Check that a record has the key of its conversation and is on the partition that belongs to this key.

    Raises:
        Poison: BAD_KEY when the key is not that of the record's conversation; WRONG_PARTITION when another partitioner
            than murmur2 placed it, or when a record about a partition is on another one.
    """
    if isinstance(data, PartitionEvent):
        expected = data.partition
    else:
        key = data.key
        if key is None or raw.key != key:
            raise Poison(DeadLetterReason.BAD_KEY, "key")
        expected = partition_of(key, partitions)
    if expected != raw.partition:
        raise Poison(DeadLetterReason.WRONG_PARTITION, "partition")


@lru_cache(maxsize=65_536)  # keys; each message of a conversation repeats its key, and hashing one takes 10 us
def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition that Kafka's Java client, kafka-python and Faust assign to a key."""
    return cast("int", (murmur2(key) & 0x7FFFFFFF) % partitions)


def encode(data: TopicRecord, *, event_id: UUID | None = None, trace: bytes | None = None) -> EncodedRecord:
    """Encode one record as a CloudEvent in binary mode.

    `event_id` replaces the record's own id; `trace` is the `traceparent` that the event carries.

    Raises:
        Poison: OVERSIZE, when the value is larger than `MAX_RECORD_BYTES`.
    """
    value = data.model_dump_json(exclude_none=True).encode()
    if len(value) > MAX_RECORD_BYTES:
        raise Poison(DeadLetterReason.OVERSIZE, data.event_type)
    headers = [
        ("ce_specversion", SPEC_VERSION.encode()),
        ("ce_id", str(event_id or data.event_id).encode()),
        ("ce_source", SOURCE.encode()),
        ("ce_type", data.event_type.encode()),
        ("content-type", b"application/json"),
    ]
    if trace is not None:
        headers.append((TRACE_HEADER, trace))
    return EncodedRecord(key=data.key, value=value, headers=headers)


_CE_HEADERS = frozenset(f"ce_{name}" for name in _REQUIRED)


def _text(value: bytes | None, place: str) -> str:
    try:
        return (value or b"").decode()
    except UnicodeDecodeError:
        raise Poison(DeadLetterReason.BAD_ENVELOPE, place) from None


def _structured(value: bytes) -> tuple[Mapping[str, object], object]:
    whole = read_json(value)
    if not isinstance(whole, dict):
        raise Poison(DeadLetterReason.BAD_ENVELOPE, "value")
    if "data" not in whole:
        raise Poison(DeadLetterReason.BAD_ENVELOPE, "data")
    return whole, whole["data"]


def read_json(value: bytes) -> object:
    """Parse JSON strictly: UTF-8, no NaN, no lone surrogate, bounded depth.

    Raises:
        Poison: BAD_JSON or LONE_SURROGATE.
    """
    try:
        return cast("object", from_json(value, allow_inf_nan=False))
    except ValueError:
        raise Poison(_why_not_json(value), "value") from None


def _why_not_json(value: bytes) -> DeadLetterReason:
    """Return LONE_SURROGATE for JSON that only Python's lenient parser accepts, and BAD_JSON for broken JSON."""
    try:
        json.dumps(json.loads(value), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return DeadLetterReason.LONE_SURROGATE
    except (ValueError, RecursionError):
        pass
    return DeadLetterReason.BAD_JSON


def _model(event_type: str, known: Mapping[str, type[TopicRecord]]) -> type[TopicRecord]:
    if model := known.get(event_type):
        return model
    match = _TYPE.match(event_type)
    if match and any(other.startswith(match["name"] + ".v") for other in known):
        raise Poison(DeadLetterReason.UNKNOWN_VERSION, "ce_type")
    raise Poison(DeadLetterReason.UNKNOWN_TYPE, "ce_type")


def _validated(model: type[TopicRecord], data: object) -> TopicRecord:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise poison_of(error) from None


def poison_of(error: ValidationError) -> Poison:
    """Return the first validation error as `Poison`, with the place of the field and never its content."""
    first = error.errors(include_input=False, include_url=False, include_context=True)[0]
    place = ".".join(str(part) for part in first["loc"]) or "data"
    nul = "NUL character" in first["msg"]
    return Poison(DeadLetterReason.NUL if nul else DeadLetterReason.BAD_SCHEMA, place)


def known_types(*records: type[TopicRecord]) -> dict[str, type[TopicRecord]]:
    """Return the map from CloudEvents types to record models that `decode` needs."""
    return {record.event_type: record for record in records}
