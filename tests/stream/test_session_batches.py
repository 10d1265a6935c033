"""From raw records to kept effects, with a broker that may die at any moment."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.contracts.ids import record_key
from stream.contracts.messages import (
    Consent,
    ConsentWithdrawal,
    ConversationEvent,
    Deletion,
    Edit,
    Erasure,
    Message,
    SessionEnd,
    Tick,
)
from stream.contracts.sessions import SessionRecord
from stream.contracts.topics import MESSAGES
from stream.contracts.vocabulary import DeadLetterReason, OperatingPoint, Role
from stream.detection.base import Cue, Detection, DetectorInput
from stream.open_sessions import OpenSessions
from stream.runtime.codec import Encoded, RawRecord, encode, partition_of
from stream.runtime.errors import CounterpointError, Poison
from stream.session_batches import SessionBatches
from stream.sessions.events import apply
from stream.sessions.lifecycle import tick
from tests.stream.sessions.talk import CONSENT, TENANT, at_second, message, ms, rules

PARTITIONS = 2


class Flagging:
    """Flags "no"; the score tells the text apart from others."""

    name = "flagging"
    version = "1"
    operating_point = OperatingPoint.ALONE

    def __init__(self) -> None:
        self.calls: list[int] = []

    def detect(self, inputs: Sequence[DetectorInput]) -> list[Detection]:
        """One detection per input."""
        self.calls.append(len(inputs))
        return [
            Detection(
                score=min(1.0, len(i.text) / 1_000),
                flagged="no" in i.text,
                cues=(Cue(0, 2, 1.0),) if "no" in i.text else (),
            )
            for i in inputs
        ]


class Crash(CounterpointError):  # noqa: N818 - it is what happens
    """The worker dies here."""


class Broker:
    """Keeps what it is given, until it fails: from its nth effect on, each is kept or lost by chance."""

    def __init__(self) -> None:
        self.changelog: dict[bytes, bytes] = {}
        self.published: list[tuple[int, Encoded]] = []
        self.dead: list[tuple[RawRecord, DeadLetterReason]] = []
        self.good_ones = 0
        self.effects = 0
        self.fails_at: int | None = None
        self.chance = random.Random(0)

    async def write(self, partition: int, key: bytes, value: bytes | None) -> None:
        """Keep or delete one key."""
        assert key.startswith(b"%d|" % partition)
        await self._effect(lambda: self.changelog.pop(key, None) if value is None else self._put(key, value))

    async def publish(self, partition: int, record: Encoded) -> None:
        """Keep one record."""
        await self._effect(lambda: self.published.append((partition, record)))

    async def set_aside(self, raw: RawRecord, why: Poison | Exception) -> None:
        """Keep one dead letter."""
        reason = why.reason if isinstance(why, Poison) else DeadLetterReason.BUG
        await self._effect(lambda: self.dead.append((raw, reason)))

    def good(self, _partition: int) -> None:
        """Count it."""
        self.good_ones += 1

    def _put(self, key: bytes, value: bytes) -> None:
        self.changelog[key] = value

    async def _effect(self, happen: Callable[[], object]) -> None:
        await asyncio.sleep(0)  # lets the others go on, as a network would
        self.effects += 1
        if self.fails_at is None or self.effects < self.fails_at:
            happen()
            return
        if self.chance.random() < 0.5:
            happen()
        raise Crash

    @property
    def records(self) -> list[SessionRecord]:
        """The session records that were published, in order."""
        return [
            SessionRecord.model_validate_json(encoded.value)
            for _, encoded in self.published
            if dict(encoded.headers)["ce_type"] == SessionRecord.event_type.encode()
        ]


class Worker:
    """One life of the stage: it begins with what the changelog holds."""

    def __init__(self, broker: Broker, **changes: Any) -> None:
        self.rules = rules(**changes)
        self.sessions = OpenSessions(self.rules)
        for key, value in broker.changelog.items():
            self.sessions.restore(key, value)
        self.sessions.restored(range(PARTITIONS))
        self.detector = Flagging()
        self.batches = SessionBatches(self.sessions, self.detector, self.rules, broker, partitions=PARTITIONS)

    def process(self, log: Sequence[RawRecord]) -> None:
        """One batch."""
        asyncio.run(self.batches.process(log))


class Log:
    """The messages topic: each event gets the next offset of its partition."""

    def __init__(self) -> None:
        self.records: list[RawRecord] = []
        self.offsets = [0] * PARTITIONS

    def put(self, event: ConversationEvent, second: float) -> RawRecord:
        """Append an event of a conversation."""
        key = record_key(event.tenant, event.conversation_id)
        partition = partition_of(key, PARTITIONS)
        return self._append(partition, encode(event, event_type=event.event_type, event_id="e", key=key), second)

    def tick(self, second: float) -> None:
        """Append a tick to every partition."""
        for partition in range(PARTITIONS):
            tick = encode(Tick(partition=partition), event_type=Tick.event_type, event_id="t", key=None)
            self._append(partition, tick, second)

    def raw(self, value: bytes | None, partition: int = 0, **changes: Any) -> RawRecord:
        """Append anything."""
        return self._append(
            partition, Encoded(key=changes.get("key"), value=value or b"", headers=[]), 0, value is None
        )

    def _append(self, partition: int, encoded: Encoded, second: float, tombstone: bool = False) -> RawRecord:
        record = RawRecord(
            topic=MESSAGES,
            partition=partition,
            offset=self.offsets[partition],
            timestamp_ms=ms(second),
            key=encoded.key,
            value=None if tombstone else encoded.value,
            headers=encoded.headers,
        )
        self.offsets[partition] += 1
        self.records.append(record)
        return record


def said(room: str, name: str, text: str, second: float, role: Role = Role.CLIENT, **changes: Any) -> Message:
    """A message in a room."""
    return message(name, text, second, role, conversation_id=room, **changes)


def ended(room: str, second: float) -> SessionEnd:
    """The end of a room's session."""
    return SessionEnd(tenant=TENANT, conversation_id=room, ended_at=at_second(second))


