"""Tests of dead letters: they keep the bytes and the story of a record, and the story never holds text."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from stream.contracts.errors import Poison, TooManyDeadLetters
from stream.contracts.schema import EXAMPLES
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime.codec import RawRecord
from stream.runtime.dead_letters import MAX_BODY_BYTES, ConsecutiveDeadLetters, dead_letter
from stream.runtime.settings import KafkaSettings

IN_A_ROW = KafkaSettings().dead_letters_in_a_row
CANARY = b"canary phrase"
RAW = RawRecord(
    "counterpoint.messages.v1",
    3,
    42,
    1_772_000_000_000,
    b"sample:c_1",
    CANARY,
    [("ce_id", b"e-1"), ("x-note", CANARY)],
)


def story(error: Exception, raw: RawRecord = RAW) -> dict[str, bytes]:
    """Return the headers of the dead letter of a record."""
    return dict(dead_letter(raw, error, stage="stream").headers)


def test_the_story_says_where_the_record_is_and_why_it_was_refused() -> None:
    """The story of a dead letter has what is needed to find the record, to correct its writer and to replay it."""
    told = story(Poison(DeadLetterReason.BAD_SCHEMA, "sent_at"))
    assert told["cp_reason"] == b"bad_schema"
    assert told["cp_place"] == b"sent_at"
    assert told["cp_stage"] == b"stream"
    assert (told["cp_topic"], told["cp_partition"], told["cp_offset"]) == (
        b"counterpoint.messages.v1",
        b"3",
        b"42",
    )
    assert told["cp_appended_ms"] == b"1772000000000"
    assert told["cp_bytes"] == str(len(CANARY)).encode()
    assert told["ce_id"] == b"e-1"


@pytest.mark.parametrize(
    ("content_type", "mode"),
    [
        (None, b"binary"),
        (b"application/json", b"binary"),
        (b"application/cloudevents+json; charset=utf-8", b"structured"),
        (b"Application/CloudEvents+JSON", b"structured"),
        (b"application/cloudevents-batch+json", b"batch"),
        (b"\xff", b"binary"),
    ],
)
def test_the_story_names_the_mode_of_the_event(content_type: bytes | None, mode: bytes) -> None:
    """The story says in which mode of CloudEvents the record came, whatever was wrong with it."""
    headers = [] if content_type is None else [("Content-Type", content_type)]
    told = story(Poison(DeadLetterReason.BAD_JSON, "value"), replace(RAW, headers=headers))
    assert told["cp_mode"] == mode


def test_the_bytes_and_the_key_stay_as_they_were() -> None:
    """A dead letter of a consented record keeps its key and bytes, so that a replay sends the same record."""
    body = b'{ "text": "canary phrase", "consent": {"processing": true} }'
    letter = dead_letter(replace(RAW, value=body), Poison(DeadLetterReason.BAD_SCHEMA, "x"), stage="stream")
    assert (letter.key, letter.value) == (RAW.key, body)


KEPT = [
    '{"text": "a", "consent": {"processing": true, "secondary_use": false}}',
    '{"specversion": "1.0", "type": "counterpoint.message.v1", "data": {"consent": {"processing": true}}}',
    '{"text": "\\ud800", "consent": {"processing": true}}',
]
NOT_KEPT = [
    "",
    "canary phrase",
    '{"text": "a"}',
    '{"text": "a", "consent": true}',
    '{"text": "a", "consent": {}}',
    '{"text": "a", "consent": {"processing": "true"}}',
    '{"text": "a", "consent": {"processing": 1}}',
    '{"text": "a", "consent": {"processing": false}}',
    '["a", {"consent": {"processing": true}}]',
    '{"specversion": "1.0", "consent": {"processing": true}, "data": {"text": "a"}}',
    '{"text": "a", "consent": {"processing": true}',
    "[" * 100_000,
]


@pytest.mark.parametrize("reason", [reason for reason in DeadLetterReason if reason is not DeadLetterReason.NO_CONSENT])
def test_a_body_is_kept_only_where_consent_can_be_read_as_true(reason: DeadLetterReason) -> None:
    """A body is kept for any reason if it says that the client consents, and otherwise for none.

    A body that cannot be read, or in which the flag is missing or anything but `true`, may be without consent.
    """
    for body in KEPT:
        assert body_kept(body, reason) == body.encode()
    for body in NOT_KEPT:
        assert body_kept(body, reason) == b""


def body_kept(body: str, reason: DeadLetterReason, event_type: str = "counterpoint.message.v1") -> bytes:
    """Return the body of the dead letter of a record with this body."""
    raw = replace(RAW, value=body.encode(), headers=[("ce_type", event_type.encode())])
    return dead_letter(raw, Poison(reason, "any"), stage="stream").value


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_events_without_text_are_kept_and_names_are_not(example: Path) -> None:
    """The body of an event without a place for text is kept, since a withdrawal must not be lost; names are dropped.

    So is a transcript: nobody asks again for the words of a whole session.
    """
    body = example.read_text()
    event_type = "counterpoint." + ".".join(example.name.split(".")[:2])
    keeps = not any(name in example.name for name in ("participants", "message.v1.minimal", "transcript"))
    assert bool(body_kept(body, DeadLetterReason.BUG, event_type)) is keeps


def test_an_event_without_text_is_not_kept_with_a_field_that_it_does_not_have() -> None:
    """The body of a session end with an unknown field is not kept, since the field may hold text."""
    data = json.loads((EXAMPLES / "session-end.v1.json").read_text())["data"] | {"note": "canary phrase"}
    assert body_kept(json.dumps(data), DeadLetterReason.WRONG_PARTITION, "counterpoint.session-end.v1") == b""


def test_headers_outside_the_envelope_are_not_kept() -> None:
    """Headers outside the envelope are not kept, because a platform's own header may hold anything."""
    assert all(CANARY not in value for value in story(Poison(DeadLetterReason.BAD_JSON, "value")).values())


