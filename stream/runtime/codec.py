"""CloudEvents 1.0 on Kafka: binary and structured mode in, binary mode out (CloudEvents Kafka binding 1.0.2).

Parsing is closed: whatever is not a well-formed event of a known type raises `Poison` with a reason code, never
with content. (The CloudEvents SDK turns broken JSON into a string and goes on; it serves as the oracle in tests.)
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, cast
from uuid import UUID

from kafka.partitioner.default import murmur2
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from stream.contracts.base import Contract
from stream.contracts.errors import Poison
from stream.contracts.ids import record_key
from stream.contracts.topics import MAX_RECORD_BYTES
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime.trace import HEADER as TRACE_HEADER

STRUCTURED = "application/cloudevents+json"
SPEC_VERSION = "1.0"
SOURCE = "/counterpoint"

_TYPE = re.compile(r"^(?P<name>counterpoint\.[a-z-]+)\.v(?P<major>[0-9]{1,4})$")
_REQUIRED = ("id", "source", "type", "specversion")

Headers = Sequence[tuple[str, bytes]]


class Keyed(Protocol):
    """A record that belongs to one conversation."""

    @property
    def tenant(self) -> str: ...  # noqa: D102
    @property
    def conversation_id(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, repr=False)
class RawRecord:
    """A record as the broker keeps it. `timestamp_ms` is the broker's append time, in ms since 1970."""

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
class Encoded:
    """A record ready for any Kafka producer."""

    key: bytes | None
    value: bytes
    headers: list[tuple[str, bytes]]


@dataclass(frozen=True)
class Event:
    """A decoded event: its envelope's id and type, and its data as one of the known records."""

    id: str
    type: str
    data: Contract


def decode(raw: RawRecord, known: Mapping[str, type[Contract]]) -> Event:
    """Read one record; `known` maps CloudEvents types to records.

    Raises:
        Poison: with the reason and place, for everything that is not such an event.
    """
    if raw.value is None:
        raise Poison(DeadLetterReason.TOMBSTONE, "value")
    if len(raw.value) > MAX_RECORD_BYTES:
        raise Poison(DeadLetterReason.OVERSIZE, "value")
    headers = {name.lower(): value for name, value in raw.headers}
    content_type = _text(headers.get("content-type", b""), "content-type").lower()
    if content_type.startswith(STRUCTURED):
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


def check_partition(raw: RawRecord, data: Keyed, partitions: int) -> None:
    """Hold a record against its key and its partition: one conversation, one partition, one order.

    Raises:
        Poison: BAD_KEY when the key is not `tenant:conversation_id`, WRONG_PARTITION when another partitioner
            than murmur2 placed it.
    """
    key = record_key(data.tenant, data.conversation_id)
    if raw.key != key:
        raise Poison(DeadLetterReason.BAD_KEY, "key")
    if partition_of(key, partitions) != raw.partition:
        raise Poison(DeadLetterReason.WRONG_PARTITION, "partition")


@lru_cache(maxsize=65_536)  # keys; a conversation's comes again with each message, and to hash it takes 10 us
def partition_of(key: bytes, partitions: int) -> int:
    """The partition that Kafka's Java client, kafka-python and Faust give to a key."""
    return cast("int", (murmur2(key) & 0x7FFFFFFF) % partitions)


def encode(
    data: Contract, *, event_type: str, event_id: UUID | str, key: bytes | None, trace: bytes | None = None
) -> Encoded:
    """Write one event in binary mode. `trace` is the `traceparent` that it carries on.

    Raises:
        Poison: OVERSIZE, when it is larger than a record may be.
    """
    value = data.model_dump_json(exclude_none=True).encode()
    if len(value) > MAX_RECORD_BYTES:
        raise Poison(DeadLetterReason.OVERSIZE, event_type)
    headers = [
        ("ce_specversion", SPEC_VERSION.encode()),
        ("ce_id", str(event_id).encode()),
        ("ce_source", SOURCE.encode()),
        ("ce_type", event_type.encode()),
        ("content-type", b"application/json"),
    ]
    if trace is not None:
        headers.append((TRACE_HEADER, trace))
    return Encoded(key=key, value=value, headers=headers)


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
    """Read JSON strictly: UTF-8, no NaN, no lone surrogate, bounded depth.

    Raises:
        Poison: BAD_JSON or LONE_SURROGATE.
    """
    try:
        return cast("object", from_json(value, allow_inf_nan=False))
    except ValueError:
        raise Poison(_why_not_json(value), "value") from None


def _why_not_json(value: bytes) -> DeadLetterReason:
    """Tell a lone surrogate, which Python's lenient parser lets through, from JSON that is simply broken."""
    try:
        json.dumps(json.loads(value), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return DeadLetterReason.LONE_SURROGATE
    except (ValueError, RecursionError):
        pass
    return DeadLetterReason.BAD_JSON


def _model(event_type: str, known: Mapping[str, type[Contract]]) -> type[Contract]:
    if model := known.get(event_type):
        return model
    match = _TYPE.match(event_type)
    if match and any(other.startswith(match["name"] + ".v") for other in known):
        raise Poison(DeadLetterReason.UNKNOWN_VERSION, "ce_type")
    raise Poison(DeadLetterReason.UNKNOWN_TYPE, "ce_type")


def _validated(model: type[Contract], data: object) -> Contract:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise poison_of(error) from None


def poison_of(error: ValidationError) -> Poison:
    """The first thing wrong with a record, by place; never its content."""
    first = error.errors(include_input=False, include_url=False, include_context=True)[0]
    place = ".".join(str(part) for part in first["loc"]) or "data"
    nul = "NUL character" in first["msg"]
    return Poison(DeadLetterReason.NUL if nul else DeadLetterReason.BAD_SCHEMA, place)


def known_types(*records: type[BaseModel]) -> dict[str, type[Contract]]:
    """Map each record's CloudEvents type to its model, for `decode`."""
    return {record.event_type: record for record in records}  # type: ignore[attr-defined,misc]
