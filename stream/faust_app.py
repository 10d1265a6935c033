"""What both Faust workers share: the app's settings, sending, dead letters, and running inside our own process.

Faust acknowledges what raised and what it cannot decode, commits on its way out, and prints; the settings here and
the rules of `docs/how-an-event-travels.md` (raw bytes in, acknowledged by hand, last) keep it from losing records.
"""

import asyncio
import contextlib
import signal
import tempfile
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import faust
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from faust.exceptions import FaustError
from faust.types import EventT

from stream.contracts.topics import DEAD_LETTERS
from stream.runtime import settings
from stream.runtime.codec import Encoded, RawRecord
from stream.runtime.dead_letters import Streak, dead_letter, tell
from stream.runtime.health import Health, serve
from stream.runtime.logging import get_logger

STOP_S = 8.0
"""Seconds for Faust to leave; whoever sent SIGTERM waits ten."""
_RETRY_SEND_S = 1.0
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

    `buffer` is how many records may wait in memory for an agent, per partition.
    """
    servers = ";".join(server.strip() for server in kafka.bootstrap_servers.split(","))
    return faust.App(
        app_id,
        broker=f"aiokafka://{servers}",
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
        worker_redirect_stdouts=False,
    )


def raw_record(event: EventT[Any]) -> RawRecord:
    """The record behind an event of a topic that is read as raw bytes."""
    message = event.message
    headers = dict(message.headers or ())
    return RawRecord(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        timestamp_ms=int(message.timestamp * 1000),
        key=message.key,
        value=message.value,
        headers=tuple(headers.items()),
    )


async def send(app: faust.App, topic: str, record: Encoded, partition: int | None) -> None:
    """Return once the broker has the record; while it is away, hold it and try again."""
    await send_raw(app, topic, record.key, record.value, partition, record.headers)


async def send_raw(
    app: faust.App,
    topic: str,
    key: bytes | None,
    value: bytes | None,
    partition: int | None,
    headers: list[tuple[str, bytes]] | None = None,
) -> None:
    """`send` for a record that is no event; a value of None deletes its key from a compacted topic.

    Raises:
        MessageSizeTooLargeError: no retry would help.
    """
    while True:
        try:
            await app.producer.send_and_wait(topic, key, value, partition, None, headers)
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

    def __init__(self, app: faust.App, stage: str) -> None:
        self._app = app
        self._stage = stage
        self._streak = Streak()
        self.good = self._streak.good

    async def put(self, raw: RawRecord, why: Exception) -> None:
        """Return once the broker has the dead letter; only then may the record be acknowledged.

        Raises:
            TooManyDeadLetters: nearly everything is refused; this one is not set aside.
        """
        self._streak.check(raw)
        await send(self._app, DEAD_LETTERS, dead_letter(raw, why, stage=self._stage), None)
        self._streak.bad(raw, why)
        tell(raw, why, stage=self._stage)


Build = Callable[[Path, Stop, Health], AbstractAsyncContextManager[faust.App]]
"""Makes the app inside the running loop, and gives back what it holds after the app has stopped."""


def run(build: Build, health: Health, *, host: str, port: int) -> int:
    """Run the app that `build` makes until SIGTERM or SIGINT; returns the exit status.

    Raises:
        Exception: the one that was given to `Stop.now`.
    """
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
        await asyncio.wait((asked, ended), return_when=asyncio.FIRST_COMPLETED)
        by_itself = not asked.done()
        for waiting in (asked, ended):
            waiting.cancel()
        await asyncio.gather(asked, ended, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(app.stop(), STOP_S)
    if stop.error is not None:
        raise stop.error
    if by_itself:
        get_logger().error("worker_crashed", exc_info=app.crash_reason)
    return 1 if by_itself else 0


async def _until_it_ends(app: faust.App) -> None:
    await app.start()
    await app.wait_until_stopped()
