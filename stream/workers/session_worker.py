"""The stream stage: messages in, session records out. Wiring only; what happens is in stream/sessions.

Faust acknowledges what raised and what it cannot decode, and opens the flow before it has its place. So: raw bytes in,
acknowledged by hand, last; one batch in flight for any partition, which a rebalance waits for or calls off
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
from faust.types import EventT, StreamT

from stream.contracts.errors import Misconfigured, TooManyDeadLetters
from stream.contracts.messages import Tick
from stream.contracts.sessions import DetectorVersion
from stream.contracts.topics import MESSAGES, OPEN_SESSIONS_CHANGELOG, SESSIONS
from stream.contracts.vocabulary import Concern
from stream.detection import Server, load
from stream.detection.lexicons import marks
from stream.faust_support.app import DeadLetters, Record, Stop, create_app, raw_record, send, send_all
from stream.faust_support.app import run as run_app
from stream.faust_support.changelog_table import ChangelogTable
from stream.faust_support.fast_delivery import at_hand
from stream.faust_support.fencing import Guard, Membership
from stream.runtime import topics
from stream.runtime.codec import Encoded, encode
from stream.runtime.health import Health
from stream.runtime.progress import Progress
from stream.runtime.settings import Feedback, Sessions, Settings
from stream.sessions.rules import Rules
from stream.workers.open_sessions import OpenSessions
from stream.workers.session_batches import Part, SessionBatches

APP_ID = "counterpoint-stream"
STAGE = "stream"
TABLE = "open-sessions"  # with the app's id it makes the changelog topic's name
STATE = "state"
_LANES = 3  # that partitions share: one waits for the broker while another is worked on; more only split the batches
_WAITING = 1_000  # records, of all lanes, while others are in flight: enough for a round trip to pay
_BUFFER = 8_192  # records between Faust and us; once it is full Faust pauses for a second, in which we take some 6,000
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
        detector = load(settings.sessions.detector, settings.sessions.operating_point, _server(settings.feedback))
    except ValueError as error:
        raise Misconfigured(f"sessions.detector: {error}") from None
    version = DetectorVersion(name=detector.name, version=detector.version, operating_point=detector.operating_point)
    rules = rules_of(settings.sessions, version)
    sessions = OpenSessions(rules)
    app = create_app(APP_ID, settings.kafka, data_dir=folder, buffer=_BUFFER)
    table = ChangelogTable(app, name=TABLE, key_type=bytes, value_type=bytes, partitions=settings.kafka.partitions)
    table.contents, table.end = sessions, stop.now
    app.tables.add(table)
    outlet = _Outlet(app, DeadLetters(app, STAGE, settings.kafka.dead_letters_in_a_row, health))
    batches = SessionBatches(sessions, detector, rules, outlet, partitions=settings.kafka.partitions)
    worker = _Worker(app, batches, stop, health)
    messages = app.topic(MESSAGES, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    app.agent(messages, name="messages")(worker.follow)
    guard = Guard(app, Membership(settings.kafka.session_timeout_s), stop.now)

    async def give_back(*_: Any, **__: Any) -> None:
        await worker.call_off()
        await guard.settle()

    app.on_partitions_assigned.connect(guard.install, weak=False)
    app.on_partitions_assigned.connect(worker.take_up, weak=False)
    app.on_partitions_revoked.connect(give_back, weak=False)
    ticking = asyncio.create_task(worker.tick())
    watching = asyncio.create_task(guard.watch())
    try:
        yield app
    finally:
        watching.cancel()
        ticking.cancel()
        await worker.call_off()


def _server(feedback: Feedback) -> Server:
    return Server(feedback.triton_url, feedback.ca_file, feedback.certificate_file, feedback.key_file)


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

    def __init__(self, app: faust.App, dead_letters: DeadLetters) -> None:
        self._app = app
        self.set_aside = dead_letters.put
        self.good = dead_letters.good

    async def write(self, partition: int, parts: Sequence[Part]) -> None:
        await send_all(self._app, OPEN_SESSIONS_CHANGELOG, [Record(*part) for part in parts], partition)

    async def publish(self, partition: int, records: Sequence[Encoded]) -> None:
        await send_all(self._app, SESSIONS, records, partition)


class _Worker:
    """Sees batches through, one at a time in each lane, and gives time its beat.

    A partition keeps to one lane. While one lane waits for the broker, another is worked on; what comes meanwhile is
    the lane's next batch.
    """

    def __init__(self, app: faust.App, batches: SessionBatches, stop: Stop, health: Health) -> None:
        self._app = app
        self._batches = batches
        self._stop = stop
        self._health = health
        self._progress = Progress(STAGE)
        self._waiting: dict[int, list[EventT[Any]]] = {}
        self._at_work: dict[int, asyncio.Task[None]] = {}
        self._room = asyncio.Event()
        self._over: int | None = None

    async def follow(self, given: StreamT[Any]) -> None:
        """The agent. It never raises: Faust would acknowledge what it held."""
        stream = cast("Stream[Any]", given).noack()
        try:
            async for event in stream.events():
                self._take(event)
                for another in at_hand(self._app, stream):
                    self._take(another)
                    if self._is_full:
                        break
                while self._is_full:
                    self._room.clear()
                    await self._room.wait()
        except asyncio.CancelledError:  # the app stops
            for task in self._at_work.values():
                task.cancel()
            raise

    @property
    def _is_full(self) -> bool:
        return sum(map(len, self._waiting.values())) >= _WAITING

    def _take(self, event: EventT[Any]) -> None:
        if not event.message.generation_id == self._app.consumer_generation_id != self._over:
            return  # it comes again
        lane = event.message.partition % _LANES
        self._waiting.setdefault(lane, []).append(event)
        if lane not in self._at_work:
            self._at_work[lane] = asyncio.create_task(self._work(lane))

    async def _work(self, lane: int) -> None:
        """See what waits through, and what has come meanwhile, until there is nothing."""
        try:
            while batch := self._waiting.pop(lane, []):
                self._room.set()
                await self._see_through(batch)
        finally:
            del self._at_work[lane]

    async def _see_through(self, batch: Sequence[EventT[Any]]) -> None:
        records = [raw_record(event) for event in batch]
        self._progress.take(records[0])
        try:
            await self._batches.process(records)
        except Exception as error:  # noqa: BLE001 - unacknowledged, all of it comes again after the restart
            if isinstance(error, TooManyDeadLetters):  # what came before it is done, and must not be set aside again
                for event in batch:
                    if event.message.offset <= self._batches.done.get(event.message.partition, -1):
                        event.ack()
            self._stop.now(error)
            await asyncio.Event().wait()  # nothing more is done here
        for event in batch:
            event.ack()
        self._progress.let_go(records[0])
        self._progress.finish(records[-1], len(records))

    async def call_off(self, *_: Any, **__: Any) -> None:
        """Let the batches in flight end, or end them, before anybody else may own their partitions.

        What was not acknowledged comes again, to whoever owns it then.
        """
        self._health.set(STATE, "the partitions' state is being restored")
        self._over = self._app.consumer_generation_id
        self._waiting.clear()
        self._room.set()
        self._progress.keep_only(())
        if at_work := list(self._at_work.values()):
            await asyncio.wait(at_work, timeout=_CALL_OFF_S)
            for task in at_work:
                task.cancel()
            await asyncio.wait(at_work)

    async def take_up(self, *_: Any, **__: Any) -> None:
        """Partitions are ours, it may be in the very generation that was over: a follower that joins anew keeps it."""
        self._over = None

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
