"""Sending records through the producer of a Faust app, and holding them while the broker is away.

Upstream limits (Faust 0.15.3): its producer sends one record at a time, and its errors wrap those of aiokafka. On an
upgrade, check that `app.producer` still has `_ensure_producer` and which exceptions `send_and_wait` raises.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, cast

import faust
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.producer.message_accumulator import BatchBuilder
from faust.exceptions import FaustError

from stream.runtime.codec import EncodedRecord
from stream.runtime.logging import get_logger

SEND_ERRORS = (FaustError, KafkaError, OSError)
"""What sending raises while the broker is away."""
RETRY_SEND_S = 1.0
"""Seconds between two attempts to send one record."""


class KeyValue(NamedTuple):
    """A record without headers; on a compacted topic a value of None deletes the key."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


async def send(app: faust.App, topic: str, record: EncodedRecord, partition: int | None) -> None:
    """Send one record and return once the broker has it; while the broker is away, hold the record and retry.

    Raises:
        MessageSizeTooLargeError: no retry would help.
    """
    arguments = (topic, record.key, record.value, partition, None, record.headers)
    await _retry_until_sent(topic, lambda: app.producer.send_and_wait(*arguments))


async def send_all(app: faust.App, topic: str, records: Sequence[KeyValue | EncodedRecord], partition: int) -> None:
    """Send many records to one partition, in their order, with one future a batch instead of one a record.

    After a failure all of them are sent again: consumers recognise a record that arrives twice.

    Raises:
        MessageSizeTooLargeError: no retry would help.
    """
    await _retry_until_sent(topic, lambda: _send_batches(app, topic, records, partition))


async def _send_batches(
    app: faust.App, topic: str, records: Sequence[KeyValue | EncodedRecord], partition: int
) -> None:
    producer: AIOKafkaProducer = cast("Any", app.producer)._ensure_producer()  # noqa: SLF001 - else one record at a time
    sent = []
    batch = producer.create_batch()
    for record in records:
        if not _append(batch, record):
            sent.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            _append(batch, record)  # an empty batch takes a record of any size
    sent.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*sent)


def _append(batch: BatchBuilder, record: KeyValue | EncodedRecord) -> bool:
    added = batch.append(timestamp=None, key=record.key, value=record.value, headers=list(record.headers))
    return added is not None


async def _retry_until_sent(topic: str, attempt: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await attempt()
        except MessageSizeTooLargeError:
            raise
        except SEND_ERRORS as error:
            if isinstance(error.__cause__, MessageSizeTooLargeError):
                raise error.__cause__ from None
            get_logger().warning("send_failed", topic=topic, error_type=type(error).__name__)
            await asyncio.sleep(RETRY_SEND_S)
        else:
            return
