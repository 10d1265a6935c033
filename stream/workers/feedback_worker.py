"""The worker of the feedback stage: session records in, feedback records out. The rules are in stream/feedback."""

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
from stream.contracts.messages import ConsentWithdrawal, Deletion, Edit, Erasure
from stream.contracts.schema import RECORDS_BY_TOPIC
from stream.contracts.sessions import SessionRecord
from stream.contracts.topics import FEEDBACK, SESSIONS
from stream.faust_support.app import create_app, raw_record
from stream.faust_support.consumer_pause import ConsumerPause
from stream.faust_support.dead_letters import DeadLetters
from stream.faust_support.keyed_tasks import KeyedTasks
from stream.faust_support.ordered_acks import OrderedAcks
from stream.faust_support.producing import send
from stream.faust_support.run import StopRequest
from stream.faust_support.run import run as run_app
from stream.feedback.assess import Assessor
from stream.feedback.models.activation import ActivatedModel, read_activation
from stream.feedback.models.availability import ModelAvailability
from stream.feedback.models.breaker import BreakerState
from stream.feedback.models.factory import open_model
from stream.runtime import stages, topics
from stream.runtime.codec import EncodedRecord, RawRecord, check_partition, decode, encode, known_types
from stream.runtime.health import Health, ReadinessPart
from stream.runtime.logging import get_logger
from stream.runtime.metrics import set_model_info
from stream.runtime.progress import Progress
from stream.runtime.settings import Settings
from stream.runtime.trace import trace_id, traceparent_of

_BUFFER = 16  # records between Faust and the worker; one may have 900 kB
_IN_HAND_PER_TASK = 4  # records in hand for each that is processed: enough never to wait for the broker
_KNOWN = known_types(*RECORDS_BY_TOPIC[SESSIONS])


def run(settings: Settings) -> int:
    """Run the stage until SIGTERM or SIGINT; returns the exit status.

    Raises:
        Misconfigured: a topic is missing or has other partitions, or Triton serves another model than this version's.
        Unavailable: the broker does not answer at the start.
        TooManyDeadLetters: nearly every record is refused.
    """
    topics.require_topics(settings.kafka)
    health = Health(ReadinessPart.MODEL)
    host, port = stages.FEEDBACK.address(settings)
    return run_app(partial(_app, settings), health, host=host, port=port)


@asynccontextmanager
async def _app(settings: Settings, folder: Path, stop: StopRequest, health: Health) -> AsyncIterator[faust.App]:
    read_activation(settings.feedback.activation)  # a wrong path is reported at the start, not with the first record
    model = ActivatedModel(open_model(settings.feedback), partial(read_activation, settings.feedback.activation))
    deadline_s = settings.feedback.deadline_s
    app = create_app(stages.FEEDBACK.kafka_id, settings.kafka, data_dir=folder, buffer=_BUFFER)
    pause = ConsumerPause(app)
    availability = ModelAvailability(
        model,
        health,
        deadline_s=deadline_s,
        on_state_change=lambda state: pause.set("model", active=state is BreakerState.OPEN),
    )
    worker = _SessionsWorker(
        app,
        Assessor(model, availability, deadline_s, time.monotonic, settings.feedback.without_names),
        availability,
        DeadLetters(app, stages.FEEDBACK.name, settings.kafka.dead_letters_in_a_row, health),
        stop,
        partitions=settings.kafka.partitions,
    )
    max_in_hand = _IN_HAND_PER_TASK * settings.feedback.concurrency
    tasks = KeyedTasks(
        settings.feedback.concurrency,
        changed=lambda count: pause.set("too many records in hand", active=count >= max_in_hand),
    )
    sessions = app.topic(SESSIONS, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    @app.agent(sessions, name="sessions")
    async def assess(stream: StreamT[bytes]) -> None:
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
        await model.close()


class _SessionsWorker:
    """Processes one session record after the other, and watches the model."""

    def __init__(
        self,
        app: faust.App,
        assessor: Assessor,
        availability: ModelAvailability,
        dead_letters: DeadLetters,
        stop: StopRequest,
        *,
        partitions: int,
    ) -> None:
        self.acks = OrderedAcks()
        self._app = app
        self._assessor = assessor
        self._availability = availability
        self._dead_letters = dead_letters
        self._stop = stop
        self._partitions = partitions
        self._progress = Progress(stages.FEEDBACK.name)

    async def watch_model(self) -> None:
        """Check whether the model is there, before the first record needs it and while none does."""
        try:
            await self._availability.wait_until_seen()
            set_model_info(self._assessor.model.version)
            await self._availability.monitor()
        except Misconfigured as error:
            self._stop.set(error)

    async def handle(self, event: EventT[Any]) -> None:
        """Publish the feedback of one record, then acknowledge it. Never raises: Faust acknowledges what raised."""
        raw = raw_record(event)
        self._progress.start(raw)
        try:
            try:
                await send(self._app, FEEDBACK, await self._output(raw), raw.partition)
                self._dead_letters.record_ok(raw.partition)
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
        event = decode(raw, _KNOWN)
        data = cast("SessionRecord | Erasure | ConsentWithdrawal | Deletion | Edit", event.data)
        check_partition(raw, data, self._partitions)
        trace = traceparent_of(raw.headers)
        bind_contextvars(tenant=data.tenant, event_id=event.id, trace_id=trace_id(trace))
        if not isinstance(data, SessionRecord):
            return encode(data, trace=trace)
        bind_contextvars(session_id=str(data.session_id))
        return encode(await self._assessor.feedback(data), trace=trace)
