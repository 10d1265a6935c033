"""The stream stage: messages in, session records out. Wiring only; what happens is in stream/sessions.

Faust acknowledges what raised and what it cannot decode, and opens the flow before it has its place. So: raw bytes in,
acknowledged by hand, last; one batch in flight at a time, which a rebalance waits for or calls off
(docs/decisions/0012-hold-the-flow-after-a-restore.md).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import faust
from faust.streams import Stream
from faust.types import EventT, StreamT, TopicT

from stream.contracts.messages import Tick
from stream.contracts.sessions import DetectorVersion
from stream.contracts.topics import MESSAGES, OPEN_SESSIONS_CHANGELOG, SESSIONS
from stream.contracts.vocabulary import Concern
from stream.detection import load
from stream.detection.lexicons import marks
from stream.faust_app import DeadLetters, Stop, create_app, raw_record, send, send_raw
from stream.faust_app import run as run_app
from stream.open_sessions import ChangelogTable, OpenSessions
from stream.runtime import metrics, topics
from stream.runtime.codec import Encoded, encode
from stream.runtime.errors import Misconfigured
from stream.runtime.health import Health
from stream.runtime.settings import Sessions, Settings
from stream.session_batches import SessionBatches
from stream.sessions.rules import Rules

APP_ID = "counterpoint-stream"
STAGE = "stream"
TABLE = "open-sessions"  # with the app's id it makes the changelog topic's name
STATE = "state"
BATCH = 500  # records: enough for one detector call and one round trip to pay for many messages
_BUFFER = 4_096  # records that wait, per partition
_TICK_S = 1.0
_CALL_OFF_S = 3.0  # a rebalance waits this long for the batch in flight; the group waits ten


def run(settings: Settings) -> int:
    """Run the stage until SIGTERM or SIGINT; returns the exit status.

    Raises:
        Misconfigured: a topic is missing or has other partitions, or there is no such detector.
        Unavailable: the broker does not answer at the start.
        TooManyDeadLetters: nearly every record is refused.
    """
    topics.require(settings.kafka)
    health = Health(STATE)
    return run_app(partial(_app, settings), health, host=settings.health.host, port=settings.health.stream_port)


@asynccontextmanager
async def _app(settings: Settings, folder: Path, stop: Stop, health: Health) -> AsyncIterator[faust.App]:
    try:
        detector = load(settings.sessions.detector, settings.sessions.operating_point)
    except ValueError as error:
        raise Misconfigured(f"sessions.detector: {error}") from None
    version = DetectorVersion(name=detector.name, version=detector.version, operating_point=detector.operating_point)
    rules = rules_of(settings.sessions, version)
    sessions = OpenSessions(rules)
    app = create_app(APP_ID, settings.kafka, data_dir=folder, buffer=_BUFFER)
    table = ChangelogTable(app, name=TABLE, key_type=bytes, value_type=bytes, partitions=settings.kafka.partitions)
    table.sessions = sessions
    app.tables.add(table)
    outlet = _Outlet(app)
    batches = SessionBatches(sessions, detector, rules, outlet, partitions=settings.kafka.partitions)
    worker = _Worker(app, batches, stop, health)
    messages = app.topic(MESSAGES, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    app.agent(messages, name="messages")(worker.follow)
    app.on_partitions_revoked.connect(worker.call_off, weak=False)
    ticking = asyncio.create_task(worker.tick())
    try:
        yield app
    finally:
        ticking.cancel()
        await worker.call_off()


def rules_of(sessions: Sessions, detector: DetectorVersion) -> Rules:
    """The settings as the pure rules want them: whole milliseconds of broker time, the lexicon at hand."""
    return Rules(
        detector=detector,
        marks=_concerns,
        end_rule=sessions.end_rule,
        idle_ms=round(sessions.idle_s * 1000),
        reopen_within_ms=round(sessions.reopen_within_s * 1000),
        late_within_ms=round(sessions.late_within_s * 1000),
        languages=sessions.languages,
        min_client_messages=sessions.min_client_messages,
        min_words=sessions.min_words,
        max_moments=sessions.max_moments,
    )


def _concerns(text: str) -> set[Concern]:
    return {Concern(hit.category) for hit in marks(text)}


class _Outlet:
    """The broker, as `SessionBatches` sees it."""

    def __init__(self, app: faust.App) -> None:
        self._app = app
        self._dead_letters = DeadLetters(app, STAGE)
        self.set_aside = self._dead_letters.put
        self.good = self._dead_letters.good

    async def write(self, partition: int, key: bytes, value: bytes | None) -> None:
        await send_raw(self._app, OPEN_SESSIONS_CHANGELOG, key, value, partition)

    async def publish(self, partition: int, record: Encoded) -> None:
        await send(self._app, SESSIONS, record, partition)


class _Worker:
    """Collects batches, sees them through one at a time, and gives time its beat."""

    def __init__(self, app: faust.App, batches: SessionBatches, stop: Stop, health: Health) -> None:
        self._app = app
        self._batches = batches
        self._stop = stop
        self._health = health
        self._collected: list[EventT[Any]] = []
        self._in_flight: asyncio.Task[None] | None = None

    async def follow(self, given: StreamT[Any]) -> None:
        """The agent. It never raises: Faust would acknowledge what it held."""
        stream = cast("Stream[Any]", given).noack()
        channel = cast("TopicT", stream.channel)
        async for event in stream.events():
            if event.message.generation_id == self._app.consumer_generation_id:  # if not, it comes again
                self._collected.append(event)
            if len(self._collected) < BATCH and not channel.queue.empty():
                continue
            batch, self._collected = self._collected, []
            self._in_flight = asyncio.create_task(self._see_through(batch))
            try:
                await asyncio.wait((self._in_flight,))
            except asyncio.CancelledError:  # the app stops
                self._in_flight.cancel()
                raise

    async def _see_through(self, batch: Sequence[EventT[Any]]) -> None:
        try:
            await self._batches.process([raw_record(event) for event in batch])
        except Exception as error:  # noqa: BLE001 - unacknowledged, all of it comes again after the restart
            self._stop.now(error)
            await asyncio.Event().wait()  # nothing more is done here
        for event in batch:
            event.ack()
        metrics.RECORDS.labels(stage=STAGE).inc(len(batch))

    async def call_off(self, *_: Any, **__: Any) -> None:
        """Let the batch in flight end, or end it, before anybody else may own its partitions.

        What was not acknowledged comes again, to whoever owns it then.
        """
        self._health.set(STATE, "the partitions' state is being restored")
        self._collected = []
        if self._in_flight is not None:
            await asyncio.wait((self._in_flight,), timeout=_CALL_OFF_S)
            self._in_flight.cancel()
            await asyncio.wait((self._in_flight,))

    async def tick(self) -> None:
        """Put the clock on each partition of ours, every second: time passes only where it can be followed."""
        while True:
            await asyncio.sleep(_TICK_S)
            if not self._app.tables.actives_ready or self._app.rebalancing:
                continue
            self._health.set(STATE, None)
            ours = sorted(tp.partition for tp in self._app.consumer.assignment() if tp.topic == MESSAGES)
            await asyncio.gather(*(send(self._app, MESSAGES, _tick(number), number) for number in ours))


def _tick(partition: int) -> Encoded:
    return encode(Tick(partition=partition), event_type=Tick.event_type, event_id=f"tick-{partition}", key=None)
