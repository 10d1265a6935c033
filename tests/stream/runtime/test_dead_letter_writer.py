"""Tests of the dead letters of a stage without Faust: acknowledged, described without text, and limited in number."""

import json
from typing import Any

import pytest
from kafka.errors import KafkaTimeoutError
from structlog.testing import capture_logs

from stream.contracts.errors import Poison, TooManyDeadLetters, Unavailable
from stream.contracts.topics import DEAD_LETTERS, FEEDBACK
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime.codec import RawRecord
from stream.runtime.dead_letter_writer import DeadLetterWriter
from stream.runtime.dead_letters import MAX_BODY_BYTES
from stream.runtime.health import Health, ReadinessPart
from stream.runtime.settings import KafkaSettings

POISON = Poison(DeadLetterReason.BAD_JSON, "value")
IN_A_ROW = KafkaSettings().dead_letters_in_a_row
SAID = "these are made-up words"
BODY = json.dumps({"words": SAID, "consent": {"processing": True}}).encode()


class Producer:
    """A producer whose broker acknowledges, or does not."""

    def __init__(self, *, answers: bool = True) -> None:
        self.answers = answers
        self.sent: list[dict[str, Any]] = []

    def send(self, topic: str, **record: Any) -> "Producer":
        """Record what is sent, and return the future as kafka-python does."""
        self.sent.append({"topic": topic, **record})
        return self

    timestamp = 0

    def get(self, timeout: float) -> "Producer":
        """Wait for the acknowledgement, as the future of kafka-python does; its result has the append time."""
        if not self.answers:
            raise KafkaTimeoutError(timeout)
        return self


def raw(*, partition: int = 0, value: bytes = BODY, conversation: int = 0) -> RawRecord:
    """Return a record of a conversation that cannot be used."""
    return RawRecord(FEEDBACK, partition, 5, 0, b"sample:c_%d" % conversation, value)


def story(sent: dict[str, Any]) -> dict[str, str]:
    """Return the headers of a dead letter."""
    return {name: value.decode() for name, value in sent["headers"]}


def test_a_dead_letter_is_the_record_with_its_story() -> None:
    """A dead letter is the record with its story, on the same partition, so that a replay can keep the order."""
    producer = Producer()
    DeadLetterWriter(producer, "sink", IN_A_ROW, Health()).put(raw(partition=3), POISON)
    (sent,) = producer.sent
    assert (sent["topic"], sent["partition"], sent["value"]) == (DEAD_LETTERS, 3, BODY)
    assert story(sent)["cp_reason"] == "bad_json"
    assert story(sent)["cp_stage"] == "sink"


def test_a_broker_that_does_not_acknowledge_keeps_the_record_from_being_committed() -> None:
    """An unacknowledged dead letter raises Unavailable, and does not count towards the limit."""
    producer, health = Producer(answers=False), Health()
    dead_letters = DeadLetterWriter(producer, "sink", IN_A_ROW, health)
    for number in range(2 * IN_A_ROW):
        with pytest.raises(Unavailable):
            dead_letters.put(raw(conversation=number), POISON)
    assert "does not take a dead letter (KafkaTimeoutError)" in health.troubles()[ReadinessPart.DEAD_LETTERS]
    producer.answers = True
    dead_letters.put(raw(), POISON)
    assert health.troubles() == {}


def test_a_dead_letter_topic_with_too_few_partitions_keeps_the_record_from_being_committed() -> None:
    """A missing partition, for which kafka-python raises ValueError, raises Unavailable instead of ending the stage."""

    class OnePartition(Producer):
        def send(self, topic: str, **record: Any) -> Producer:
            raise ValueError(f"Unrecognized partition {record['partition']} for topic {topic}")

    health = Health()
    with pytest.raises(Unavailable):
        DeadLetterWriter(OnePartition(), "sink", IN_A_ROW, health).put(raw(partition=3), POISON)
    assert "(UnknownTopicOrPartitionError)" in health.troubles()[ReadinessPart.DEAD_LETTERS]


def test_an_unexpected_error_makes_a_dead_letter_without_its_message() -> None:
    """An unexpected error makes a dead letter with its type and without its message, which may hold text."""
    producer = Producer()
    with capture_logs() as lines:
        try:
            raise KeyError(SAID)
        except KeyError as error:
            DeadLetterWriter(producer, "sink", IN_A_ROW, Health()).put(raw(), error)
    (sent,) = producer.sent
    assert story(sent)["cp_reason"] == "bug"
    assert story(sent)["cp_error_type"] == "KeyError"
    assert SAID not in str(story(sent))
    assert lines[0]["log_level"] == "error"
    assert SAID not in str({name: value for name, value in lines[0].items() if name != "exc_info"})


def test_after_twenty_in_a_row_the_stage_stops() -> None:
    """The stage stops after dead letters of too many conversations in a row; a good record starts the count again."""
    producer = Producer()
    dead_letters = DeadLetterWriter(producer, "sink", IN_A_ROW, Health())
    for _ in range(2):
        dead_letters.reset(raw())
        for number in range(IN_A_ROW):
            dead_letters.put(raw(conversation=number), POISON)
    with pytest.raises(TooManyDeadLetters, match="partition 0, could not be used"):
        dead_letters.put(raw(), POISON)
    assert len(producer.sent) == 2 * IN_A_ROW


def test_a_too_large_dead_letter_has_no_body() -> None:
    """A dead letter of a too large record has no body, and its story says where the original is."""
    producer = Producer()
    DeadLetterWriter(producer, "sink", IN_A_ROW, Health()).put(
        raw(value=BODY.ljust(MAX_BODY_BYTES + 1)), Poison(DeadLetterReason.OVERSIZE, "value")
    )
    (sent,) = producer.sent
    assert sent["value"] == b""
    assert (story(sent)["cp_topic"], story(sent)["cp_offset"]) == (FEEDBACK, "5")
