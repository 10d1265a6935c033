"""The feedback stage: session records in, feedback records out. Wiring only; what happens is in stream/feedback."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import faust
from faust.types import EventT, StreamT
from structlog.contextvars import bind_contextvars

from stream.contracts.errors import Misconfigured, TooManyDeadLetters
from stream.contracts.ids import record_id
from stream.contracts.messages import ConsentWithdrawal, Erasure
from stream.contracts.schema import RECORDS_BY_TOPIC
from stream.contracts.sessions import SessionRecord
from stream.contracts.topics import FEEDBACK, SESSIONS
from stream.faust_support.app import DeadLetters, Stop, create_app, raw_record, send
from stream.faust_support.app import run as run_app
from stream.faust_support.consumer_pause import Intake
from stream.faust_support.keyed_tasks import KeyedTasks
from stream.faust_support.ordered_acks import InOrder
from stream.feedback.assess import Assessor
from stream.feedback.models.activation import Activated, read_activation
from stream.feedback.models.availability import PART, ModelWatch
from stream.feedback.models.breaker import State
from stream.feedback.models.factory import open_model
from stream.runtime import topics
from stream.runtime.codec import Encoded, RawRecord, check_partition, decode, encode, known_types
from stream.runtime.health import Health
from stream.runtime.logging import get_logger
from stream.runtime.metrics import tell_model
from stream.runtime.progress import Progress
from stream.runtime.settings import Settings
from stream.runtime.trace import carried, trace_id

APP_ID = "counterpoint-feedback"
STAGE = "feedback"
_BUFFER = 16  # records between Faust and us; one may have 900 kB
_HELD = 4  # records in hand for each that is worked on: enough never to wait for the broker
_KNOWN = known_types(*RECORDS_BY_TOPIC[SESSIONS])


def run(settings: Settings) -> int:
    """Run the stage until SIGTERM or SIGINT; returns the exit status.

    Raises:
        Misconfigured: a topic is missing or has other partitions, or Triton serves another model than this version's.
        Unavailable: the broker does not answer at the start.
        TooManyDeadLetters: nearly every record is refused.
    """
    topics.require(settings.kafka)
    health = Health(PART)
    return run_app(partial(_app, settings), health, host=settings.health.host, port=settings.health.feedback_port)


@asynccontextmanager
async def _app(settings: Settings, folder: Path, stop: Stop, health: Health) -> AsyncIterator[faust.App]:
    read_activation(settings.feedback.activation)  # a wrong path is told at the start, not in the first bad night
    model = Activated(open_model(settings.feedback), partial(read_activation, settings.feedback.activation))
    deadline_s = settings.feedback.deadline_s
    app = create_app(APP_ID, settings.kafka, data_dir=folder, buffer=_BUFFER)
    intake = Intake(app)
    watch = ModelWatch(
        model,
        health,
        deadline_s=deadline_s,
        changed=lambda state: intake.hold("model", held=state is State.OPEN),
    )
    worker = _Worker(
        app,
        Assessor(model, watch, deadline_s, time.monotonic),
        DeadLetters(app, STAGE, settings.kafka.dead_letters_in_a_row, health),
        stop,
        partitions=settings.kafka.partitions,
    )
    most = _HELD * settings.feedback.concurrency
    tasks = KeyedTasks(
        settings.feedback.concurrency, changed=lambda count: intake.hold("full hands", held=count >= most)
    )
    sessions = app.topic(SESSIONS, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    @app.agent(sessions, name="sessions")
    async def assess(stream: StreamT[bytes]) -> None:
        async for event in cast("Any", stream).noack().events():  # the interface does not name `noack`
            worker.order.taken(event)
            tasks.start(event.key, partial(worker.handle, event))

    looking = asyncio.create_task(worker.keep_looking())
    try:
        yield app
    finally:
        looking.cancel()
        await tasks.cancel()
        await model.close()


class _Worker:
    """What happens to one record."""

    def __init__(
        self, app: faust.App, assessor: Assessor, dead_letters: DeadLetters, stop: Stop, *, partitions: int
    ) -> None:
        self.order = InOrder()
        self._app = app
        self._assessor = assessor
        self._dead_letters = dead_letters
        self._stop = stop
        self._partitions = partitions
        self._progress = Progress(STAGE)

    async def keep_looking(self) -> None:
        """See whether the model is there, before the first record asks for it and while none does."""
        try:
            await self._assessor.watch.until_seen()
            tell_model(self._assessor.model.version)
            await self._assessor.watch.keep_looking()
        except Misconfigured as error:
            self._stop.now(error)

    async def handle(self, event: EventT[Any]) -> None:
        """Send what becomes of one record, then acknowledge it. Never raises: Faust would acknowledge that."""
        raw = raw_record(event)
        self._progress.take(raw)
        try:
            try:
                await send(self._app, FEEDBACK, await self._output(raw), raw.partition)
                self._dead_letters.good(raw.partition)
            except Misconfigured:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, it is set aside before it is acknowledged
                await self._dead_letters.put(raw, error)
        except (Misconfigured, TooManyDeadLetters) as error:
            self._stop.now(error)
            return
        finally:
            self._progress.let_go(raw)
        self.order.done(event)
        self._progress.finish(raw)
        get_logger().info("record_done", partition=raw.partition, offset=raw.offset)

    async def _output(self, raw: RawRecord) -> Encoded:
        event = decode(raw, _KNOWN)
        data = cast("SessionRecord | Erasure | ConsentWithdrawal", event.data)
        check_partition(raw, data, self._partitions)
        trace = carried(raw.headers)
        bind_contextvars(tenant=data.tenant, event_id=event.id, trace_id=trace_id(trace))
        if not isinstance(data, SessionRecord):
            return encode(data, event_type=event.type, event_id=event.id, key=raw.key, trace=trace)
        bind_contextvars(session_id=str(data.session_id))
        feedback = await self._assessor.feedback(data)
        event_id = record_id(feedback.session_id, feedback.revision, feedback.state)
        return encode(feedback, event_type=feedback.event_type, event_id=event_id, key=raw.key, trace=trace)
