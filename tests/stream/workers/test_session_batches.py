"""Raw records become kept effects exactly once, with a broker that may die at any moment."""

import asyncio
import random
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.contracts.messages import (
    Consent,
    ConsentWithdrawal,
    ConversationEvent,
    Deletion,
    Edit,
    Erasure,
    Participant,
    Participants,
)
from stream.contracts.sessions import SessionRecord
from stream.contracts.transcripts import Transcript
from stream.contracts.vocabulary import DeadLetterReason, LeftOut, Role, SessionState
from stream.detection import Detection, DetectorInput
from stream.reading import Damage
from stream.runtime import metrics
from stream.runtime.codec import EncodedRecord, RawRecord
from stream.runtime.dead_letters import ConsecutiveDeadLetters
from stream.sessions.events import apply_event
from stream.sessions.lifecycle import apply_tick
from tests.stream.sessions.scenario import CONSENT, TENANT, at_second
from tests.stream.workers.batch_harness import PARTITIONS, BatchWorker, Crash, Log, MemoryBroker, end_of, message_in


def test_a_batch_of_many_rooms_is_detected_at_once() -> None:
    """The messages of a batch are detected in one call, whatever their rooms and partitions."""
    log, broker = Log(), MemoryBroker()
    for room in range(20):
        log.put(message_in(f"room-{room}", "a", "no", room), room)
        log.put(message_in(f"room-{room}", "b", "well", room + 1, Role.COUNSELLOR), room)
    worker = BatchWorker(broker)
    worker.process(log.records)
    assert worker.detector.calls == [20]
    assert broker.published == []
    assert broker.usable_records == 40


def test_a_room_is_written_once_a_batch() -> None:
    """A room is written once per batch, however many of its messages are in it."""
    log, broker = Log(), MemoryBroker()
    for second in range(30):
        log.put(message_in("room-1", f"m{second}", "hello", second), second)
    BatchWorker(broker).process(log.records)
    assert broker.effects == 1
    assert len(broker.changelog) == 1


def test_a_record_is_published_on_the_partition_of_its_messages() -> None:
    """Under the conversation's key, in binary mode, with an id of its own."""
    log, broker = Log(), MemoryBroker()
    log.put(message_in("room-1", "a", "no", 0), 0)
    last = log.put(end_of("room-1", 1), 1)
    BatchWorker(broker).process(log.records)
    ((partition, encoded),) = broker.published
    assert partition == last.partition
    assert encoded.key == last.key
    assert dict(encoded.headers)["ce_type"] == b"counterpoint.session.v1"


def test_a_tick_closes_what_came_before_it_in_its_partition() -> None:
    """A tick closes what came before it in its partition, also in the same batch, and nothing after it."""
    log, broker = Log(), MemoryBroker()
    log.put(message_in("room-1", "a", "no", 0), 0)
    log.tick(1_800)
    log.put(message_in("room-1", "b", "no", 1_801), 1_801)
    BatchWorker(broker).process(log.records)
    assert [(r.revision, r.state.value) for r in broker.records] == [(1, "closed"), (1, "reopened")]
    assert broker.records[0].counts.messages == 1


def test_withdrawal_and_erasure_are_passed_on_as_they_are() -> None:
    """A withdrawal and an erasure without a session here are passed on unchanged."""
    log, broker = Log(), MemoryBroker()
    gone = ConsentWithdrawal(tenant=TENANT, conversation_id="room-1", withdrawn_at=at_second(0))
    erased = Erasure(tenant=TENANT, conversation_id="room-1", erasure_id="0" * 36, requested_at=at_second(1))
    log.put(gone, 0)
    log.put(erased, 1)
    BatchWorker(broker).process(log.records)
    types = [dict(encoded.headers)["ce_type"].decode() for _, encoded in broker.published]
    assert types == [gone.event_type, erased.event_type]
    (kept,) = broker.changelog
    assert kept.endswith(b"|0")


