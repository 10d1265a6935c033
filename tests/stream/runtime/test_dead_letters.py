"""A dead letter keeps the bytes and tells the story, and the story never holds text."""

import pytest

from stream.contracts.errors import Poison, TooManyDeadLetters
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime.codec import RawRecord
from stream.runtime.dead_letters import LARGEST_BODY, Streak, dead_letter
from stream.runtime.settings import Kafka

IN_A_ROW = Kafka().dead_letters_in_a_row
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


def story(why: Poison | Exception, raw: RawRecord = RAW) -> dict[str, bytes]:
    """Headers of the dead letter."""
    return dict(dead_letter(raw, why, stage="stream").headers)


def test_the_story_says_where_from_and_why() -> None:
    """Enough to find the record, to mend its writer and to replay it."""
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
    """So a replay is the same record."""
    letter = dead_letter(RAW, Poison(DeadLetterReason.BAD_JSON, "value"), stage="stream")
    assert (letter.key, letter.value) == (RAW.key, CANARY)


def test_foreign_headers_are_left_behind() -> None:
    """A platform's own header may hold anything."""
    assert all(CANARY not in value for value in story(Poison(DeadLetterReason.BAD_JSON, "value")).values())


def test_an_overlong_envelope_value_is_left_behind() -> None:
    """What is longer than an id is no id."""
    raw = RawRecord("t", 0, 0, 0, None, b"{}", [("ce_id", b"x" * 513), ("ce_type", b"y")])
    told = story(Poison(DeadLetterReason.BAD_JSON, "value"), raw)
    assert "ce_id" not in told
    assert told["ce_type"] == b"y"


def test_without_consent_the_body_is_not_kept() -> None:
    """Nobody agreed to its being kept anywhere."""
    assert dead_letter(RAW, Poison(DeadLetterReason.NO_CONSENT, "consent"), stage="stream").value == b""


def test_a_tombstone_is_told_without_a_body() -> None:
    """The dead letter itself must not be a tombstone."""
    raw = RawRecord("t", 0, 0, 0, b"k", None)
    assert dead_letter(raw, Poison(DeadLetterReason.TOMBSTONE, "value"), stage="stream").value == b""


def test_a_bug_is_told_by_type_and_place_without_its_words() -> None:
    """An exception's message may quote what it choked on."""
    try:
        raise KeyError(CANARY)
    except KeyError as error:
        told = story(error)
    assert told["cp_reason"] == b"bug"
    assert told["cp_error_type"] == b"KeyError"
    assert told["cp_place"].startswith(b"test_dead_letters.py:")
    assert all(CANARY not in value for value in told.values())


@pytest.mark.parametrize("why", [ValueError("never raised"), Poison(DeadLetterReason.NUL, "text")])
def test_an_error_without_a_traceback_is_told_too(why: Exception) -> None:
    """Made, not raised."""
    assert story(why)["cp_place"] in {b"unknown", b"text"}


def test_a_record_as_large_as_the_broker_takes_leaves_its_body_behind() -> None:
    """With its story beside it the broker would refuse it; the story says where the original stands."""
    raw = RawRecord("t", 0, 7, 0, b"k", b"x" * (LARGEST_BODY + 1))
    letter = dead_letter(raw, Poison(DeadLetterReason.OVERSIZE, "value"), stage="stream")
    assert letter.value == b""
    assert dict(letter.headers)["cp_offset"] == b"7"


BROKEN = Poison(DeadLetterReason.BAD_JSON, "value")


def test_twenty_in_a_row_are_enough() -> None:
    """Before the next one is set aside, somebody must look."""
    streak = Streak(IN_A_ROW)
    for _ in range(IN_A_ROW):
        streak.check(RAW)
        streak.bad(RAW, BROKEN)
    with pytest.raises(TooManyDeadLetters, match="partition 3, could not be used"):
        streak.check(RAW)


def test_a_good_record_begins_a_new_row_and_partitions_count_apart() -> None:
    """Now and then a bad record is daily life."""
    streak = Streak(IN_A_ROW)
    other = RawRecord("t", 4, 0, 0, None, b"")
    for _ in range(3):
        for _ in range(IN_A_ROW - 1):
            for raw in (RAW, other):
                streak.check(raw)
                streak.bad(raw, BROKEN)
        streak.good(3)
        streak.good(4)
    streak.check(RAW)


@pytest.mark.parametrize("reason", [DeadLetterReason.NO_CONSENT, DeadLetterReason.TOO_LATE])
def test_refusals_of_daily_life_do_not_count(reason: DeadLetterReason) -> None:
    """A missing consent or a late message says nothing against a platform's records."""
    streak = Streak(IN_A_ROW)
    for _ in range(2 * IN_A_ROW):
        streak.check(RAW)
        streak.bad(RAW, Poison(reason, "any"))
