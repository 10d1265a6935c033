"""A dead letter is on the broker before its record is acknowledged, and too many in a row stop the stage."""

import asyncio
from typing import Any

import pytest
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, TopicAuthorizationFailedError

from stream.contracts.errors import Poison, TooManyDeadLetters
from stream.contracts.topics import DEAD_LETTERS
from stream.contracts.vocabulary import DeadLetterReason
from stream.faust_support import dead_letters
from stream.faust_support.dead_letters import DeadLetters
from stream.runtime.codec import RawRecord
from stream.runtime.health import Health, ReadinessPart
from stream.runtime.settings import KafkaSettings
from tests.stream.faust_support.fake_producer import FakeProducer, app_with

IN_A_ROW = KafkaSettings().dead_letters_in_a_row
BROKEN = Poison(DeadLetterReason.BAD_JSON, "value")


@pytest.fixture(autouse=True)
def no_retry_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the delay between two attempts to zero."""
    monkeypatch.setattr(dead_letters, "RETRY_SEND_S", 0.0)


KEPT = b'{"consent": {"processing": true}}'


def raw(partition: int = 0, value: bytes = KEPT, conversation: int = 0) -> RawRecord:
    """Return a record of a conversation that cannot be used."""
    return RawRecord("topic", partition, 7, 0, b"k_%d" % conversation, value)


async def test_a_dead_letter_has_left_before_the_record_may_be_acknowledged() -> None:
    """A dead letter, with original bytes and story, is sent before its record may be acknowledged."""
    producer = FakeProducer(KafkaError())
    await DeadLetters(app_with(producer), "test", IN_A_ROW, Health()).put(raw(), BROKEN)
    ((topic, key, value, _, _, headers),) = producer.sent
    assert (topic, key, value) == (DEAD_LETTERS, b"k_0", KEPT)
    assert ("cp_reason", b"bad_json") in headers
    assert ("cp_stage", b"test") in headers


async def test_a_record_as_large_as_the_broker_takes_leaves_its_body_behind() -> None:
    """A record of the broker's maximum size loses its body, because the story would make it too large."""
    producer = FakeProducer()
    await DeadLetters(app_with(producer), "test", IN_A_ROW, Health()).put(raw(value=KEPT.ljust(1_000_001)), BROKEN)
    assert producer.sent[0][2] == b""
    assert ("cp_offset", b"7") in producer.sent[0][5]


async def test_a_bug_is_dead_lettered_with_its_type_and_place() -> None:
    """A bug makes a dead letter with the error's type and place, without its message, which may quote the record."""
    producer = FakeProducer()
    try:
        raise KeyError("words of a client")
    except KeyError as error:
        await DeadLetters(app_with(producer), "test", IN_A_ROW, Health()).put(raw(), error)
    headers = dict(producer.sent[0][5])
    assert headers["cp_reason"] == b"bug"
    assert headers["cp_error_type"] == b"KeyError"
    assert headers["cp_place"].startswith(b"test_dead_letters.py:")
    assert b"words" not in b"".join(headers.values())


async def test_after_twenty_in_a_row_the_stage_stops_and_the_next_stays_where_it_is() -> None:
    """After dead letters of twenty conversations in a row on a partition the stage stops; the next record stays."""
    producer = FakeProducer()
    dead = DeadLetters(app_with(producer), "test", IN_A_ROW, Health())
    for number in range(IN_A_ROW):
        await dead.put(raw(conversation=number), BROKEN)
        await dead.put(raw(partition=1, conversation=number), BROKEN)
        dead.record_ok(raw(partition=1))
    with pytest.raises(TooManyDeadLetters, match="20 conversations in a row of topic, partition 0"):
        await dead.put(raw(), BROKEN)
    assert len(producer.sent) == 2 * IN_A_ROW


@pytest.mark.parametrize("refusal", [MessageSizeTooLargeError(), TopicAuthorizationFailedError(), KafkaError()])
async def test_while_the_dead_letter_topic_refuses_a_stage_is_not_ready(refusal: Exception) -> None:
    """A stage is not ready while the dead-letter topic refuses records, whatever the reason."""
    health, troubles = Health(), list[dict[ReadinessPart, str]]()

    class Refusing(FakeProducer):
        async def send_and_wait(self, *arguments: Any) -> None:
            troubles.append(health.troubles())
            await super().send_and_wait(*arguments)

    producer = Refusing(refusal, refusal)
    await DeadLetters(app_with(producer), "test", IN_A_ROW, health).put(raw(), BROKEN)
    refused = {
        ReadinessPart.DEAD_LETTERS: f"The topic {DEAD_LETTERS} does not take a dead letter ({type(refusal).__name__});"
    }
    assert [{part: one[part][: len(refused[part])] for part in one} for one in troubles] == [{}, refused, refused]
    assert len(producer.sent) == 1
    assert health.troubles() == {}


async def test_a_dead_letter_without_an_answer_is_not_sent_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead letter is not sent twice while the broker's answer is missing, and the stage says that it waits."""
    monkeypatch.setattr(dead_letters, "UNACKNOWLEDGED_AFTER_S", 0.01)
    health, answers = Health(), asyncio.Event()

    class Slow(FakeProducer):
        async def send_and_wait(self, *arguments: Any) -> None:
            await answers.wait()
            await super().send_and_wait(*arguments)

    producer = Slow()
    putting = asyncio.create_task(DeadLetters(app_with(producer), "test", IN_A_ROW, health).put(raw(), BROKEN))
    await asyncio.sleep(0.05)
    assert "no answer" in health.troubles()[ReadinessPart.DEAD_LETTERS]
    answers.set()
    await putting
    assert len(producer.sent) == 1
    assert health.troubles() == {}


async def test_concurrent_records_make_no_more_dead_letters_than_the_limit() -> None:
    """Records of one partition that fail concurrently make no more dead letters than the limit."""
    producer = FakeProducer()
    dead = DeadLetters(app_with(producer), "test", IN_A_ROW, Health())
    records = [raw(conversation=number) for number in range(2 * IN_A_ROW)]
    found = await asyncio.gather(*(dead.put(each, BROKEN) for each in records), return_exceptions=True)
    assert [type(one) for one in found] == [type(None)] * IN_A_ROW + [TooManyDeadLetters] * IN_A_ROW
    assert len(producer.sent) == IN_A_ROW