def test_bad_records_are_dead_lettered_and_the_next_is_processed() -> None:
    """Bad records become dead letters with a reason, and the next record is processed."""
    log, broker = Log(), MemoryBroker()
    log.raw(None)
    log.raw(b"{")
    elsewhere = log.put(message_in("room-1", "a", "no", 0), 0)
    log.records[-1] = RawRecord(**{**vars(elsewhere), "partition": 1 - elsewhere.partition})
    log.put(message_in("room-1", "b", "no", 1, consent=Consent()), 1)
    log.put(message_in("room-1", "c", "no", 2), 2)
    log.tick(3)
    tick = log.records[-1]
    log.records[-1] = RawRecord(**{**vars(tick), "partition": 1 - tick.partition})
    BatchWorker(broker).process(log.records)
    assert sorted(reason.value for _, reason in broker.dead) == [
        "bad_json", "no_consent", "tombstone", "wrong_partition", "wrong_partition",
    ]  # fmt: skip
    assert len(broker.changelog) == 1


def test_bad_records_have_their_place_in_the_order_of_a_batch() -> None:
    """Bad records with usable ones between are not counted as consecutive, and earlier records are done first."""
    log, broker = Log(), MemoryBroker()
    for second in range(30):
        log.put(message_in("room-1", f"m{second}", "hello", second), second)
        here = log.records[-1].partition
        log.raw(b"{")
        log.records[-1] = replace(log.records[-1], partition=here)
    consecutive, worker = ConsecutiveDeadLetters(2), BatchWorker(broker)
    calls: list[str] = []

    async def dead_letter(raw: RawRecord, error: Exception) -> None:
        consecutive.check(raw)
        consecutive.count(raw, error)
        calls.append("bad")

    def record_ok(raw: RawRecord) -> None:
        consecutive.reset(raw)
        calls.append("record_ok")

    broker.dead_letter = dead_letter  # type: ignore[method-assign]
    broker.record_ok = record_ok  # type: ignore[method-assign,assignment]
    worker.process(log.records)
    assert calls == ["record_ok", "bad"] * 30
    assert worker.batches.processed_offsets == {here: log.records[-1].offset}


