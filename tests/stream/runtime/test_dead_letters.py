"""Tests of dead letters: they keep the bytes and the story of a record, and the story never holds text."""

import pytest

from stream.contracts.errors import Poison, TooManyDeadLetters
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
    assert told["ce_id"] == b"e-1"


def test_the_bytes_and_the_key_stay_as_they_were() -> None:
    """A dead letter keeps the key and the bytes of its record, so that a replay sends the same record."""
    letter = dead_letter(RAW, Poison(DeadLetterReason.BAD_JSON, "value"), stage="stream")
    assert (letter.key, letter.value) == (RAW.key, CANARY)


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


def test_the_limit_of_dead_letters_in_a_row_raises_an_error() -> None:
    """The limit of dead letters in a row on one partition raises `TooManyDeadLetters` before the next one."""
    streak = ConsecutiveDeadLetters(IN_A_ROW)
    for _ in range(IN_A_ROW):
        streak.check(RAW)
        streak.count(RAW, BROKEN)
    with pytest.raises(TooManyDeadLetters, match="partition 3, could not be used"):
        streak.check(RAW)


def test_a_usable_record_resets_the_count_of_its_partition() -> None:
    """A usable record resets the count of its partition, and each partition has its own count."""
    streak = ConsecutiveDeadLetters(IN_A_ROW)
    other = RawRecord("t", 4, 0, 0, None, b"")
    for _ in range(3):
        for _ in range(IN_A_ROW - 1):
            for raw in (RAW, other):
                streak.check(raw)
                streak.count(raw, BROKEN)
        streak.reset(3)
        streak.reset(4)
    streak.check(RAW)


@pytest.mark.parametrize("reason", [DeadLetterReason.NO_CONSENT, DeadLetterReason.TOO_LATE])
def test_missing_consent_and_lateness_do_not_count(reason: DeadLetterReason) -> None:
    """Missing consent and lateness do not count towards the limit.

    They do not show that a platform's records are wrong.
    """
    streak = ConsecutiveDeadLetters(IN_A_ROW)
    for _ in range(2 * IN_A_ROW):
        streak.check(RAW)
        streak.count(RAW, Poison(reason, "any"))
