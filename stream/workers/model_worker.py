"""The worker of a stage with a model behind Triton: it makes one record of each record of its topic.

Records of one conversation are processed in order, others side by side. While the model is away records are held, and
the consumer polls on.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

import faust
from faust.types import EventT, StreamT
from prometheus_client import Gauge
from structlog.contextvars import bind_contextvars

from stream.contracts.base import ConversationRecord
from stream.contracts.errors import Misconfigured, TooManyDeadLetters
from stream.contracts.schema import RECORDS_BY_TOPIC
from stream.faust_support.app import create_app, raw_record
from stream.faust_support.consumer_pause import ConsumerPause
from stream.faust_support.dead_letters import DeadLetters
from stream.faust_support.keyed_tasks import KeyedTasks
from stream.faust_support.ordered_acks import OrderedAcks
from stream.faust_support.producing import send
from stream.faust_support.run import StopRequest
from stream.faust_support.run import run as run_app
from stream.feedback.models.availability import ModelAvailability, WatchedModel
from stream.feedback.models.breaker import BreakerState
from stream.runtime import topics
from stream.runtime.codec import EncodedRecord, RawRecord, check_partition, decode, encode, known_types
from stream.runtime.health import Health, ReadinessPart
from stream.runtime.logging import get_logger
from stream.runtime.progress import Progress
from stream.runtime.settings import Settings
from stream.runtime.stages import Stage
from stream.runtime.trace import trace_id, traceparent_of

_BUFFER = 16  # records between Faust and the worker; one may have 900 kB
_IN_HAND_PER_TASK = 4  # records in hand for each that is processed: enough never to wait for the broker


class OpenModel(WatchedModel, Protocol):
    """A model that the worker watches, and closes at its end."""

    async def close(self) -> None:
        """Close the connections."""


Make = Callable[[Any], Awaitable[ConversationRecord]]
"""What makes the record that is written of one that was read."""


@dataclass(frozen=True)
class ModelWork:
    """What a stage does with its model."""

    model: OpenModel
    what: str
    """What the model is called in /readyz and in the log."""
    state_metric: Gauge
    """The metric of its breaker's state."""
    concurrency: int
    """Records that are processed at a time."""
    maker: Callable[[ModelAvailability], Make]
    """A function that returns what makes the records, by requests that the availability admits."""
    on_seen: Callable[[], None]
    """What is called once the model has been seen, when its version is known."""


def run_model_stage(settings: Settings, stage: Stage, writes: str, open_work: Callable[[], ModelWork]) -> int:
    """Run a stage that reads one topic and writes to `writes` until SIGTERM or SIGINT; returns the exit status.

    Raises:
        Misconfigured: a topic is missing or has other partitions, or Triton serves another model than this version's.
        Unavailable: the broker does not answer at the start.
        TooManyDeadLetters: nearly every record is refused.
    """
    topics.require_topics(settings.kafka)
    health = Health(ReadinessPart.MODEL)
    host, port = stage.address(settings)
    return run_app(partial(_app, settings, stage, writes, open_work), health, host=host, port=port)


@asynccontextmanager
async def _app(
    settings: Settings,
    stage: Stage,
    writes: str,
    open_work: Callable[[], ModelWork],
    folder: Path,
    stop: StopRequest,
    health: Health,
) -> AsyncIterator[faust.App]:
    work = open_work()
    app = create_app(stage.kafka_id, settings.kafka, data_dir=folder, buffer=_BUFFER)
    pause = ConsumerPause(app)
    availability = ModelAvailability(
        work.model,
        health,
        deadline_s=settings.feedback.deadline_s,
        what=work.what,
        state_metric=work.state_metric,
        on_state_change=lambda state: pause.set("model", active=state is BreakerState.OPEN),
    )
    dead_letters = DeadLetters(app, stage.name, settings.kafka.dead_letters_in_a_row, health)
    worker = _Worker(app, stage, writes, work, availability, dead_letters, stop, partitions=settings.kafka.partitions)
    max_in_hand = _IN_HAND_PER_TASK * work.concurrency
    tasks = KeyedTasks(
        work.concurrency,
        changed=lambda count: pause.set("too many records in hand", active=count >= max_in_hand),
    )
    (topic,) = stage.topics
    read = app.topic(topic, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    @app.agent(read, name="sessions")
    async def process(stream: StreamT[bytes]) -> None:
        async for event in cast("Any", stream).noack().events():  # the interface does not name `noack`
            worker.acks.track(event)
            tasks.start(event.key, partial(worker.handle, event))

    watching = asyncio.create_task(worker.watch_model())
    stop.follow(watching)
    try:
        yield app
    finally:
        watching.cancel()
        await tasks.cancel()
        await work.model.close()


class _Worker:
    """Processes one record after the other, and watches the model."""

    def __init__(
        self,
        app: faust.App,
        stage: Stage,
        writes: str,
        work: ModelWork,
        availability: ModelAvailability,
        dead_letters: DeadLetters,
        stop: StopRequest,
        *,
        partitions: int,
    ) -> None:
        self.acks = OrderedAcks()
        self._app = app
        self._writes = writes
        self._make = work.maker(availability)
        self._on_seen = work.on_seen
        self._availability = availability
        self._dead_letters = dead_letters
        self._stop = stop
        self._partitions = partitions
        (topic,) = stage.topics
        self._known = known_types(*RECORDS_BY_TOPIC[topic])
        self._progress = Progress(stage.name)

    async def watch_model(self) -> None:
        """Check whether the model is there, before the first record needs it and while none does."""
        try:
            await self._availability.wait_until_seen()
            self._on_seen()
            await self._availability.monitor()
        except Misconfigured as error:
            self._stop.set(error)

    async def handle(self, event: EventT[Any]) -> None:
        """Publish what is made of one record, then acknowledge it. Never raises: Faust acknowledges what raised."""
        raw = raw_record(event)
        self._progress.start(raw)
        try:
            try:
                await send(self._app, self._writes, await self._output(raw), raw.partition)
                self._dead_letters.record_ok(raw)
            except Misconfigured:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, it is dead-lettered before it is acknowledged
                await self._dead_letters.put(raw, error)
        except (Misconfigured, TooManyDeadLetters) as error:
            self._stop.set(error)
            return
        finally:
            self._progress.release(raw)
        self.acks.complete(event)
        self._progress.finish(raw)
        get_logger().info("record_done", partition=raw.partition, offset=raw.offset)

    async def _output(self, raw: RawRecord) -> EncodedRecord:
        event = decode(raw, self._known)
        data = cast("ConversationRecord", event.data)  # every topic that such a stage reads has these alone
        check_partition(raw, data, self._partitions)
        trace = traceparent_of(raw.headers)
        bind_contextvars(tenant=data.tenant, event_id=event.id, trace_id=trace_id(trace))
        if (session := getattr(data, "session_id", None)) is not None:
            bind_contextvars(session_id=str(session))
        return encode(await self._make(data), trace=trace)