def test_a_bug_makes_one_dead_letter_and_the_conversation_continues(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug makes one dead letter, and the conversation continues."""
    log, broker = Log(), MemoryBroker()
    for name in ("a", "b", "c"):
        log.put(message_in("room-1", name, "no", ord(name)), ord(name))
    worker = BatchWorker(broker)

    def broken(conversation: Any, event: Any, *rest: Any) -> Any:
        if event.message_id == "b":
            raise ZeroDivisionError
        yield from apply_event(conversation, event, *rest)

    monkeypatch.setattr("stream.workers.session_batches.apply_event", broken)
    worker.process(log.records)
    assert [reason for _, reason in broker.dead] == [DeadLetterReason.BUG]
    entries = [e.message_id for p in range(PARTITIONS) for e in worker.sessions.get(p, TENANT, "room-1").entries("a")]
    assert entries == ["a", "c"]


def test_a_failing_tick_costs_one_dead_letter_and_other_rooms_close(monkeypatch: pytest.MonkeyPatch) -> None:
    """The room is tried again a minute later, not every second."""
    log, broker = Log(), MemoryBroker()
    for room in ("room-1", "room-2", "room-3", "room-4"):
        log.put(message_in(room, "a", "no", 0), 0)
    worker = BatchWorker(broker)
    worker.process(log.records)

    def broken(conversation: Any, *rest: Any) -> Any:
        if conversation.conversation_id == "room-2":
            raise ZeroDivisionError
        yield from apply_tick(conversation, *rest)

    monkeypatch.setattr("stream.workers.session_batches.apply_tick", broken)
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


@pytest.mark.parametrize(
    "event",
    [
        message_in("room-1", "a", "no", 0),
        Edit(
            tenant=TENANT, conversation_id="room-1", message_id="a", text="no", edited_at=at_second(0), consent=CONSENT
        ),
        end_of("room-1", 0),
    ],
    ids=lambda event: event.event_type,
)
def test_a_tenant_that_the_settings_do_not_name_is_refused(event: ConversationEvent) -> None:
    """What a tenant sends that the settings do not name is dead-lettered, and nothing of it is kept."""
    log, broker = Log(), MemoryBroker()
    log.put(event, 0)
    BatchWorker(broker, tenants={"somebody-else"}).process(log.records)
    assert [reason for _, reason in broker.dead] == [DeadLetterReason.UNKNOWN_TENANT]
    assert (broker.changelog, broker.published) == ({}, [])


def test_nobody_is_refused_a_withdrawal_or_an_erasure() -> None:
    """Withdrawals and erasures are passed on for a tenant that the settings no longer name."""
    log, broker = Log(), MemoryBroker()
    log.put(ConsentWithdrawal(tenant=TENANT, conversation_id="room-1", withdrawn_at=at_second(0)), 0)
    log.put(Erasure(tenant=TENANT, conversation_id="room-1", erasure_id=str(UUID(int=7)), requested_at=at_second(0)), 1)
    BatchWorker(broker, tenants={"somebody-else"}).process(log.records)
    assert broker.dead == []
    assert len(broker.published) == 2


@pytest.mark.parametrize("tenants", [(), {TENANT}])
def test_a_tenant_is_taken_if_it_is_named_or_none_is(tenants: Collection[str]) -> None:
    """A tenant's messages are taken where the settings name it, or name nobody."""
    log, broker = Log(), MemoryBroker()
    log.put(message_in("room-1", "a", "no", 0), 0)
    BatchWorker(broker, tenants=tenants).process(log.records)
    assert broker.dead == []
    assert len(broker.changelog) == 1


def test_texts_that_are_not_plain_are_counted_by_kind() -> None:
    """Each text of a message or an edit that is not plain is counted once for each kind of its damage."""

    def counted() -> dict[str, float]:
        return {kind: metrics.DAMAGED_TEXTS.labels(kind=kind)._value.get() for kind in Damage}

    log, broker = Log(), MemoryBroker()
    log.put(message_in("room-1", "a", "don&#39;t &amp; <b>can't</b>", 0), 0)
    log.put(message_in("room-1", "b", "plain words", 1, Role.COUNSELLOR), 1)
    before = counted()
    BatchWorker(broker).process(log.records)
    assert {kind for kind, count in counted().items() if count == before[kind] + 1} == {"entities", "tags"}


def test_what_the_outlet_raises_ends_the_batch() -> None:
    """An error of the outlet ends the batch, so that no record of it is acknowledged."""
    log, broker = Log(), MemoryBroker()
    log.put(message_in("room-1", "a", "no", 0), 0)
    broker.fails_at = 1
    with pytest.raises(Crash):
        BatchWorker(broker).process(log.records)


Process = Callable[[BatchWorker, list[RawRecord]], Coroutine[Any, Any, None]]
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
                log.put(end_of(room, second), second)
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
                log.put(message_in(room, f"late{number}", "no, late", max(0, second - 30)), second)
            case 5 | 6:
                log.put(message_in(room, f"t{number}", "say more" * which, second, Role.COUNSELLOR), second)
            case 7 if which == 0:
                gone = {"erasure_id": "0" * 36, "requested_at": at_second(second)}
                log.put(Erasure(tenant=TENANT, conversation_id=room, **gone), second)
            case _:
                log.put(message_in(room, name if which < 4 else f"c{number}", f"no {number}", second), second)
        log.tick(second)
    for later in (60, 130, 200, 900):
        log.tick(second + later)
    return log


def run(
    log: Log,
    broker: MemoryBroker,
    sizes: Sequence[int],
    process: Process,
) -> None:
    """Feed the log in batches of these sizes; a worker that dies is followed by one that begins at the last batch."""

    async def feed() -> None:
        worker, at, turn = new_worker(broker), 0, 0
        while at < len(log.records):
            batch = log.records[at : at + sizes[turn % len(sizes)]]
            turn += 1
            try:
                await process(worker, batch)
            except Crash:
                broker.fails_at = None
                worker = new_worker(broker)
            else:
                at += len(batch)

    asyncio.run(feed())  # one loop for all batches: opening one costs more than a batch of one record


def new_worker(broker: MemoryBroker) -> BatchWorker:
    """Windows of about a minute, so that a short log reaches all of them; measures are on."""
    windows: dict[str, Any] = {"idle_ms": 60_000, "reopen_within_ms": 50_000, "late_within_ms": 90_000}
    return BatchWorker(broker, **windows, min_words=0, transcripts=True)


async def process_batch(worker: BatchWorker, batch: list[RawRecord]) -> None:
    """Process as it is."""
    await worker.batches.process(batch)


_CLOSING_FIELDS = {"revision", "end_reason", "closed_at", "ended_at"}


def outcome(broker: MemoryBroker) -> dict[str, str]:
    """The last word on every session that was not erased after it, but for how often and why it closed.

    An end that came before the first message closes nothing; redelivered after a crash it finds the session. An erasure
    that a crash cut short comes again, and takes with it what ticks before it have told of the rest meanwhile.
    """
    return {name: record.model_dump_json(exclude=_CLOSING_FIELDS) for name, record in last_words(broker).items()}


def last_words(broker: MemoryBroker) -> dict[str, SessionRecord]:
    """Return the last word on every session that was not erased after it."""
    last: dict[str, SessionRecord] = {}
    for _, encoded in broker.published:
        if dict(encoded.headers)["ce_type"] == Erasure.event_type.encode():
            erasure = Erasure.model_validate_json(encoded.value)
            last = {name: record for name, record in last.items() if not is_erased_by(erasure, record)}
        elif dict(encoded.headers)["ce_type"] == SessionRecord.event_type.encode():
            record = SessionRecord.model_validate_json(encoded.value)
            before = last.get(str(record.session_id))
            if before is None or rank(record) >= rank(before):
                last[str(record.session_id)] = record
    return last


def transcribed(broker: MemoryBroker) -> dict[tuple[UUID, int], int]:
    """Return how many messages the last transcript of each session revision holds."""
    found = (Transcript.model_validate_json(encoded.value) for _, encoded in broker.transcripts)
    return {(record.session_id, record.revision): len(record.messages) for record in found}


def closed_for_reading(broker: MemoryBroker) -> dict[tuple[UUID, int], int]:
    """Return how many messages each session has whose last word is a close, where measures read it."""
    return {
        (record.session_id, record.revision): record.counts.messages
        for record in last_words(broker).values()
        if record.state is SessionState.CLOSED and record.left_out in {None, LeftOut.NO_RESISTANCE}
    }


def is_erased_by(erasure: Erasure, record: SessionRecord) -> bool:
    """Whether the session had begun when its conversation was erased, by the broker's time."""
    assert erasure.appended_at is not None
    return record.conversation_id == erasure.conversation_id and record.began_at <= erasure.appended_at


def rank(record: SessionRecord) -> tuple[bool, int, bool]:
    """Return the rank by which the sink keeps one of two records of a session."""
    return record.state.value == "erased", record.revision, record.state.value == "reopened"


SEED = st.integers(0, 2**32)  # a log drawn element by element comes out too tame


@settings(max_examples=100)
@given(seed=SEED)
def test_a_crash_at_any_moment_changes_nothing_in_the_end(seed: int) -> None:
    """A crash at any moment leaves the same final record of each session, and beside it its whole transcript."""
    log, reference, crashing = conversations(seed), MemoryBroker(), MemoryBroker()
    run(log, reference, [1], process_batch)
    crashing.chance = random.Random(seed)
    sizes = [crashing.chance.randint(1, 60) for _ in range(4)]
    effects_until_crash = [crashing.chance.randint(1, 9) for _ in range(40)]

    async def process_and_crash(worker: BatchWorker, batch: list[RawRecord]) -> None:
        if crashing.fails_at is None and effects_until_crash:
            crashing.fails_at = crashing.effects + effects_until_crash.pop()
        await worker.batches.process(batch)

    run(log, crashing, sizes, process_and_crash)
    assert outcome(crashing) == outcome(reference)
    assert closed_for_reading(crashing).items() <= transcribed(crashing).items()


@settings(max_examples=50)
@given(seed=SEED, sizes=st.lists(st.integers(1, 60), min_size=1, max_size=5))
def test_how_the_log_is_cut_into_batches_changes_nothing(seed: int, sizes: list[int]) -> None:
    """The division of the log into batches does not change the records or their order in a conversation."""
    log, reference, other = conversations(seed), MemoryBroker(), MemoryBroker()
    run(log, reference, [1], process_batch)
    run(log, other, sizes, process_batch)

    def by_key(published: list[tuple[int, EncodedRecord]]) -> dict[bytes | None, list[bytes]]:
        values: dict[bytes | None, list[bytes]] = {}
        for _, encoded in published:
            values.setdefault(encoded.key, []).append(encoded.value)
        return values

    assert by_key(other.published) == by_key(reference.published)
    assert by_key(other.transcripts) == by_key(reference.transcripts)
    assert other.changelog.keys() == reference.changelog.keys()


def test_a_text_that_its_batch_did_not_score_is_scored_with_the_turn_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A text that the batch did not foresee is scored by a call of its own, which waits and knows the turn it answers.

    Here all early edits are dropped between the scoring and the message, so that its own words count.
    """
    log, broker = Log(), MemoryBroker()
    log.put(message_in("room-1", "c", "what would help", 0, Role.COUNSELLOR), 0)
    log.put(message_in("room-1", "m", "no never", 1), 1)
    worker = BatchWorker(broker)
    asked: list[list[DetectorInput]] = []
    detect = worker.detector.detect

    def recorded(inputs: Sequence[DetectorInput]) -> list[Detection]:
        asked.append(list(inputs))
        return detect(inputs)

    monkeypatch.setattr(worker.detector, "detect", recorded)
    monkeypatch.setattr("stream.workers.session_batches.texts_to_score", lambda *_: [])
    worker.process(log.records)
    assert asked == [[DetectorInput("no never", "what would help")]]
    assert broker.usable_records == 2
    assert broker.dead == []


@pytest.mark.parametrize(
    "events",
    [
        [
            Deletion(tenant=TENANT, conversation_id="room-1", message_id=f"m{n}", deleted_at=at_second(n))
            for n in range(300)
        ],
        [
            Edit(
                tenant=TENANT,
                conversation_id="room-1",
                message_id=f"m{n}",
                text="w",
                edited_at=at_second(n),
                consent=CONSENT,
            )
            for n in range(30)
        ],
        [end_of("room-1", n) for n in range(30)],
        [
            Participants(
                tenant=TENANT,
                conversation_id="room-1",
                participants=(Participant(role=Role.CLIENT, names=tuple(f"n{n}-{i}" for i in range(50))),),
            )
            for n in range(30)
        ],
    ],
    ids=["deletions", "edits", "ends", "names"],
)
def test_no_number_of_well_formed_events_of_a_room_makes_dead_letters(events: Sequence[ConversationEvent]) -> None:
    """Events without effect, however many a room sends, are counted and make no dead letter; the stage goes on."""
    log, broker = Log(), MemoryBroker()
    for second, event in enumerate(events):
        log.put(event, second)
    worker = BatchWorker(broker)
    worker.process(log.records)
    assert broker.dead == []
    assert broker.usable_records == len(events)


def test_a_time_far_from_the_brokers_is_moved_and_counted() -> None:
    """A message with a time far from the broker's is kept with a tolerated time, and counted."""
    before = metrics.WITHOUT_EFFECT.labels(reason="clamped")._value.get()
    log, broker = Log(), MemoryBroker()
    log.put(message_in("room-1", "a", "no", 0, sent_at=at_second(0).replace(year=2612)), 0)
    log.put(end_of("room-1", 1), 1)
    BatchWorker(broker).process(log.records)
    assert metrics.WITHOUT_EFFECT.labels(reason="clamped")._value.get() == before + 1
    (record,) = broker.records
    assert record.started_at == at_second(120)