def test_an_overlong_envelope_value_is_not_kept() -> None:
    """An envelope header that is too long for an id or a type is not kept."""
    raw = RawRecord("t", 0, 0, 0, None, b"{}", [("ce_id", b"x" * 513), ("ce_type", b"y")])
    told = story(Poison(DeadLetterReason.BAD_JSON, "value"), raw)
    assert "ce_id" not in told
    assert told["ce_type"] == b"y"


def test_without_consent_the_body_is_not_kept() -> None:
    """The dead letter of a record without consent has no body."""
    assert dead_letter(RAW, Poison(DeadLetterReason.NO_CONSENT, "consent"), stage="stream").value == b""


def test_the_dead_letter_of_a_tombstone_has_an_empty_value() -> None:
    """The dead letter of a tombstone has an empty value, so that it is no tombstone itself."""
    raw = RawRecord("t", 0, 0, 0, b"k", None)
    assert dead_letter(raw, Poison(DeadLetterReason.TOMBSTONE, "value"), stage="stream").value == b""


def test_a_bug_is_reported_by_type_and_place_without_its_message() -> None:
    """The story of a bug holds the error's type and place without its message.

    The message of an exception may quote the record.
    """
    try:
        raise KeyError(CANARY)
    except KeyError as error:
        told = story(error)
    assert told["cp_reason"] == b"bug"
    assert told["cp_error_type"] == b"KeyError"
    assert told["cp_place"].startswith(b"test_dead_letters.py:")
    assert all(CANARY not in value for value in told.values())


@pytest.mark.parametrize("why", [ValueError("never raised"), Poison(DeadLetterReason.NUL, "text")])
def test_an_error_without_a_traceback_has_a_place_too(why: Exception) -> None:
    """The story has a place also for an error that was never raised and so has no traceback."""
    assert story(why)["cp_place"] in {b"unknown", b"text"}


def test_the_dead_letter_of_a_record_of_the_largest_size_has_no_body() -> None:
    """The dead letter of a record of nearly the largest size has no body.

    With the story beside it the broker would refuse it; the story says where the original is.
    """
    raw = RawRecord("t", 0, 7, 0, b"k", b"x" * (MAX_BODY_BYTES + 1))
    letter = dead_letter(raw, Poison(DeadLetterReason.OVERSIZE, "value"), stage="stream")
    assert letter.value == b""
    assert dict(letter.headers)["cp_offset"] == b"7"


BROKEN = Poison(DeadLetterReason.BAD_JSON, "value")


def of_conversation(number: int, partition: int = 3) -> RawRecord:
    """Return a record of the conversation with this number."""
    return replace(RAW, partition=partition, key=b"sample:c_%d" % number)


def test_dead_letters_of_many_conversations_in_a_row_stop_the_stage() -> None:
    """Dead letters of as many conversations in a row as the limit raise `TooManyDeadLetters` before the next one."""
    streak = ConsecutiveDeadLetters(IN_A_ROW)
    for number in range(IN_A_ROW):
        streak.check(of_conversation(number))
        streak.count(of_conversation(number), BROKEN)
    with pytest.raises(TooManyDeadLetters, match="partition 3, could not be used"):
        streak.check(of_conversation(0))


def test_one_conversation_does_not_stop_the_stage() -> None:
    """Any number of dead letters of fewer conversations than the limit stops nothing."""
    streak = ConsecutiveDeadLetters(IN_A_ROW)
    for number in range(100 * IN_A_ROW):
        raw = of_conversation(number % (IN_A_ROW - 1))
        streak.check(raw)
        streak.count(raw, BROKEN)


def test_records_without_a_key_count_each() -> None:
    """Records without a key count as a conversation each, since their writer is broken."""
    streak = ConsecutiveDeadLetters(IN_A_ROW)
    for offset in range(IN_A_ROW):
        streak.count(replace(RAW, key=None, offset=offset), BROKEN)
    with pytest.raises(TooManyDeadLetters):
        streak.check(RAW)


def test_a_usable_record_resets_the_count_of_its_partition() -> None:
    """A usable record resets the count of its partition, and each partition has its own count."""
    streak = ConsecutiveDeadLetters(IN_A_ROW)
    for _ in range(3):
        for number in range(IN_A_ROW - 1):
            for raw in (of_conversation(number), of_conversation(number, partition=4)):
                streak.check(raw)
                streak.count(raw, BROKEN)
        streak.reset(of_conversation(0))
        streak.reset(of_conversation(0, partition=4))
    streak.check(RAW)


def test_a_usable_record_of_another_topic_resets_nothing() -> None:
    """Each topic has its own count, so that a sink stops at bad feedback while measures come well."""
    streak = ConsecutiveDeadLetters(IN_A_ROW)
    for number in range(IN_A_ROW):
        streak.count(of_conversation(number), BROKEN)
        streak.reset(replace(of_conversation(number), topic="another"))
    with pytest.raises(TooManyDeadLetters):
        streak.check(RAW)
    streak.check(replace(RAW, topic="another"))


@pytest.mark.parametrize("reason", [DeadLetterReason.NO_CONSENT, DeadLetterReason.SEGMENT_FULL])
def test_a_lawful_refusal_does_not_count(reason: DeadLetterReason) -> None:
    """A well-formed record that a rule excludes does not count, since it does not show that a platform is wrong."""
    streak = ConsecutiveDeadLetters(IN_A_ROW)
    for number in range(2 * IN_A_ROW):
        streak.check(of_conversation(number))
        streak.count(of_conversation(number), Poison(reason, "any"))
