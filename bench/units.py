"""What one message and one session cost, in bytes and in CPU, without a broker: what docs/scale.md multiplies.

CPU is that of this process, so a busy machine makes it little larger. Broker, network and HTTP are not in it.
"""

import asyncio
import base64
import json
import re
import secrets
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar
from uuid import UUID, uuid5

from sqlalchemy import Engine, text
from standardwebhooks import Webhook

from bench.environment import LogLine
from bench.load import Event, Load
from bench.measures import Figures, Scale
from plugin.adapters.base import read_events
from plugin.adapters.webhook import StandardWebhook
from plugin.crypto.keys import KeyEncryptionKey
from plugin.crypto.pseudonyms import Pseudonyms
from plugin.database.engine import temporary_engine, transaction
from plugin.database.migrate import upgrade
from plugin.gateway.encoding import encode_event
from plugin.local.postgres import PostgresServer
from plugin.sink.apply import apply
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import Message
from stream.contracts.sessions import DetectorVersion, SessionRecord
from stream.contracts.topics import MESSAGES
from stream.contracts.transcripts import Transcript
from stream.contracts.vocabulary import OperatingPoint
from stream.detection import load_detector
from stream.detection.language import load_language_model
from stream.feedback.assess import Assessor
from stream.feedback.models.base import Deadline
from stream.feedback.models.baseline import InProcessBaseline
from stream.feedback.models.reader import InProcessReader
from stream.measuring.measure import Measurer
from stream.runtime.codec import EncodedRecord, RawRecord, encode, partition_of
from stream.runtime.logging import configure_logging
from stream.runtime.settings import SessionsSettings
from stream.workers.open_sessions import OpenSessions
from stream.workers.session_batches import Part, SessionBatches
from stream.workers.session_rules import rules_of

SESSIONS: Final = 400
MESSAGES_A_SESSION: Final = 40
RATED: Final = 40
"""Sessions of which the model is asked; each has some moments."""
COPIES: Final = 4
"""Of each of them in the database, so that its tables grow by more than a page."""
BATCH: Final = 500
"""Records at once, as a busy worker gets them."""
PARTITIONS: Final = 12
DEADLINE_S: Final = 60.0
_SECRET: Final = "whsec_" + base64.b64encode(bytes(32)).decode()
_WINDOW: Final = timedelta(minutes=5)

_UUID: Final = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")

Result = TypeVar("Result")


def units(folder: Path, scale: Scale, log: LogLine) -> Figures:
    """Measure what a message and a session cost in each stage; sessions of 40 messages, as in the other measures."""
    configure_logging("warning", stage="bench")  # a line for each session would be measured, too
    load = Load(scale.times(SESSIONS), MESSAGES_A_SESSION, concurrent=100)
    events = list(load.events())
    log(f"{load.total} messages in {load.sessions} sessions")
    outlet = asyncio.run(stream(events))
    rated = outlet.sessions[: scale.times(RATED)]
    log(f"the baseline on {len(rated)} sessions")
    feedback, asked_s, moments = asyncio.run(rate(rated))
    whole = asyncio.run(stream(events, transcripts=True)).transcripts[: len(rated)]
    log(f"measures of {len(whole)} sessions")
    measured_s, measured_bytes = asyncio.run(measure(whole))
    log("rows in PostgreSQL")
    with PostgresServer(folder / "postgres") as server:
        row_bytes, row_s = store(server.url, [copy for number in range(COPIES) for copy in copies(feedback, number)])
    records = [encode(event) for event in events]
    session_bytes = [size_of(encode(record)) for record in outlet.sessions]
    return {
        "gateway CPU a delivery, us": gateway_s(events) / load.total * 1e6,
        "stream CPU a message, us": outlet.cpu_s / load.total * 1e6,
        "messages topic, bytes a message": sum(map(size_of, records)) / load.total,
        "changelog, bytes a message": outlet.written / load.total,
        "sessions topic, bytes a session": _mean(session_bytes),
        "feedback topic, bytes a session": _mean([size_of(encode(record)) for record in feedback]),
        "transcripts topic, bytes a session where measures are on": _mean([size_of(encode(each)) for each in whole]),
        "measures topic, bytes a session": measured_bytes,
        "reader and measures CPU a session, ms": measured_s * 1e3,
        "moments a session that the model reads": moments / len(rated),
        "baseline CPU a moment, ms": asked_s / max(1, moments) * 1e3,
        "database, bytes a session": row_bytes,
        "sink CPU a session, ms": row_s * 1e3,
    }


def gateway_s(events: Sequence[Event]) -> float:
    """Return the CPU time in which the gateway verifies, reads and encodes these messages; HTTP is not in it."""
    now = datetime.now(UTC)
    adapter, pseudonyms, webhook = StandardWebhook(), Pseudonyms(secrets.token_bytes(32)), Webhook(_SECRET)
    deliveries = []
    for number, event in enumerate(each for each in events if isinstance(each, Message)):
        body = json.dumps(event.model_dump(mode="json", exclude={"tenant"}) | {"type": "message"})
        signature = webhook.sign(f"d-{number}", now, body)
        stamp = str(int(now.timestamp()))
        headers = {"webhook-id": f"d-{number}", "webhook-timestamp": stamp, "webhook-signature": signature}
        deliveries.append((headers, body.encode()))
    began = time.process_time()
    for headers, raw in deliveries:
        signed = adapter.read_headers(headers, now, _WINDOW)
        adapter.verify(raw, signed, (_SECRET,))
        for each in read_events(adapter, adapter.parse(raw), "bench", pseudonyms):
            encode_event(each, signed.delivery)
    return time.process_time() - began


