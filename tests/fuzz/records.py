"""Records with the faults of a platform that writes to Kafka itself, each with the reason of its dead letter."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from stream.contracts.topics import MAX_RECORD_BYTES
from stream.contracts.vocabulary import DeadLetterReason as Reason
from stream.runtime.codec import STRUCTURED, partition_of

TENANT = "native"


@dataclass(frozen=True)
class NativeRecord:
    """A record and its partition; `reason` is None for a valid one."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    partition: int
    reason: Reason | None = None

    def header(self, name: str, value: bytes | None) -> "NativeRecord":
        """Return the record with another value of one header, or without the header if `value` is None."""
        kept = tuple((old, text) for old, text in self.headers if old != name)
        return replace(self, headers=kept if value is None else (*kept, (name, value)))


def good_record(room: str, number: int, partitions: int, **changes: Any) -> NativeRecord:
    """Return a valid message in binary mode, as the documentation asks for it."""
    data = {
        "tenant": TENANT, "conversation_id": room, "message_id": f"n-{number}", "role": "client", "author": "p_1",
        "text": "as it should be", "sent_at": datetime.now(UTC).isoformat(), "consent": {"processing": True},
    } | changes  # fmt: skip
    envelope = {"ce_specversion": "1.0", "ce_id": f"e-{number}", "ce_source": "/native"}
    envelope |= {"ce_type": "counterpoint.message.v1", "content-type": "application/json"}
    key = f"{TENANT}:{room}".encode()
    headers = tuple((name, value.encode()) for name, value in envelope.items())
    return NativeRecord(key, json.dumps(data).encode(), headers, partition_of(key, partitions))


def structured(record: NativeRecord, **changes: Any) -> NativeRecord:
    """Return the same record in structured mode."""
    whole: dict[str, Any] = {name[3:]: value.decode() for name, value in record.headers if name.startswith("ce_")}
    whole |= {"data": json.loads(record.value or b"")} | changes
    return replace(record, value=json.dumps(whole).encode(), headers=(("content-type", STRUCTURED.encode()),))


def _value(value: bytes | None) -> "Spoil":
    return lambda record, _partitions: replace(record, value=value)


def _data(**changes: Any) -> "Spoil":
    def spoil(record: NativeRecord, _partitions: int) -> NativeRecord:
        return replace(record, value=json.dumps(json.loads(record.value or b"") | changes).encode())

    return spoil


def _header(name: str, value: bytes | None) -> "Spoil":
    return lambda record, _partitions: record.header(name, value)


def _whole(**changes: Any) -> "Spoil":
    return lambda record, _partitions: structured(record, **changes)


def _typed(kind: str, **changes: Any) -> "Spoil":
    def spoil(record: NativeRecord, partitions: int) -> NativeRecord:
        return _data(**changes)(record, partitions).header("ce_type", f"counterpoint.{kind}.v1".encode())

    return spoil


def _elsewhere(record: NativeRecord, partitions: int) -> NativeRecord:
    return replace(record, partition=(record.partition + 1) % partitions)


def _whole_text(text: bytes) -> "Spoil":
    return lambda record, _partitions: replace(structured(record), value=text)


def _strange_tick(record: NativeRecord, partitions: int) -> NativeRecord:
    other = (record.partition + 1) % partitions
    return replace(record, key=None, value=b'{"partition": %d}' % other).header("ce_type", b"counterpoint.tick.v1")