def test_a_batch_of_many_rooms_is_detected_at_once() -> None:
    """One call of the detector, whatever rooms and partitions the messages are of."""
    log, broker = Log(), Broker()
    for room in range(20):
        log.put(said(f"room-{room}", "a", "no", room), room)
        log.put(said(f"room-{room}", "b", "well", room + 1, Role.COUNSELLOR), room)
    worker = Worker(broker)
    worker.process(log.records)
    assert worker.detector.calls == [20]
    assert broker.published == []
    assert broker.good_ones == 40


def test_a_room_is_written_once_a_batch() -> None:
    """However many of its messages are in it."""
    log, broker = Log(), Broker()
    for second in range(30):
        log.put(said("room-1", f"m{second}", "hello", second), second)
    Worker(broker).process(log.records)
    assert broker.effects == 1
    assert len(broker.changelog) == 1


def test_a_record_is_published_on_the_partition_of_its_messages() -> None:
    """Under the conversation's key, in binary mode, with an id of its own."""
    log, broker = Log(), Broker()
    log.put(said("room-1", "a", "no", 0), 0)
    last = log.put(ended("room-1", 1), 1)
    Worker(broker).process(log.records)
    ((partition, encoded),) = broker.published
    assert partition == last.partition
    assert encoded.key == last.key
    assert dict(encoded.headers)["ce_type"] == b"counterpoint.session.v1"


def test_a_tick_closes_what_came_before_it_in_its_partition() -> None:
    """In the same batch as well; a message after the tick belongs to what follows."""
    log, broker = Log(), Broker()
    log.put(said("room-1", "a", "no", 0), 0)
    log.tick(1_800)
    log.put(said("room-1", "b", "no", 1_801), 1_801)
    Worker(broker).process(log.records)
    assert [(r.revision, r.state.value) for r in broker.records] == [(1, "closed"), (1, "reopened")]
    assert broker.records[0].counts.messages == 1


def test_withdrawal_and_erasure_are_passed_on_as_they_are() -> None:
    """Where nothing of a session is left here."""
    log, broker = Log(), Broker()
    gone = ConsentWithdrawal(tenant=TENANT, conversation_id="room-1", withdrawn_at=at_second(0))
    erased = Erasure(tenant=TENANT, conversation_id="room-1", erasure_id="0" * 36, requested_at=at_second(1))
    log.put(gone, 0)
    log.put(erased, 1)
    Worker(broker).process(log.records)
    types = [dict(encoded.headers)["ce_type"].decode() for _, encoded in broker.published]
    assert types == [gone.event_type, erased.event_type]
    (kept,) = broker.changelog
    assert kept.endswith(b"|0")


