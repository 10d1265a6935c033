"""A dead letter is read as its story, without the text of the record and without foreign header values."""

from types import SimpleNamespace
from typing import Any

import pytest

from plugin.operations.dead_letter import UNKNOWN, DeadLetterId, decode_for_replay, parse_dead_letter
from stream.contracts.errors import Misconfigured, Poison
from stream.contracts.messages import Consent, PersonErasure, Tick
from stream.contracts.topics import DEAD_LETTERS, MESSAGES
from stream.contracts.vocabulary import DeadLetterReason, Role
from stream.runtime.codec import EncodedRecord, RawRecord, encode, partition_of
from stream.runtime.dead_letters import dead_letter
from tests.plugin.operations.conftest import CANARY, PARTITIONS, SENT_AT, message

TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def on_topic(letter: EncodedRecord, **changes: Any) -> Any:
    """A record as kafka-python gives it."""
    fields = {
        "topic": DEAD_LETTERS, "partition": 1, "offset": 5, "timestamp": 1_772_474_400_000,
        "key": letter.key, "value": letter.value, "headers": letter.headers,
    }  # fmt: skip
    return SimpleNamespace(**fields | changes)


def set_aside(record: EncodedRecord, *, partition: int | None = None) -> EncodedRecord:
    """Return the dead letter that the stream stage makes of a record with an invalid schema."""
    place = partition_of(record.key or b"", PARTITIONS) if partition is None else partition
    raw = RawRecord(MESSAGES, place, 7, 1_772_474_000_000, record.key, record.value, record.headers)
    return dead_letter(raw, Poison(DeadLetterReason.BAD_SCHEMA, "sent_at"), stage="stream")


def test_the_story_is_shown_without_text() -> None:
    """The story of a dead letter is shown, and its text appears neither in `story` nor in `repr`."""
    letter = parse_dead_letter(on_topic(set_aside(encode(message("c_1")))))
    assert letter.story == {
        "id": "1:5", "set_aside_at": "2026-03-02T18:00:00+00:00", "reason": "bad_schema", "stage": "stream",
        "topic": MESSAGES, "partition": str(partition_of(b"sample:c_1", PARTITIONS)), "offset": "7",
        "appended_at": "2026-03-02T17:53:20+00:00", "error_type": "Poison", "place": "sent_at",
        "bytes": len(letter.value), "kept_bytes": len(letter.value), "mode": "binary", "trace_id": None,
    }  # fmt: skip
    assert CANARY not in repr(letter)
    assert "c_1" not in repr(letter)


def test_the_record_comes_back_as_it_was() -> None:
    """Same key, same bytes, same envelope, on the partition of its key."""
    original = encode(message("c_1"))
    record = parse_dead_letter(on_topic(set_aside(original))).record(PARTITIONS)
    assert (record.key, record.value, record.topic) == (original.key, original.value, MESSAGES)
    assert record.partition == partition_of(original.key or b"", PARTITIONS)
    assert decode_for_replay(record, PARTITIONS).data == message("c_1")


def test_a_record_on_a_wrong_partition_goes_to_the_right_one() -> None:
    """A replay sends a record from a wrong partition to the right one."""
    original = encode(message("c_1"))
    wrong = 1 - partition_of(original.key or b"", PARTITIONS)
    record = parse_dead_letter(on_topic(set_aside(original, partition=wrong))).record(PARTITIONS)
    assert decode_for_replay(record, PARTITIONS).data == message("c_1")


def test_the_trace_goes_on() -> None:
    """A dead letter keeps the trace id of its record."""
    original = encode(message("c_1"))
    traced = EncodedRecord(original.key, original.value, [*original.headers, ("traceparent", TRACE)])
    letter = parse_dead_letter(on_topic(set_aside(traced)))
    assert letter.story["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert ("traceparent", TRACE) in letter.record(PARTITIONS).headers


@pytest.mark.parametrize("bad", [CANARY.encode() + b" \x1b[2J", "ÿ".encode(), b"", b"x" * 201])
@pytest.mark.parametrize("part", ["reason", "stage", "topic", "place", "error_type", "partition", "mode"])
def test_a_story_that_we_did_not_write_is_unknown(part: str, bad: bytes) -> None:
    """A story header with an unexpected value reads as unknown, so that it cannot steer a terminal or add words."""
    letter = set_aside(encode(message("c_1")))
    headers = [(name, bad if name == f"cp_{part}" else value) for name, value in letter.headers]
    told = parse_dead_letter(on_topic(EncodedRecord(letter.key, letter.value, headers))).story
    assert told[part] == UNKNOWN


def test_the_size_is_that_of_the_record_whether_it_was_kept_or_not() -> None:
    """The story has the size of the record, and how much of it the dead letter holds."""
    without_consent = encode(message("c_1", consent=Consent()))
    told = parse_dead_letter(on_topic(set_aside(without_consent))).story
    assert (told["bytes"], told["kept_bytes"]) == (len(without_consent.value), 0)


def test_a_record_without_a_story_is_shown_as_unknown() -> None:
    """A record without a story is shown as unknown."""
    told = parse_dead_letter(on_topic(EncodedRecord(None, b"", []), value=None)).story
    assert (told["reason"], told["topic"], told["appended_at"], told["bytes"]) == (UNKNOWN, UNKNOWN, None, 0)


def test_nobody_else_chooses_where_we_write() -> None:
    """A story that names another topic than ours is refused, however well formed its record is."""
    letter = set_aside(encode(message("c_1")))
    headers = [(name, b"payroll" if name == "cp_topic" else value) for name, value in letter.headers]
    record = parse_dead_letter(on_topic(EncodedRecord(letter.key, letter.value, headers))).record(PARTITIONS)
    with pytest.raises(Poison, match="topic"):
        decode_for_replay(record, PARTITIONS)


def test_a_tick_is_not_sent_again() -> None:
    """A tick is not replayed, because its time is over."""
    tick = encode(Tick(partition=0))
    with pytest.raises(Poison, match="tick"):
        decode_for_replay(parse_dead_letter(on_topic(set_aside(tick, partition=0))).record(PARTITIONS), PARTITIONS)


def test_the_erasure_of_a_person_goes_back_to_its_own_partition() -> None:
    """A person's erasure, which has no key, is replayed to the partition it came from."""
    erasure = PersonErasure(
        tenant="sample", person="p_1", role=Role.CLIENT, erasure_id="5d2c1f0e-7c53-5b8e-9a57-0c7f3a1be001",
        requested_at=SENT_AT, partition=1,
    )  # fmt: skip
    made = encode(erasure)
    record = parse_dead_letter(on_topic(set_aside(made, partition=1))).record(PARTITIONS)
    assert record.partition == 1
    assert decode_for_replay(record, PARTITIONS).data == erasure


@pytest.mark.parametrize("text", ["", "5", "1:2:3", "a:1", "-1:2", "1:-2", "1: 2", "\uff11:2", "1:" + "9" * 19])
def test_an_id_is_two_numbers(text: str) -> None:
    """An id of a dead letter is two numbers, and any other text is refused with a sentence."""
    with pytest.raises(Misconfigured, match="PARTITION:OFFSET"):
        DeadLetterId.parse(text)


def test_an_id_is_read_as_it_is_printed() -> None:
    """An id is read in the form in which `list` prints it."""
    assert DeadLetterId.parse(str(DeadLetterId(3, 14))) == DeadLetterId(3, 14)
