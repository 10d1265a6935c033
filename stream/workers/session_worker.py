"""The worker of the stream stage: it reads messages and publishes session records. The rules are in stream/sessions.

Faust acknowledges what raised and what it cannot decode, and opens the flow before it has sought its offsets. So: raw
bytes in, acknowledged by hand, last; one batch in flight per partition, which a rebalance waits for or cancels
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

from stream.contracts.errors import TooManyDeadLetters, Unavailable
from stream.contracts.messages import Tick
from stream.contracts.sessions import DetectorVersion
from stream.contracts.topics import MESSAGES, OPEN_SESSIONS_CHANGELOG, RISK, SESSIONS, TRANSCRIPTS
from stream.contracts.vocabulary import OperatingPoint
from stream.detection import load_detector
from stream.detection.language import load_language_model
from stream.faust_support.app import create_app, raw_record
from stream.faust_support.changelog_table import ChangelogTable
from stream.faust_support.dead_letters import DeadLetters
from stream.faust_support.fast_delivery import drain_pending
from stream.faust_support.fencing import GroupLease, ProduceFence
from stream.faust_support.producing import KeyValue, send, send_all
from stream.faust_support.run import StopRequest
from stream.faust_support.run import run as run_app
from stream.faust_support.stall import STALL_S, StallWatch, committed_offsets
from stream.runtime import stages, topics
from stream.runtime.codec import EncodedRecord, encode
from stream.runtime.health import Health, ReadinessPart
from stream.runtime.logging import get_logger
from stream.runtime.progress import Progress
from stream.runtime.settings import Settings
from stream.workers.open_sessions import OpenSessions
from stream.workers.sample_rule import sample_rule
from stream.workers.session_batches import Part, SessionBatches
from stream.workers.session_rules import rules_of

TABLE = "open-sessions"  # with the app's id it makes the changelog topic's name
_LANES = 3  # shared by the partitions: one waits for the broker while another is processed; more make batches smaller
_MAX_PENDING = 1_000  # records, of all lanes, while others are in flight: enough for a round trip to pay
_BUFFER = (
    8_192  # records between Faust and the worker, which takes some 6,000 in the second that Faust pauses when full
)
_TICK_S = 1.0
_DRAIN_S = 3.0  # a rebalance waits this long for the batch in flight; the group waits ten


def run(settings: Settings) -> int:
    """Run the stage until SIGTERM or SIGINT; returns the exit status.

    Raises:
        Misconfigured: a topic is missing or has other partitions.
        Unavailable: the broker does not answer at the start.
        TooManyDeadLetters: nearly every record is refused.
    """
    topics.require_topics(settings.kafka)
    health = Health(ReadinessPart.STATE)
    host, port = stages.STREAM.address(settings)
    return run_app(partial(_app, settings), health, host=host, port=port)


@asynccontextmanager
async def _app(settings: Settings, folder: Path, stop: StopRequest, health: Health) -> AsyncIterator[faust.App]:
    detector = load_detector()
    load_language_model()  # takes a second, for which no session should wait
    version = DetectorVersion(name=detector.name, version=detector.version, operating_point=OperatingPoint.GATE)
    rules = rules_of(
        settings.sessions,
        version,
        sample_rule(settings.sample),
        settings.risk_tenants,
        transcripts=settings.measures.enabled,
    )
    sessions = OpenSessions(rules)
    app = create_app(stages.STREAM.kafka_id, settings.kafka, data_dir=folder, buffer=_BUFFER)
    table = ChangelogTable(app, name=TABLE, key_type=bytes, value_type=bytes, partitions=settings.kafka.partitions)
    table.contents, table.request_stop = sessions, stop.set
    app.tables.add(table)
    outlet = _Outlet(app, DeadLetters(app, stages.STREAM.name, settings.kafka.dead_letters_in_a_row, health))
    batches = SessionBatches(
        sessions, detector, rules, outlet, partitions=settings.kafka.partitions, tenants=frozenset(settings.tenants)
    )
    lease = GroupLease(settings.kafka.session_timeout_s)
    watch = StallWatch(lambda: committed_offsets(app, MESSAGES), lambda: lease.is_valid)
    table.on_progress = watch.restart
    worker = _MessagesWorker(app, batches, stop, health, watch)
    messages = app.topic(MESSAGES, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    app.agent(messages, name="messages")(worker.consume)
    fence = ProduceFence(app, lease, stop.set)

    async def on_revoked(*_: Any, **__: Any) -> None:
        await worker.drain()
        await fence.flush()

    app.on_partitions_assigned.connect(fence.install, weak=False)
    app.on_partitions_assigned.connect(worker.on_assigned, weak=False)
    app.on_partitions_revoked.connect(on_revoked, weak=False)
    background = [
        asyncio.create_task(routine) for routine in (worker.produce_ticks(), worker.watch_flow(), fence.watch())
    ]
    for task in background:
        stop.follow(task)
    try:
        yield app
    finally:
        for task in background:
            task.cancel()
        await worker.drain()


class _Outlet:
    """The effects of `SessionBatches`, written to the broker."""

    def __init__(self, app: faust.App, dead_letters: DeadLetters) -> None:
        self._app = app
        self.dead_letter = dead_letters.put
        self.record_ok = dead_letters.record_ok

    async def write(self, partition: int, parts: Sequence[Part]) -> None:
        await send_all(self._app, OPEN_SESSIONS_CHANGELOG, [KeyValue(*part) for part in parts], partition)

    async def publish(self, partition: int, records: Sequence[EncodedRecord]) -> None:
        await send_all(self._app, SESSIONS, records, partition)

    async def publish_transcripts(self, partition: int, transcripts: Sequence[EncodedRecord]) -> None:
        await send_all(self._app, TRANSCRIPTS, transcripts, partition)

    async def raise_risk(self, partition: int, signals: Sequence[EncodedRecord]) -> None:
        await send_all(self._app, RISK, signals, partition)


class _MessagesWorker:
    """Processes batches, one at a time per lane, and produces a tick on each of its partitions every second.

    A partition always belongs to the same lane. While one lane waits for the broker, another is processed; what
    arrives meanwhile is the lane's next batch.
    """

    def __init__(
        self, app: faust.App, batches: SessionBatches, stop: StopRequest, health: Health, watch: StallWatch
    ) -> None:
        self._app = app
        self._batches = batches
        self._stop = stop
        self._health = health
        self._watch = watch
        self._progress = Progress(stages.STREAM.name)
        self._pending: dict[int, list[EventT[Any]]] = {}
        self._lane_tasks: dict[int, asyncio.Task[None]] = {}
        self._capacity = asyncio.Event()
        self._drained_generation: int | None = None

    async def consume(self, messages: StreamT[Any]) -> None:
        """Take the messages of the agent. Never raises: Faust acknowledges records whose handler raised."""
        stream = cast("Stream[Any]", messages).noack()
        try:
            async for event in stream.events():
                self._enqueue(event)
                for pending in drain_pending(self._app, stream):
                    self._enqueue(pending)
                    if self._is_full:
                        break
                while self._is_full:
                    self._capacity.clear()
                    await self._capacity.wait()
        except asyncio.CancelledError:  # the app stops
            for task in self._lane_tasks.values():
                task.cancel()
            raise

    @property
    def _is_full(self) -> bool:
        return sum(map(len, self._pending.values())) >= _MAX_PENDING

    def _enqueue(self, event: EventT[Any]) -> None:
        if not event.message.generation_id == self._app.consumer_generation_id != self._drained_generation:
            return  # it comes again
        lane = event.message.partition % _LANES
        self._pending.setdefault(lane, []).append(event)
        if lane not in self._lane_tasks:
            self._lane_tasks[lane] = asyncio.create_task(self._run_lane(lane))

    async def _run_lane(self, lane: int) -> None:
        """Process what is pending in a lane, and what arrives meanwhile, until nothing is left."""
        try:
            while batch := self._pending.pop(lane, []):
                self._capacity.set()
                await self._process_batch(batch)
        finally:
            del self._lane_tasks[lane]

    async def _process_batch(self, batch: Sequence[EventT[Any]]) -> None:
        records = [raw_record(event) for event in batch]
        self._progress.start(records[0])
        try:
            await self._batches.process(records)
        except Exception as error:  # noqa: BLE001 - unacknowledged, all of it comes again after the restart
            if isinstance(error, TooManyDeadLetters):
                # The records before it are done, and must not be dead-lettered again.
                for event in batch:
                    if event.message.offset <= self._batches.processed_offsets.get(event.message.partition, -1):
                        event.ack()
            self._stop.set(error)
            await asyncio.Event().wait()  # this lane stops here
        for event in batch:
            event.ack()
        self._progress.release(records[0])
        self._progress.finish(records[-1], len(records))

    async def drain(self, *_: Any, **__: Any) -> None:
        """Wait for the batches in flight, or cancel them, before another worker may own their partitions.

        What was not acknowledged comes again, to the worker that owns it then.
        """
        self._health.set(ReadinessPart.STATE, "the partitions' state is being restored")
        self._drained_generation = self._app.consumer_generation_id
        self._pending.clear()
        self._capacity.set()
        self._progress.keep_only(())
        if running := list(self._lane_tasks.values()):
            await asyncio.wait(running, timeout=_DRAIN_S)
            for task in running:
                task.cancel()
            await asyncio.wait(running)

    async def on_assigned(self, *_: Any, **__: Any) -> None:
        """Accept records again, even of the drained generation: a follower that rejoins its group keeps it."""
        self._drained_generation = None

    async def produce_ticks(self) -> None:
        """Produce a tick on each of the worker's partitions every second, once their state is restored."""
        while True:
            await asyncio.sleep(_TICK_S)
            if not self._app.tables.actives_ready or self._app.rebalancing:
                continue
            self._health.set(ReadinessPart.STATE, None)
            partitions = sorted(tp.partition for tp in self._app.consumer.assignment() if tp.topic == MESSAGES)
            ticks = [(encode(Tick(partition=number)), number) for number in partitions]
            await asyncio.gather(*(send(self._app, MESSAGES, tick, number) for tick, number in ticks))

    async def watch_flow(self) -> None:
        """Stop the worker once a partition of its own has stalled: a new process reads on from what is acknowledged."""
        while not (stalled := self._watch.stalled()):  # noqa: ASYNC110 - nothing signals that nothing happens
            await asyncio.sleep(_TICK_S)
        get_logger().error("stalled", partitions=stalled)
        named = ", ".join(map(str, stalled))
        self._stop.set(Unavailable(f"the flow of records (nothing acknowledged for {STALL_S:g} s, partitions {named})"))
