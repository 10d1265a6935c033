"""What both Faust workers share: the app's settings, sending, dead letters, and running inside our own process.

Faust acknowledges what raised and what it cannot decode, commits on its way out, and prints; the settings here and
the rules of `docs/how-an-event-travels.md` (raw bytes in, acknowledged by hand, last) keep it from losing records.
"""

import asyncio
import gc
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, cast

import faust
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.producer.message_accumulator import BatchBuilder
from faust.exceptions import FaustError
from faust.types import EventT

from stream.contracts.errors import Unavailable
from stream.contracts.topics import DEAD_LETTERS
from stream.faust_support.driver import App, coordination_ended
from stream.runtime import settings
from stream.runtime.codec import Encoded, RawRecord
from stream.runtime.dead_letters import NOT_TAKEN_AFTER_S, PART, Streak, dead_letter, not_taken, tell
from stream.runtime.health import Health, serve
from stream.runtime.kafka_clients import options, servers
from stream.runtime.logging import get_logger

STOP_S = 7.0
"""Seconds for Faust to leave; whoever sent SIGTERM waits ten, and a busy machine takes its time to go."""
_RETRY_SEND_S = 1.0
_LOOK_S = 1.0
_BATCH_BYTES = 131_072  # a partition's share of what a full batch of messages writes goes out in one piece
# New objects between two searches for garbage cycles, which Python makes after 700: with thousands of conversations in
# memory those took a seventh of the worker's time. Hardly anything here is in a cycle.
_COLLECT_AFTER = 20_000
_POLL_LIMIT_S = 3_600.0  # a held record must not cost the membership in the group
BROKER = "broker"
"""Its name in /readyz."""


class Stop:
    """The wish to end: from a signal, or with the error that makes going on pointless."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.error: Exception | None = None

    def now(self, error: Exception | None = None) -> None:
        """End soon. The first error told is the one that counts."""
        self.error = self.error or error
        self._event.set()

    async def wait(self) -> None:
        """Return when the end is wished for."""
        await self._event.wait()


def create_app(app_id: str, kafka: settings.Kafka, *, data_dir: Path, buffer: int) -> faust.App:
    """A Faust app that declares no topic, prints nothing, serves nothing and keeps nothing on disk.

    `buffer` is how many records may wait in memory for an agent, of all its partitions.
    """
    return App(
        app_id,
        broker=f"aiokafka://{';'.join(servers(kafka))}",
        broker_credentials=_credentials(kafka),
        store="memory://",
        datadir=data_dir,
        autodiscover=False,
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_partitions=kafka.partitions,
        topic_replication_factor=kafka.replication,
        processing_guarantee="at_least_once",
        consumer_auto_offset_reset="earliest",
        stream_wait_empty=False,
        stream_buffer_maxsize=buffer,
        broker_session_timeout=float(kafka.session_timeout_s),
        broker_heartbeat_interval=1.0,
        broker_rebalance_timeout=float(kafka.session_timeout_s + 4),
        broker_max_poll_interval=_POLL_LIMIT_S,
        producer_acks=-1,
        producer_max_request_size=1_048_576,
        producer_max_batch_size=_BATCH_BYTES,
        worker_redirect_stdouts=False,
    )


def _credentials(kafka: settings.Kafka) -> faust.SSLCredentials | faust.SASLCredentials | None:
    """`kafka_clients.options` as Faust wants it for aiokafka."""
    found = options(kafka)
    if "sasl_mechanism" in found:
        return faust.SASLCredentials(
            mechanism=found["sasl_mechanism"],
            username=found["sasl_plain_username"],
            password=found["sasl_plain_password"],
            ssl_context=found["ssl_context"],
        )
    return None if found["ssl_context"] is None else faust.SSLCredentials(found["ssl_context"])


def raw_record(event: EventT[Any]) -> RawRecord:
    """The record behind an event of a topic that is read as raw bytes."""
    message = event.message
    headers = message.headers or ()
    return RawRecord(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        timestamp_ms=int(message.timestamp * 1000),
        key=message.key,
        value=message.value,
        headers=tuple(headers.items() if isinstance(headers, Mapping) else headers),
    )


async def send(app: faust.App, topic: str, record: Encoded, partition: int | None) -> None:
    """Return once the broker has the record; while it is away, hold it and try again.

    Raises:
        MessageSizeTooLargeError: no retry would help.
    """
    place = (topic, record.key, record.value, partition, None, record.headers)
    await _insist(topic, lambda: app.producer.send_and_wait(*place))


class Record(NamedTuple):
    """What goes to a topic; a value of None deletes its key from a compacted one."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


async def send_all(app: faust.App, topic: str, records: Sequence[Record | Encoded], partition: int) -> None:
    """`send` for many records of one partition, which arrive in their order: one future a batch, not one a record.

    After a failure all of them are sent again: whoever reads knows a record that comes twice.

    Raises:
        MessageSizeTooLargeError: no retry would help.
    """
    await _insist(topic, lambda: _send_batches(app, topic, records, partition))


async def _send_batches(app: faust.App, topic: str, records: Sequence[Record | Encoded], partition: int) -> None:
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


def _append(batch: BatchBuilder, record: Record | Encoded) -> bool:
    added = batch.append(timestamp=None, key=record.key, value=record.value, headers=list(record.headers))
    return added is not None