_MANY = tuple((f"h{number}", b"x") for number in range(1_000))
_IN_BASE64 = json.dumps(
    {"specversion": "1.0", "id": "1", "source": "/", "type": "counterpoint.message.v1", "data_base64": "e30="}
).encode()
Spoil = Callable[[NativeRecord, int], NativeRecord]
BROKEN: tuple[tuple[str, Spoil, Reason | None], ...] = (
    ("tombstone", _value(None), Reason.TOMBSTONE),
    ("empty", _value(b""), Reason.BAD_JSON),
    ("no JSON", _value(b"{not json"), Reason.BAD_JSON),
    ("null", _value(b"null"), Reason.BAD_SCHEMA),
    ("a list", _value(b"[]"), Reason.BAD_SCHEMA),
    ("not UTF-8", _value(b'{"text": "\xff\xfe"}'), Reason.BAD_JSON),
    ("UTF-16", lambda r, _: replace(r, value=(r.value or b"").decode().encode("utf-16")), Reason.BAD_JSON),
    ("a lone surrogate", _data(text="\ud800"), Reason.LONE_SURROGATE),
    ("NUL", _data(text="\x00"), Reason.NUL),
    ("deeply nested", _value(b'{"a":' * 100_000), Reason.BAD_JSON),
    ("enormous", _value(b" " * (MAX_RECORD_BYTES + 1)), Reason.OVERSIZE),
    ("text too long", _data(text="x" * 20_001), Reason.BAD_SCHEMA),
    ("wrong schema", _data(role="boss"), Reason.BAD_SCHEMA),
    ("person in the clear", _data(author="somebody@example.org"), Reason.BAD_SCHEMA),
    ("tenant with a colon", _data(tenant="a:b"), Reason.BAD_SCHEMA),
    ("no consent", _data(consent={}), Reason.NO_CONSENT),
    ("no envelope", lambda r, _: replace(r, headers=()), Reason.BAD_ENVELOPE),
    ("no id", _header("ce_id", None), Reason.BAD_ENVELOPE),
    ("empty source", _header("ce_source", b""), Reason.BAD_ENVELOPE),
    ("header not UTF-8", _header("ce_type", b"\xff\xfe"), Reason.BAD_ENVELOPE),
    ("content type not UTF-8", _header("content-type", b"\xff\xfe"), Reason.BAD_ENVELOPE),
    ("unknown major version", _header("ce_type", b"counterpoint.message.v2"), Reason.UNKNOWN_VERSION),
    ("version of many digits", _header("ce_type", b"counterpoint.message.v99999999"), Reason.UNKNOWN_TYPE),
    ("unknown CloudEvents", _header("ce_specversion", b"2.0"), Reason.UNKNOWN_VERSION),
    ("unknown type", _header("ce_type", b"org.example.thing.v1"), Reason.UNKNOWN_TYPE),
    ("type of another topic", _header("ce_type", b"counterpoint.feedback.v1"), Reason.UNKNOWN_TYPE),
    ("a type of a thousand letters", _header("ce_type", b"x" * 1_000), Reason.UNKNOWN_TYPE),
    ("wrong partition", _elsewhere, Reason.WRONG_PARTITION),
    ("another key", lambda r, _: replace(r, key=b"native:other"), Reason.BAD_KEY),
    ("no key", lambda r, _: replace(r, key=None), Reason.BAD_KEY),
    ("key not UTF-8", lambda r, _: replace(r, key=b"\xff"), Reason.BAD_KEY),
    ("structured, no data", lambda r, _: replace(structured(r), value=b'{"specversion":"1.0"}'), Reason.BAD_ENVELOPE),
    ("structured, a list", _whole_text(b"[]"), Reason.BAD_ENVELOPE),
    ("structured, no JSON", _whole_text(b"<xml/>"), Reason.BAD_JSON),
    ("structured, type is a number", _whole(type=7), Reason.BAD_ENVELOPE),
    ("structured, data is a string", _whole(data="{}"), Reason.BAD_SCHEMA),
    ("structured, unknown version", _whole(type="counterpoint.message.v3"), Reason.UNKNOWN_VERSION),
    ("structured, data in base64", _whole_text(_IN_BASE64), Reason.BAD_ENVELOPE),
    ("tick on another partition", _strange_tick, Reason.WRONG_PARTITION),
    ("tick of no partition", _typed("tick"), Reason.BAD_SCHEMA),
    ("erasure without its id", _typed("erasure", requested_at="2026-01-01T00:00:00Z"), Reason.BAD_SCHEMA),
    ("a thousand headers", lambda r, _: replace(r, headers=(*r.headers, *_MANY)), None),
    ("duplicated headers, the same", lambda r, _: replace(r, headers=(*r.headers, *r.headers)), None),
    ("headers in capitals", lambda r, _: replace(r, headers=tuple((n.upper(), v) for n, v in r.headers)), None),
    ("an unknown field", _data(invented={"a": [1, 2]}), None),
    ("structured mode", _whole(), None),
    ("structured with an extension", _whole(traceparent="x", time="whenever"), None),
    ("a repeated message", lambda r, _: r, None),
)  # fmt: skip
"""Every fault of a record that we know, and some unusual records that are valid."""


def random_record(chance: random.Random, room: str, number: int, partitions: int) -> tuple[str, NativeRecord]:
    """Return a random one of these records, with its name."""
    kind, spoil, reason = chance.choice(BROKEN)
    record = spoil(good_record(room, number, partitions), partitions)
    return kind, replace(record, reason=reason)
