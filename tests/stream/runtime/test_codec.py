"""Tests of encoding and decoding CloudEvents in Kafka records: what is accepted, and the reason for each refusal."""

import json
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from stream.contracts.errors import Poison
from stream.contracts.messages import MESSAGES_RECORDS, Deletion, Message
from stream.contracts.topics import MAX_RECORD_BYTES
from stream.contracts.vocabulary import DeadLetterReason, Role
from stream.runtime.codec import RawRecord, check_partition, decode, encode, known_types, partition_of

KNOWN = known_types(*MESSAGES_RECORDS)
DATA: dict[str, Any] = {
    "tenant": "sample",
    "conversation_id": "c_1",
    "message_id": "m-1",
    "role": "client",
    "author": "p_1",
    "text": "canary phrase",
    "sent_at": "2026-03-02T18:00:00Z",
}
ATTRIBUTES: dict[str, Any] = {"id": "e-1", "source": "/s", "type": Message.event_type, "specversion": "1.0"}
BINARY = [(f"ce_{name}", value.encode()) for name, value in ATTRIBUTES.items()]


def raw(value: bytes | None, headers: list[tuple[str, bytes]] | None = None, **changes: Any) -> RawRecord:
    """Return a record of a topic, with the key of the test's conversation."""
    fields: dict[str, Any] = {
        "topic": "t",
        "partition": 0,
        "offset": 7,
        "timestamp_ms": 0,
        "key": b"sample:c_1",
    } | changes
    return RawRecord(value=value, headers=BINARY if headers is None else headers, **fields)


def refused(record: RawRecord) -> tuple[DeadLetterReason, str]:
    """Return reason and place of the refusal of a record, and check that its text is not quoted."""
    with pytest.raises(Poison) as caught:
        decode(record, KNOWN)
    assert "canary" not in str(caught.value)
    return caught.value.reason, caught.value.place


def binary(**changes: Any) -> RawRecord:
    """Return a record in binary mode with changed data."""
    return raw(json.dumps(DATA | changes).encode())


def test_binary_mode_is_read() -> None:
    """A record in binary mode is decoded from attributes in its headers and data in its value."""
    event = decode(binary(), KNOWN)
    assert (event.id, event.type) == ("e-1", Message.event_type)
    assert isinstance(event.data, Message)
    assert event.data.text == "canary phrase"
    assert event.data.role is Role.CLIENT


@pytest.mark.parametrize(
    "content_type", ["application/cloudevents+json", "Application/CloudEvents+JSON; charset=utf-8"]
)
def test_structured_mode_is_recognised_by_its_content_type_in_any_case(content_type: str) -> None:
    """Structured mode is recognised by its content type in any case.

    Everything is read from the value; `ce_` headers beside it are ignored.
    """
    whole = json.dumps(ATTRIBUTES | {"data": DATA}).encode()
    event = decode(raw(whole, [("Content-Type", content_type.encode()), ("ce_id", b"other")]), KNOWN)
    assert event.id == "e-1"


@pytest.mark.parametrize("write", [to_binary, to_structured])
def test_what_the_official_sdk_writes_is_read(write: Any) -> None:
    """An event that the CloudEvents SDK writes is decoded.

    The SDK is an independent implementation of the same specification.
    """
    message = write(CloudEvent(attributes=dict(ATTRIBUTES), data=DATA), JSONFormat())
    event = decode(raw(message.value, list(message.headers.items())), KNOWN)
    assert event.data == Message.model_validate(DATA)


def test_what_we_write_is_read_by_the_official_sdk() -> None:
    """An event that we encode is read by the CloudEvents SDK."""
    data = Message.model_validate(DATA)
    out = encode(data)
    event = from_kafka(KafkaMessage(dict(out.headers), out.key, out.value), JSONFormat())
    assert event.get_id() == str(data.event_id)
    assert event.get_type() == Message.event_type
    assert event.get_data() == json.loads(data.model_dump_json(exclude_none=True))


