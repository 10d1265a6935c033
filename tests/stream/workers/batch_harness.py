"""Test doubles around `SessionBatches`: a broker in memory, a detector that flags a word, and a log of events."""

import asyncio
import random
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

from stream.contracts.errors import CounterpointError, Poison
from stream.contracts.messages import (
    ConversationEvent,
    Message,
    SessionEnd,
    Tick,
)
from stream.contracts.sessions import SessionRecord
from stream.contracts.topics import MESSAGES
from stream.contracts.vocabulary import DeadLetterReason, Role
from stream.detection.base import Detection, DetectorInput, TextCue
from stream.runtime.codec import EncodedRecord, RawRecord, encode, partition_of
from stream.workers.open_sessions import OpenSessions
from stream.workers.session_batches import Part, SessionBatches
from tests.stream.sessions.scenario import TENANT, at_second, broker_ms, message, rules

PARTITIONS = 2


class FlaggingDetector:
    """A detector that flags "no" and gives each text its own score."""

    name = "flagging"
    version = "1"

    def __init__(self) -> None:
        self.calls: list[int] = []

    def detect(self, inputs: Sequence[DetectorInput]) -> list[Detection]:
        """Return one detection per input."""
        self.calls.append(len(inputs))
        return [
            Detection(
                score=min(1.0, len(i.text) / 1_000),
                flagged="no" in i.text,
                cues=(TextCue(0, 2, 1.0),) if "no" in i.text else (),
            )
            for i in inputs
        ]


class Crash(CounterpointError):  # noqa: N818 - an event, not a fault of the code
    """The crash of a worker."""


class MemoryBroker:
    """Keeps what it is given, until it fails: from its nth effect on, each is kept or lost by chance."""

    def __init__(self) -> None:
        self.changelog: dict[bytes, bytes] = {}
        self.published: list[tuple[int, EncodedRecord]] = []
        self.transcripts: list[tuple[int, EncodedRecord]] = []
        self.signals: list[tuple[int, EncodedRecord]] = []
        self.dead: list[tuple[RawRecord, DeadLetterReason]] = []
        self.usable_records = 0
        self.effects = 0
        self.fails_at: int | None = None
        self.chance = random.Random(0)

    async def write(self, partition: int, parts: Sequence[Part]) -> None:
        """Keep or delete each key."""
        assert parts
        assert all(key.startswith(b"%d|" % partition) for key, _ in parts)
        await self._effects([partial(self._put, key, value) for key, value in parts])

    async def publish(self, partition: int, records: Sequence[EncodedRecord]) -> None:
        """Keep each of the published records."""
        assert records
        await self._effects([partial(self.published.append, (partition, record)) for record in records])

    async def publish_transcripts(self, partition: int, transcripts: Sequence[EncodedRecord]) -> None:
        """Keep each of the transcripts."""
        assert transcripts
        await self._effects([partial(self.transcripts.append, (partition, record)) for record in transcripts])

    async def raise_risk(self, partition: int, signals: Sequence[EncodedRecord]) -> None:
        """Keep each of the risk signals."""
        assert signals
        await self._effects([partial(self.signals.append, (partition, signal)) for signal in signals])

    async def dead_letter(self, raw: RawRecord, error: Exception) -> None:
        """Keep the dead letter of one record."""
        reason = error.reason if isinstance(error, Poison) else DeadLetterReason.BUG
        await self._effects([lambda: self.dead.append((raw, reason))])

    def record_ok(self, _raw: RawRecord) -> None:
        """Count the record as usable."""
        self.usable_records += 1

    def _put(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            self.changelog.pop(key, None)
        else:
            self.changelog[key] = value

    async def _effects(self, effects: Sequence[Callable[[], object]]) -> None:
        await asyncio.sleep(0)  # lets the others go on, as a network would
        crash = False
        for effect in effects:
            self.effects += 1
            fails = self.fails_at is not None and self.effects >= self.fails_at
            crash |= fails
            if not fails or self.chance.random() < 0.5:
                effect()
        if crash:
            raise Crash

    @property
    def records(self) -> list[SessionRecord]:
        """The session records that were published, in order."""
        return [
            SessionRecord.model_validate_json(encoded.value)
            for _, encoded in self.published
            if dict(encoded.headers)["ce_type"] == SessionRecord.event_type.encode()
        ]


class BatchWorker:
    """The state of one worker process, restored from the changelog."""

    def __init__(self, broker: MemoryBroker, tenants: Collection[str] = (), **changes: Any) -> None:
        self.rules = rules(**changes)
        self.sessions = OpenSessions(self.rules)
        for key, value in broker.changelog.items():
            self.sessions.restore(key, value)
        self.sessions.rebuild(range(PARTITIONS))
        self.detector = FlaggingDetector()
        self.batches = SessionBatches(
            self.sessions, self.detector, self.rules, broker, partitions=PARTITIONS, tenants=tenants
        )

    def process(self, log: Sequence[RawRecord]) -> None:
        """Process the log as one batch."""
        asyncio.run(self.batches.process(log))


class Log:
    """The messages topic: each event gets the next offset of its partition."""

    def __init__(self) -> None:
        self.records: list[RawRecord] = []
        self.offsets = [0] * PARTITIONS

    def put(self, event: ConversationEvent, second: float) -> RawRecord:
        """Append an event of a conversation."""
        return self._append(partition_of(event.key, PARTITIONS), encode(event), second)

    def tick(self, second: float) -> None:
        """Append a tick to every partition."""
        for partition in range(PARTITIONS):
            self._append(partition, encode(Tick(partition=partition)), second)

    def raw(self, value: bytes | None, partition: int = 0, **changes: Any) -> RawRecord:
        """Append any bytes as a record."""
        return self._append(
            partition, EncodedRecord(key=changes.get("key"), value=value or b"", headers=[]), 0, value is None
        )

    def _append(self, partition: int, encoded: EncodedRecord, second: float, tombstone: bool = False) -> RawRecord:
        record = RawRecord(
            topic=MESSAGES,
            partition=partition,
            offset=self.offsets[partition],
            timestamp_ms=broker_ms(second),
            key=encoded.key,
            value=None if tombstone else encoded.value,
            headers=encoded.headers,
        )
        self.offsets[partition] += 1
        self.records.append(record)
        return record


def message_in(room: str, name: str, text: str, second: float, role: Role = Role.CLIENT, **changes: Any) -> Message:
    """A message in a room."""
    return message(name, text, second, role, conversation_id=room, **changes)


def end_of(room: str, second: float) -> SessionEnd:
    """The end of a room's session."""
    return SessionEnd(tenant=TENANT, conversation_id=room, ended_at=at_second(second))