@dataclass
class _Memory:
    """A broker that keeps what is published, and counts what is written to the changelog."""

    sessions: list[SessionRecord] = field(default_factory=list)
    transcripts: list[Transcript] = field(default_factory=list)
    written: int = 0
    cpu_s: float = 0.0

    async def write(self, partition: int, parts: Sequence[Part]) -> None:
        """Count the bytes of changelog records."""
        del partition
        self.written += sum(len(key) + len(value or b"") for key, value in parts)

    async def publish(self, partition: int, records: Sequence[EncodedRecord]) -> None:
        """Keep session records."""
        del partition
        self.sessions += [SessionRecord.model_validate_json(record.value) for record in records]

    async def publish_transcripts(self, partition: int, transcripts: Sequence[EncodedRecord]) -> None:
        """Keep transcripts."""
        del partition
        self.transcripts += [Transcript.model_validate_json(record.value) for record in transcripts]

    async def raise_risk(self, partition: int, signals: Sequence[EncodedRecord]) -> None:
        """Fail, since no platform of the load takes signals."""
        raise AssertionError(partition, signals)

    async def dead_letter(self, raw: RawRecord, error: Exception) -> None:
        """Fail, since no record of the load is one."""
        raise AssertionError(raw) from error

    def record_ok(self, raw: RawRecord) -> None:
        """Do nothing."""


async def stream(events: Iterable[Event], *, transcripts: bool = False) -> _Memory:
    """Process the events as the stream stage does, without Faust, by default with measures off."""
    detector, outlet = load_detector(), _Memory()
    load_language_model()
    version = DetectorVersion(name=detector.name, version=detector.version, operating_point=OperatingPoint.GATE)
    rules = rules_of(SessionsSettings(), version, None, frozenset(), transcripts=transcripts)
    batches = SessionBatches(OpenSessions(rules), detector, rules, outlet, partitions=PARTITIONS)
    raws = _appended(events)
    began = time.process_time()
    for first in range(0, len(raws), BATCH):
        await batches.process(raws[first : first + BATCH])
    outlet.cpu_s = time.process_time() - began
    return outlet


def _appended(events: Iterable[Event]) -> list[RawRecord]:
    """Return the events as records of the messages topic, appended now."""
    offsets: defaultdict[int, int] = defaultdict(int)
    now_ms = int(time.time() * 1000)
    raws: list[RawRecord] = []
    for event in events:
        record = encode(event)
        partition = partition_of(event.key, PARTITIONS)
        raws.append(
            RawRecord(
                MESSAGES, partition, offsets[partition], now_ms + len(raws), record.key, record.value, record.headers
            )
        )
        offsets[partition] += 1
    return raws


@dataclass
class AlwaysThere:
    """A model that is always there, with the number of requests."""

    asked: int = 0

    async def wait_until_seen(self) -> None:
        """Return at once."""

    async def request(self, ask: Callable[[], Awaitable[Result]]) -> Result:
        """Ask, and count."""
        self.asked += 1
        return await ask()


async def rate(records: Sequence[SessionRecord]) -> tuple[list[FeedbackRecord], float, int]:
    """Return the feedback on these sessions, its CPU time, and how often the model was asked."""
    model, availability = InProcessBaseline(), AlwaysThere()
    assessor = Assessor(model, availability, DEADLINE_S, time.monotonic)
    await model.canary(Deadline.after(DEADLINE_S))  # which loads what the first request would load
    began = time.process_time()
    feedback = [await assessor.feedback(record) for record in records]
    return feedback, time.process_time() - began, availability.asked


async def measure(transcripts: Sequence[Transcript]) -> tuple[float, float]:
    """Return the CPU time and the bytes of the record of one of these sessions, read in this process."""
    measurer = Measurer(InProcessReader(), AlwaysThere(), DEADLINE_S, time.monotonic)
    began = time.process_time()
    records = [encode(await measurer.measure(each)) for each in transcripts]
    return (time.process_time() - began) / len(records), _mean([size_of(record) for record in records])


def copies(records: Iterable[FeedbackRecord], number: int) -> Iterator[FeedbackRecord]:
    """Yield records like these, each with other ids."""

    def other(found: re.Match[str]) -> str:
        return str(uuid5(UUID(found[0]), str(number)))

    for record in records:
        yield FeedbackRecord.model_validate_json(_UUID.sub(other, record.model_dump_json()))


def store(url: str, records: Sequence[FeedbackRecord]) -> tuple[float, float]:
    """Return the bytes and the CPU time of the sink for one of these records, in an empty database.

    The first half only fills the first pages of tables and indexes, which are there for any number of sessions.
    """
    upgrade(url)
    kek = KeyEncryptionKey(secrets.token_bytes(32))
    half = len(records) // 2
    with temporary_engine(url) as engine:
        _apply(engine, kek, records[:half])
        before, began = _database_bytes(engine), time.process_time()
        _apply(engine, kek, records[half:])
        spent, after = time.process_time() - began, _database_bytes(engine)
    measured = len(records) - half
    return (after - before) / measured, spent / measured


def _apply(engine: Engine, kek: KeyEncryptionKey, records: Sequence[FeedbackRecord]) -> None:
    for record in records:
        with transaction(engine) as session:
            apply(session, kek, record, datetime.now(UTC))


def _database_bytes(engine: Engine) -> float:
    """Return the bytes of all tables with their indexes."""
    size = text("SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r'")
    with transaction(engine) as session:
        return float(session.scalar(size))


def size_of(record: EncodedRecord) -> int:
    """Return the bytes of a record, without those of the broker's own frame."""
    return len(record.key or b"") + len(record.value) + sum(len(name) + len(value) for name, value in record.headers)


def _mean(numbers: Sequence[int]) -> float:
    return sum(numbers) / len(numbers)
