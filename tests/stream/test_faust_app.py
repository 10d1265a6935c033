"""What both Faust workers rely on, without a broker; with one, the workers' own tests show it."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import faust
import pytest
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from stream import faust_app
from stream.contracts.topics import DEAD_LETTERS
from stream.contracts.vocabulary import DeadLetterReason
from stream.faust_app import DeadLetters, Stop, create_app, raw_record, send
from stream.runtime.codec import Encoded, RawRecord
from stream.runtime.dead_letters import IN_A_ROW
from stream.runtime.errors import Poison, TooManyDeadLetters
from stream.runtime.settings import Kafka

RECORD = Encoded(key=b"k", value=b"v", headers=[("h", b"1")])
BROKEN = Poison(DeadLetterReason.BAD_JSON, "value")


class Producer:
    """Keeps what is sent; fails as often as told."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.sent: list[tuple[Any, ...]] = []

    async def send_and_wait(self, *arguments: Any) -> None:
        """Fail, or keep."""
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(arguments)


def app_with(producer: Producer) -> faust.App:
    """As much of an app as sending needs."""
    return cast("faust.App", SimpleNamespace(producer=producer))


def raw(partition: int = 0, value: bytes = b"{") -> RawRecord:
    """A record that cannot be read."""
    return RawRecord("topic", partition, 7, 0, b"k", value)


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trying again takes no time here."""
    monkeypatch.setattr(faust_app, "_RETRY_SEND_S", 0.0)


async def test_the_app_declares_nothing_serves_nothing_and_waits_for_nobody(tmp_path: Path) -> None:
    """The settings without which Faust creates topics, opens a port, skips the past or loses held records."""
    conf = create_app("app", Kafka(bootstrap_servers="a:1, b:2", partitions=5), data_dir=tmp_path, buffer=3).conf
    assert [str(url) for url in conf.broker] == ["aiokafka://a:1", "aiokafka://b:2"]
    assert not conf.topic_allow_declare
    assert conf.topic_disable_leader
    assert not conf.web_enabled
    assert not conf.stream_wait_empty
    assert conf.consumer_auto_offset_reset == "earliest"
    assert "AT_LEAST_ONCE" in repr(conf.processing_guarantee)
    assert (conf.topic_partitions, conf.stream_buffer_maxsize, conf.broker_session_timeout) == (5, 3, 6.0)


def test_a_raw_record_is_what_stands_on_the_topic() -> None:
    """Bytes as they came, the broker's time in milliseconds, headers whatever form Faust gives them."""
    for headers in ({"ce_id": b"1"}, [("ce_id", b"1")]):
        message = SimpleNamespace(
            topic="t", partition=2, offset=9, timestamp=1700000000.123, key=b"k", value=b"v", headers=headers
        )
        record = raw_record(cast("Any", SimpleNamespace(message=message)))
        assert record == RawRecord("t", 2, 9, 1700000000123, b"k", b"v", (("ce_id", b"1"),))
    message.headers = None
    assert raw_record(cast("Any", SimpleNamespace(message=message))).headers == ()


async def test_what_is_sent_is_held_until_the_broker_has_it() -> None:
    """However often it is away meanwhile."""
    producer = Producer(KafkaError(), OSError(), KafkaError())
    await send(app_with(producer), "topic", RECORD, 4)
    assert producer.sent == [("topic", b"k", b"v", 4, None, [("h", b"1")])]


async def test_what_is_too_large_is_not_held() -> None:
    """No retry helps it; whoever sends must know."""
    with pytest.raises(MessageSizeTooLargeError):
        await send(app_with(Producer(MessageSizeTooLargeError())), "topic", RECORD, 4)


async def test_a_dead_letter_has_left_before_the_record_may_be_acknowledged() -> None:
    """With the original bytes and its story."""
    producer = Producer(KafkaError())
    await DeadLetters(app_with(producer), "test").put(raw(), BROKEN)
    ((topic, key, value, _, _, headers),) = producer.sent
    assert (topic, key, value) == (DEAD_LETTERS, b"k", b"{")
    assert ("cp_reason", b"bad_json") in headers
    assert ("cp_stage", b"test") in headers


async def test_a_record_as_large_as_the_broker_takes_leaves_its_body_behind() -> None:
    """With its story beside it the broker would refuse it, and the partition would stand still."""
    producer = Producer()
    await DeadLetters(app_with(producer), "test").put(raw(value=b"x" * 1_000_001), BROKEN)
    assert producer.sent[0][2] == b""
    assert ("cp_offset", b"7") in producer.sent[0][5]


async def test_a_bug_is_set_aside_under_its_type_and_place() -> None:
    """Never with its message, which may quote the record."""
    producer = Producer()
    try:
        raise KeyError("words of a client")
    except KeyError as error:
        await DeadLetters(app_with(producer), "test").put(raw(), error)
    headers = dict(producer.sent[0][5])
    assert headers["cp_reason"] == b"bug"
    assert headers["cp_error_type"] == b"KeyError"
    assert headers["cp_place"].startswith(b"test_faust_app.py:")
    assert b"words" not in b"".join(headers.values())


async def test_after_twenty_in_a_row_the_stage_stops_and_the_next_stays_where_it_is() -> None:
    """Then it is not the records that are broken. Other partitions have a count of their own."""
    producer = Producer()
    letters = DeadLetters(app_with(producer), "test")
    for _ in range(IN_A_ROW):
        await letters.put(raw(), BROKEN)
        await letters.put(raw(partition=1), BROKEN)
        letters.good(1)
    with pytest.raises(TooManyDeadLetters, match="20 records in a row of topic, partition 0"):
        await letters.put(raw(), BROKEN)
    assert len(producer.sent) == 2 * IN_A_ROW


async def test_the_first_error_told_is_why_a_stage_stops() -> None:
    """What follows from it is no news."""
    stop = Stop()
    first = TooManyDeadLetters("first")
    stop.now(first)
    stop.now(TooManyDeadLetters("second"))
    await asyncio.wait_for(stop.wait(), 1)
    assert stop.error is first
    calm = Stop()
    calm.now()
    assert calm.error is None