@given(st.text(max_size=200).filter(lambda t: "\x00" not in t))
def test_any_text_survives_the_round_trip(text: str) -> None:
    """Any text is the same after encoding and decoding."""
    data = Message.model_validate(DATA | {"text": text})
    out = encode(data)
    assert decode(raw(out.value, out.headers), KNOWN).data == data


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, DeadLetterReason.TOMBSTONE),
        (b"", DeadLetterReason.BAD_JSON),
        (b"{", DeadLetterReason.BAD_JSON),
        (b"\xff\xfe", DeadLetterReason.BAD_JSON),
        (b"NaN", DeadLetterReason.BAD_JSON),
        (b"[" * 100_000, DeadLetterReason.BAD_JSON),
        (b'{"text": "\\ud800"}', DeadLetterReason.LONE_SURROGATE),
        (b'{"text": "\\udc00 canary"}', DeadLetterReason.LONE_SURROGATE),
        (b"x" * (MAX_RECORD_BYTES + 1), DeadLetterReason.OVERSIZE),
    ],
    ids=lambda v: repr(v)[:24],
)
def test_a_value_that_is_not_strict_json_is_refused(value: bytes | None, reason: DeadLetterReason) -> None:
    """A value that is not strict JSON is refused, each kind with its own reason, at the value as a whole."""
    assert refused(raw(value)) == (reason, "value")


@pytest.mark.parametrize(
    ("changes", "reason", "place"),
    [
        ({"text": "canary\x00"}, DeadLetterReason.NUL, "text"),
        ({"text": None}, DeadLetterReason.BAD_SCHEMA, "text"),
        ({"text": {"canary": 1}}, DeadLetterReason.BAD_SCHEMA, "text"),
        ({"role": "canary"}, DeadLetterReason.BAD_SCHEMA, "role"),
        ({"tenant": "Canary!"}, DeadLetterReason.BAD_SCHEMA, "tenant"),
        ({"sent_at": "canary"}, DeadLetterReason.BAD_SCHEMA, "sent_at"),
        ({"sent_at": "2026-03-02T18:00:00"}, DeadLetterReason.BAD_SCHEMA, "sent_at"),
        ({"consent": {"processing": "canary"}}, DeadLetterReason.BAD_SCHEMA, "consent.processing"),
    ],
)
def test_a_wrong_field_is_named_and_never_quoted(changes: dict[str, Any], reason: DeadLetterReason, place: str) -> None:
    """A wrong field is refused with its place and without its content."""
    assert refused(binary(**changes)) == (reason, place)


def test_data_that_is_no_object_is_refused() -> None:
    """Data that is a list, a number, a string or null is refused."""
    for value in (b"[]", b"1", b'"canary"', b"null"):
        assert refused(raw(value)) == (DeadLetterReason.BAD_SCHEMA, "data")


@pytest.mark.parametrize("missing", list(ATTRIBUTES))
def test_a_missing_attribute_is_named_in_both_modes(missing: str) -> None:
    """A missing attribute is named in binary and in structured mode.

    `id`, `source`, `type` and `specversion` are required by CloudEvents 1.0.
    """
    kept = {name: value for name, value in ATTRIBUTES.items() if name != missing}
    place = f"ce_{missing}"
    as_headers = [(f"ce_{name}", value.encode()) for name, value in kept.items()]
    assert refused(raw(json.dumps(DATA).encode(), as_headers)) == (DeadLetterReason.BAD_ENVELOPE, place)
    structured = [("content-type", b"application/cloudevents+json")]
    whole = json.dumps(kept | {"data": DATA}).encode()
    assert refused(raw(whole, structured)) == (DeadLetterReason.BAD_ENVELOPE, place)


@pytest.mark.parametrize(
    "whole", [b"[]", b"7", json.dumps(ATTRIBUTES).encode(), json.dumps({"id": 7, "data": {}}).encode()]
)
def test_a_structured_value_that_is_no_event_is_refused(whole: bytes) -> None:
    """A structured value is refused when it is no object, has no data, or has a number as its id."""
    reason, _ = refused(raw(whole, [("content-type", b"application/cloudevents+json")]))
    assert reason is DeadLetterReason.BAD_ENVELOPE


@pytest.mark.parametrize(
    ("content_type", "place"),
    [
        (b"application/cloudevents-batch+json", "batch"),
        (b"application/cloudevents-batch+json; charset=utf-8", "batch"),
        (b"application/cloudevents+avro", "content-type"),
        (b"application/cloudevents", "content-type"),
    ],
)
def test_a_batch_and_another_format_are_refused_by_name(content_type: bytes, place: str) -> None:
    """A batch of events, and events in another format than JSON, are refused with a place of their own."""
    whole = json.dumps([ATTRIBUTES | {"data": DATA}]).encode()
    assert refused(raw(whole, [("content-type", content_type)])) == (DeadLetterReason.BAD_ENVELOPE, place)


