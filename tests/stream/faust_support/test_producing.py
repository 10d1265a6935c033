"""Sending holds records until the broker has them, and raises only what no retry would help."""

import asyncio
from types import SimpleNamespace
from typing import cast

import faust
import pytest
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.producer.message_accumulator import BatchBuilder

from stream.faust_support import producing
from stream.faust_support.producing import KeyValue, send, send_all
from stream.runtime.codec import EncodedRecord
from tests.stream.faust_support.fake_producer import FakeProducer, app_with

RECORD = EncodedRecord(key=b"k", value=b"v", headers=[("h", b"1")])


@pytest.fixture(autouse=True)
def no_retry_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the delay between two attempts to zero."""
    monkeypatch.setattr(producing, "RETRY_SEND_S", 0.0)


async def test_what_is_sent_is_held_until_the_broker_has_it() -> None:
    """A record is sent again until the broker has it, however often the broker is away."""
    producer = FakeProducer(KafkaError(), OSError(), KafkaError())
    await send(app_with(producer), "topic", RECORD, 4)
    assert producer.sent == [("topic", b"k", b"v", 4, None, [("h", b"1")])]


async def test_what_is_too_large_is_not_held() -> None:
    """A record that is too large is not sent again, and the sender gets an error."""
    with pytest.raises(MessageSizeTooLargeError):
        await send(app_with(FakeProducer(MessageSizeTooLargeError())), "topic", RECORD, 4)


class BatchProducer:
    """A stand-in for aiokafka's producer of batches, which uses the real batch builder and fails as configured."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.sent: list[tuple[str, int, int]] = []

    def create_batch(self) -> BatchBuilder:
        """An empty batch of a kilobyte."""
        return BatchBuilder(1_000, 0, is_transactional=False)

    async def send_batch(self, batch: BatchBuilder, topic: str, *, partition: int) -> "asyncio.Future[None]":
        """Take the batch; its future ends with an error as long as there is one."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.errors:
            future.set_exception(self.errors.pop(0))
        else:
            self.sent.append((topic, partition, batch.record_count()))
            future.set_result(None)
        return future


def app_of_batches(producer: BatchProducer) -> faust.App:
    """Return a stand-in for an app that sends batches."""
    return cast("faust.App", SimpleNamespace(producer=SimpleNamespace(_ensure_producer=lambda: producer)))


async def test_records_are_sent_in_as_few_batches_as_possible() -> None:
    """Records are sent in as few batches as hold them, and a record larger than a batch has one to itself."""
    producer = BatchProducer()
    records = [KeyValue(b"k%d" % number, b"v" * 300) for number in range(5)]
    records += [KeyValue(b"large", b"v" * 5_000), KeyValue(b"gone", None)]
    await send_all(app_of_batches(producer), "topic", [*records, RECORD], 3)
    assert {sent[:2] for sent in producer.sent} == {("topic", 3)}
    assert [count for _, _, count in producer.sent] == [3, 2, 1, 2]


async def test_a_batch_that_was_not_accepted_is_sent_again_as_a_whole() -> None:
    """A batch that the broker did not take is sent again as a whole."""
    producer = BatchProducer(KafkaError(), KafkaError())
    await send_all(app_of_batches(producer), "topic", [RECORD, RECORD], 0)
    assert producer.sent == [("topic", 0, 2)]


async def test_a_batch_with_a_record_too_large_for_the_broker_is_an_error() -> None:
    """A record that is too large for the broker is an error that stops the stage, because no retry would help."""
    with pytest.raises(MessageSizeTooLargeError):
        await send_all(app_of_batches(BatchProducer(MessageSizeTooLargeError())), "topic", [RECORD], 0)
