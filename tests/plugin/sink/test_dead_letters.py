"""Dead letters of the sink: acknowledged, told without words, and bounded."""

from typing import Any

import pytest
from kafka.errors import KafkaTimeoutError
from structlog.testing import capture_logs

from plugin.sink.dead_letters import SetAside
from stream.contracts.errors import Poison, TooManyDeadLetters, Unavailable
from stream.contracts.topics import DEAD_LETTERS, FEEDBACK
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime.codec import RawRecord
from stream.runtime.dead_letters import LARGEST_BODY, PART
from stream.runtime.health import Health
from stream.runtime.settings import Kafka

POISON = Poison(DeadLetterReason.BAD_JSON, "value")
IN_A_ROW = Kafka().dead_letters_in_a_row
SAID = "these are made-up words"


class Producer:
    """A producer whose broker answers, or does not."""

    def __init__(self, *, answers: bool = True) -> None:
        self.answers = answers
        self.sent: list[dict[str, Any]] = []

    def send(self, topic: str, **record: Any) -> "Producer":
        """As kafka-python: a future."""
        self.sent.append({"topic": topic, **record})
        return self

    def get(self, timeout: float) -> None:
        """Of the future."""
        if not self.answers:
            raise KafkaTimeoutError(timeout)


def raw(*, partition: int = 0, value: bytes = SAID.encode()) -> RawRecord:
    """A record that could not be used."""
    return RawRecord(FEEDBACK, partition, 5, 0, b"sample:c", value)


def story(sent: dict[str, Any]) -> dict[str, str]:
    """The headers."""
    return {name: value.decode() for name, value in sent["headers"]}


def test_a_dead_letter_is_the_record_with_its_story() -> None:
    """On the same partition, so that its conversation's order can be kept in a replay."""
    producer = Producer()
    SetAside(producer, IN_A_ROW, Health()).put(raw(partition=3), POISON)
    (sent,) = producer.sent
    assert (sent["topic"], sent["partition"], sent["value"]) == (DEAD_LETTERS, 3, SAID.encode())
    assert story(sent)["cp_reason"] == "bad_json"
    assert story(sent)["cp_stage"] == "sink"


def test_a_broker_that_does_not_acknowledge_keeps_the_record_from_being_committed() -> None:
    """It is held and set aside later; it does not count as set aside."""
    producer, health = Producer(answers=False), Health()
    aside = SetAside(producer, IN_A_ROW, health)
    for _ in range(2 * IN_A_ROW):
        with pytest.raises(Unavailable):
            aside.put(raw(), POISON)
    assert "does not take a dead letter (KafkaTimeoutError)" in health.troubles()[PART]
    producer.answers = True
    aside.put(raw(), POISON)
    assert health.troubles() == {}


def test_an_error_of_ours_is_a_bug_with_its_place_and_without_its_message() -> None:
    """The message of an unexpected error may hold anything."""
    producer = Producer()
    with capture_logs() as lines:
        try:
            raise KeyError(SAID)
        except KeyError as error:
            SetAside(producer, IN_A_ROW, Health()).put(raw(), error)
    (sent,) = producer.sent
    assert story(sent)["cp_reason"] == "bug"
    assert story(sent)["cp_error_type"] == "KeyError"
    assert SAID not in str(story(sent))
    assert lines[0]["log_level"] == "error"
    assert SAID not in str({name: value for name, value in lines[0].items() if name != "exc_info"})


def test_after_twenty_in_a_row_the_stage_stops() -> None:
    """The next is not set aside; the sentence says what to do. A good record begins a new row."""
    producer = Producer()
    aside = SetAside(producer, IN_A_ROW, Health())
    for _ in range(2):
        aside.good(0)
        for _ in range(IN_A_ROW):
            aside.put(raw(), POISON)
    with pytest.raises(TooManyDeadLetters, match="partition 0, could not be used"):
        aside.put(raw(), POISON)
    assert len(producer.sent) == 2 * IN_A_ROW


def test_a_record_too_large_for_its_story_leaves_its_body_behind() -> None:
    """The story says where the original stands."""
    producer = Producer()
    SetAside(producer, IN_A_ROW, Health()).put(
        raw(value=b"x" * (LARGEST_BODY + 1)), Poison(DeadLetterReason.OVERSIZE, "value")
    )
    (sent,) = producer.sent
    assert sent["value"] == b""
    assert (story(sent)["cp_topic"], story(sent)["cp_offset"]) == (FEEDBACK, "5")