async def _insist(topic: str, work: Callable[[], Awaitable[object]]) -> None:
    """Do it until it succeeds, however long the broker is away."""
    while True:
        try:
            await work()
        except MessageSizeTooLargeError:
            raise
        except (FaustError, KafkaError, OSError) as error:
            if isinstance(error.__cause__, MessageSizeTooLargeError):
                raise error.__cause__ from None
            get_logger().warning("send_failed", topic=topic, error_type=type(error).__name__)
            await asyncio.sleep(_RETRY_SEND_S)
        else:
            return


class DeadLetters:
    """Sets records aside, and notices when nearly everything is."""

    def __init__(self, app: faust.App, stage: str, limit: int, health: Health) -> None:
        """`limit` is `kafka.dead_letters_in_a_row`."""
        self._app = app
        self._stage = stage
        self._health = health
        self._streak = Streak(limit)
        self.good = self._streak.good
        self._one_at_a_time = asyncio.Lock()

    async def put(self, raw: RawRecord, why: Exception) -> None:
        """Return once the broker has the dead letter; only then may the record be acknowledged.

        While the topic refuses it, whatever the reason, the stage is not ready and tries again.

        Raises:
            TooManyDeadLetters: nearly everything is refused; this one is not set aside.
        """
        async with self._one_at_a_time:  # or those in flight side by side would pass the limit together
            self._streak.check(raw)
            try:
                await self._insist(dead_letter(raw, why, stage=self._stage))
            finally:  # sent, or its partition is somebody else's now
                self._health.set(PART, None)
            self._streak.bad(raw, why)
        tell(raw, why, stage=self._stage)

    async def _insist(self, letter: Encoded) -> None:
        while True:
            if await self._taken(letter):
                return
            await asyncio.sleep(_RETRY_SEND_S)

    async def _taken(self, letter: Encoded) -> bool:
        place = (DEAD_LETTERS, letter.key, letter.value, None, None, letter.headers)
        sending = asyncio.ensure_future(self._app.producer.send_and_wait(*place))
        try:
            done, _ = await asyncio.wait((sending,), timeout=NOT_TAKEN_AFTER_S)
            if not done:  # it stays on its way: given up and sent anew, it might arrive twice
                self._health.set(PART, not_taken(None))
            await sending
        except asyncio.CancelledError:
            sending.cancel()
            raise
        except (FaustError, KafkaError, OSError) as error:
            reason = error.__cause__ or error
            self._health.set(PART, not_taken(reason))
            get_logger().warning("send_failed", topic=DEAD_LETTERS, error_type=type(reason).__name__)
            return False
        return True


Build = Callable[[Path, Stop, Health], AbstractAsyncContextManager[faust.App]]
"""Makes the app inside the running loop, and gives back what it holds after the app has stopped."""


def run(build: Build, health: Health, *, host: str, port: int) -> int:
    """Run the app that `build` makes until SIGTERM or SIGINT; returns the exit status.

    Raises:
        Exception: the one that was given to `Stop.now`.
    """
    gc.freeze()  # what is imported stays
    gc.set_threshold(_COLLECT_AFTER)
    server = serve(health, host, port)
    try:
        with tempfile.TemporaryDirectory(prefix="counterpoint-") as folder:  # Faust insists on one; it stays empty
            return asyncio.run(_run(build, health, Path(folder)))
    finally:
        server.shutdown()
        server.server_close()


async def _run(build: Build, health: Health, folder: Path) -> int:
    stop = Stop()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.now)
    health.set(BROKER, "no partitions assigned yet")
    async with build(folder, stop, health) as app:

        async def on_assigned(_app: Any, /, *assigned: Any, signal: Any, **_: Any) -> None:
            del signal
            health.set(BROKER, None if any(assigned) else "this worker has no partitions; others have them all")

        app.on_partitions_assigned.connect(on_assigned, weak=False)
        asked = asyncio.ensure_future(stop.wait())
        ended = asyncio.ensure_future(_until_it_ends(app))
        watching = asyncio.ensure_future(watch_group(app, stop))
        await asyncio.wait((asked, ended), return_when=asyncio.FIRST_COMPLETED)
        watching.cancel()
        by_itself = not asked.done()
        leaving = asyncio.ensure_future(_leave(app, asked, ended))
        await asyncio.wait((leaving,), timeout=STOP_S)
        if not leaving.done():
            _leave_at_once(folder, stop.error, status=int(by_itself))
        await leaving
    if stop.error is not None:
        raise stop.error
    if by_itself:
        get_logger().error("worker_crashed", exc_info=app.crash_reason)
    return 1 if by_itself else 0


async def watch_group(app: faust.App, stop: Stop) -> None:
    """End the worker once its client has given up the group: a new one finds its way."""
    while not coordination_ended(app):  # noqa: ASYNC110 - its end tells nobody
        await asyncio.sleep(_LOOK_S)
    get_logger().error("group_given_up")
    stop.now(Unavailable("the broker's coordinator of this worker's group"))


async def _leave(app: faust.App, *waiting: asyncio.Future[None]) -> None:
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await app.stop()


def _leave_at_once(folder: Path, error: Exception | None, *, status: int) -> NoReturn:
    """End the process: Faust waits for a broker that does not answer, and takes no cancelling for an answer.

    What was not acknowledged comes again to whoever reads it next.
    """
    get_logger().warning("left_without_the_broker")
    shutil.rmtree(folder, ignore_errors=True)
    if error is not None:
        sys.stderr.write(f"{error}\n")
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(status if error is None else getattr(error, "exit_status", 1))


async def _until_it_ends(app: faust.App) -> None:
    await app.start()
    await app.wait_until_stopped()