def test_bad_records_are_set_aside_and_the_next_is_processed() -> None:
    """Each with its reason; a record without consent too."""
    log, broker = Log(), Broker()
    log.raw(None)
    log.raw(b"{")
    elsewhere = log.put(said("room-1", "a", "no", 0), 0)
    log.records[-1] = RawRecord(**{**vars(elsewhere), "partition": 1 - elsewhere.partition})
    log.put(said("room-1", "b", "no", 1, consent=Consent()), 1)
    log.put(said("room-1", "c", "no", 2), 2)
    log.tick(3)
    tick = log.records[-1]
    log.records[-1] = RawRecord(**{**vars(tick), "partition": 1 - tick.partition})
    Worker(broker).process(log.records)
    assert sorted(reason.value for _, reason in broker.dead) == [
        "bad_json", "no_consent", "tombstone", "wrong_partition", "wrong_partition",
    ]  # fmt: skip
    assert len(broker.changelog) == 1


def test_a_bug_is_set_aside_and_the_conversation_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody expected costs one record, not the stage."""
    log, broker = Log(), Broker()
    for name in ("a", "b", "c"):
        log.put(said("room-1", name, "no", ord(name)), ord(name))
    worker = Worker(broker)

    def broken(conversation: Any, event: Any, *rest: Any) -> Any:
        if event.message_id == "b":
            raise ZeroDivisionError
        return apply(conversation, event, *rest)

    monkeypatch.setattr("stream.session_batches.apply", broken)
    worker.process(log.records)
    assert [reason for _, reason in broker.dead] == [DeadLetterReason.BUG]
    entries = [e.message_id for p in range(PARTITIONS) for e in worker.sessions.get(p, TENANT, "room-1").entries("a")]
    assert entries == ["a", "c"]


def test_a_failing_tick_costs_one_dead_letter_and_other_rooms_close(monkeypatch: pytest.MonkeyPatch) -> None:
    """The room is tried again a minute later, not every second."""
    log, broker = Log(), Broker()
    for room in ("room-1", "room-2", "room-3", "room-4"):
        log.put(said(room, "a", "no", 0), 0)
    worker = Worker(broker)
    worker.process(log.records)

    def broken(conversation: Any, *rest: Any) -> Any:
        if conversation.conversation_id == "room-2":
            raise ZeroDivisionError
        return tick(conversation, *rest)

    monkeypatch.setattr("stream.session_batches.tick", broken)
    for second in (1_800, 1_801, 1_802):
        log.records.clear()
        log.tick(second)
        worker.process(log.records)
    assert [reason for _, reason in broker.dead] == [DeadLetterReason.BUG]
    assert len(broker.records) == 3
    monkeypatch.undo()
    log.records.clear()
    log.tick(1_900)
    worker.process(log.records)
    assert len(broker.records) == 4


def test_what_the_outlet_raises_ends_the_batch() -> None:
    """Nothing of it may be acknowledged then."""
    log, broker = Log(), Broker()
    log.put(said("room-1", "a", "no", 0), 0)
    broker.fails_at = 1
    with pytest.raises(Crash):
        Worker(broker).process(log.records)


Process = Callable[[Worker, list[RawRecord]], Coroutine[Any, Any, None]]
ROOMS = ("room-1", "room-2")


def conversations(seed: int) -> Log:
    """A log of two rooms in which everything happens, with ticks between."""
    chance = random.Random(seed)
    log = Log()
    second = 0.0
    for number in range(chance.randint(1, 40)):
        kind, room, which = chance.randint(0, 12), chance.choice(ROOMS), chance.randint(0, 9)
        second += chance.choice((1, 1, 1, 5, 40, 70))
        name = f"m{which}"
        match kind:
            case 0:
                log.put(ended(room, second), second)
            case 1:
                edited = {"edited_at": at_second(second), "text": f"edit no {number}", "consent": CONSENT}
                log.put(Edit(tenant=TENANT, conversation_id=room, message_id=name, **edited), second)
            case 2:
                at = at_second(second)
                log.put(Deletion(tenant=TENANT, conversation_id=room, message_id=name, deleted_at=at), second)
            case 3:
                at = at_second(second - which)
                log.put(ConsentWithdrawal(tenant=TENANT, conversation_id=room, withdrawn_at=at), second)
            case 4:
                log.put(said(room, f"late{number}", "no, late", max(0, second - 30)), second)
            case 5 | 6:
                log.put(said(room, f"t{number}", "say more" * which, second, Role.COUNSELLOR), second)
            case 7 if which == 0:
                gone = {"erasure_id": "0" * 36, "requested_at": at_second(second)}
                log.put(Erasure(tenant=TENANT, conversation_id=room, **gone), second)
            case _:
                log.put(said(room, name if which < 4 else f"c{number}", f"no {number}", second), second)
        log.tick(second)
    for later in (60, 130, 200, 900):
        log.tick(second + later)
    return log


def run(
    log: Log,
    broker: Broker,
    sizes: Sequence[int],
    process: Process,
) -> None:
    """Feed the log in batches of these sizes; a worker that dies is followed by one that begins at the last batch."""
    worker, at, turn = new_worker(broker), 0, 0
    while at < len(log.records):
        batch = log.records[at : at + sizes[turn % len(sizes)]]
        turn += 1
        try:
            asyncio.run(process(worker, batch))
        except Crash:
            broker.fails_at = None
            worker = new_worker(broker)
        else:
            at += len(batch)


def new_worker(broker: Broker) -> Worker:
    """Windows of about a minute, so that a short log reaches all of them."""
    return Worker(broker, idle_ms=60_000, reopen_within_ms=50_000, late_within_ms=90_000, min_words=0)


async def whole(worker: Worker, batch: list[RawRecord]) -> None:
    """Process as it is."""
    await worker.batches.process(batch)


_HOW_IT_CLOSED = {"revision", "end_reason", "closed_at", "ended_at"}


def outcome(broker: Broker) -> dict[str, str]:
    """The last word on every session, but for how often and why it closed.

    An end that came before the first message closes nothing; redelivered after a crash it finds the session.
    """
    last: dict[str, SessionRecord] = {}
    for record in broker.records:
        rank = (record.state.value == "erased", record.revision, record.state.value == "reopened")
        before = last.get(str(record.session_id))
        if before is None or rank >= (
            before.state.value == "erased",
            before.revision,
            before.state.value == "reopened",
        ):
            last[str(record.session_id)] = record
    return {name: record.model_dump_json(exclude=_HOW_IT_CLOSED) for name, record in last.items()}


SEED = st.integers(0, 2**32)  # a log drawn element by element comes out too tame


@settings(max_examples=200, deadline=None)
@given(seed=SEED)
def test_a_crash_at_any_moment_changes_nothing_in_the_end(seed: int) -> None:
    """Whatever was kept and whatever was lost: the last word on each session is the same."""
    log, calm, stormy = conversations(seed), Broker(), Broker()
    run(log, calm, [1], whole)
    stormy.chance = random.Random(seed)
    sizes = [stormy.chance.randint(1, 60) for _ in range(4)]
    left = [stormy.chance.randint(1, 9) for _ in range(40)]

    async def crashing(worker: Worker, batch: list[RawRecord]) -> None:
        if stormy.fails_at is None and left:
            stormy.fails_at = stormy.effects + left.pop()
        await worker.batches.process(batch)

    run(log, stormy, sizes, crashing)
    assert outcome(stormy) == outcome(calm)


@settings(max_examples=100, deadline=None)
@given(seed=SEED, sizes=st.lists(st.integers(1, 60), min_size=1, max_size=5))
def test_how_the_log_is_cut_into_batches_changes_nothing(seed: int, sizes: list[int]) -> None:
    """Each record is published with the same content, in the same order of its conversation."""
    log, calm, other = conversations(seed), Broker(), Broker()
    run(log, calm, [1], whole)
    run(log, other, sizes, whole)

    def by_key(broker: Broker) -> dict[bytes | None, list[bytes]]:
        told: dict[bytes | None, list[bytes]] = {}
        for _, encoded in broker.published:
            told.setdefault(encoded.key, []).append(encoded.value)
        return told

    assert by_key(other) == by_key(calm)
    assert other.changelog.keys() == calm.changelog.keys()