def test_a_header_that_is_no_utf8_is_refused() -> None:
    """A header that is not UTF-8 is refused with its name."""
    headers = [(name, value if name != "ce_id" else b"\xff") for name, value in BINARY]
    assert refused(raw(b"{}", headers)) == (DeadLetterReason.BAD_ENVELOPE, "ce_id")


@pytest.mark.parametrize(
    ("event_type", "reason"),
    [
        ("counterpoint.message.v2", DeadLetterReason.UNKNOWN_VERSION),
        ("counterpoint.message.v10", DeadLetterReason.UNKNOWN_VERSION),
        ("counterpoint.song.v1", DeadLetterReason.UNKNOWN_TYPE),
        ("com.example.message", DeadLetterReason.UNKNOWN_TYPE),
    ],
)
def test_an_unknown_version_and_an_unknown_type_have_different_reasons(
    event_type: str, reason: DeadLetterReason
) -> None:
    """An unknown version of a known type and an unknown type are refused with different reasons.

    A record of a later version waits in the dead letters for an upgrade.
    """
    headers = [(name, event_type.encode() if name == "ce_type" else value) for name, value in BINARY]
    assert refused(raw(json.dumps(DATA).encode(), headers)) == (reason, "ce_type")


def test_another_cloudevents_version_is_refused() -> None:
    """An event of another CloudEvents version than 1.0 is refused."""
    headers = [(name, b"0.3" if name == "ce_specversion" else value) for name, value in BINARY]
    assert refused(raw(b"{}", headers)) == (DeadLetterReason.UNKNOWN_VERSION, "ce_specversion")


def test_partitions_are_those_of_the_java_client() -> None:
    """Keys get the partition that Kafka's Java client gives them.

    The partitioner is murmur2 with the sign bit cleared; aiokafka's is an independent implementation of it.
    """
    from aiokafka.partitioner import DefaultPartitioner  # an independent implementation

    for number in range(200):
        key = f"sample:c_{number}".encode()
        assert partition_of(key, 12) == DefaultPartitioner()(key, list(range(12)), list(range(12)))


def test_a_record_with_a_wrong_key_or_on_a_wrong_partition_is_refused() -> None:
    """A record with another key than its conversation's, or on another partition than its key's, is refused.

    One conversation is on one partition and so in one order.
    """
    data = Deletion(tenant="sample", conversation_id="c_1", message_id="m", deleted_at="2026-01-01T00:00:00Z")
    right = partition_of(b"sample:c_1", 12)
    check_partition(raw(b"", partition=right), data, 12)
    with pytest.raises(Poison, match="wrong_partition"):
        check_partition(raw(b"", partition=(right + 1) % 12), data, 12)
    for key in (None, b"", b"sample:c_2", b"c_1"):
        with pytest.raises(Poison, match="bad_key"):
            check_partition(raw(b"", key=key, partition=right), data, 12)


def test_a_record_that_is_too_large_is_not_encoded() -> None:
    """Encoding refuses a record that is larger than the broker accepts."""
    data = Message.model_validate(DATA)
    big = data.model_copy(update={"text": "x" * MAX_RECORD_BYTES})
    with pytest.raises(Poison, match="oversize"):
        encode(big)


def test_the_repr_of_a_raw_record_shows_its_place_and_not_its_content() -> None:
    """The representation of a raw record shows its place and not its content, for instance in tracebacks."""
    assert repr(raw(b"canary")) == "RawRecord(t[0]@7)"


@given(
    st.binary(max_size=300),
    st.lists(st.tuples(st.sampled_from(["ce_id", "ce_type", "content-type"]), st.binary(max_size=40)), max_size=4),
)
def test_any_bytes_end_in_an_event_or_in_poison(value: bytes, headers: list[tuple[str, bytes]]) -> None:
    """Decoding any bytes returns an event or raises `Poison`, and no other error."""
    try:
        decode(raw(value, headers), KNOWN)
    except Poison:
        pass
