"""A person's erasure in the stream stage has a record on every partition, which takes effect in order."""

from uuid import UUID

from stream.contracts.messages import Erasure, PersonErasure
from stream.contracts.topics import MESSAGES
from stream.contracts.vocabulary import DeadLetterReason, Role
from stream.runtime.codec import RawRecord, encode
from tests.stream.sessions.scenario import TENANT, at_second, broker_ms
from tests.stream.workers.batch_harness import PARTITIONS, BatchWorker, Crash, Log, MemoryBroker, end_of, message_in


def person_erasure(log: Log, person: str, second: float, *, told: int | None = None) -> None:
    """Append the erasure to every partition; `told` replaces the partition number that each record names."""
    for partition in range(PARTITIONS):
        event = PersonErasure(
            tenant=TENANT,
            person=person,
            role=Role.CLIENT,
            erasure_id=str(UUID(int=7)),
            requested_at=at_second(second),
            partition=partition if told is None else told,
        )
        out = encode(event)
        log.records.append(
            RawRecord(
                MESSAGES, partition, log.offsets[partition], broker_ms(second), None, out.value, tuple(out.headers)
            )
        )
        log.offsets[partition] += 1


def story() -> Log:
    """Six rooms of two clients, an erasure of one of them, and the ends of all sessions."""
    log = Log()
    for room in range(6):
        author = "ann" if room % 2 else "bob"
        log.put(message_in(f"room-{room}", "a", "no no", room, author=author), room)
        log.put(message_in(f"room-{room}", "b", "well then", room + 1, Role.COUNSELLOR), room)
    person_erasure(log, "ann", 20)
    for room in range(6):
        log.put(end_of(f"room-{room}", 30), 30)
    return log


def outcome(broker: MemoryBroker) -> tuple[set[str], set[str], bool]:
    """Return the rooms with a closed session, those with a published erasure, and whether erased words are kept."""
    closed = {record.conversation_id for record in broker.records}
    erased = {
        Erasure.model_validate_json(encoded.value).conversation_id
        for _, encoded in broker.published
        if dict(encoded.headers)["ce_type"] == Erasure.event_type.encode()
    }
    return closed, erased, any(b'"ann"' in value for value in broker.changelog.values())


EXPECTED = ({"room-0", "room-2", "room-4"}, {"room-1", "room-3", "room-5"}, False)


def test_it_reaches_every_room_of_the_person_and_no_other() -> None:
    """A person's erasure reaches every room of that person and no other, within its own batch."""
    broker = MemoryBroker()
    BatchWorker(broker).process(story().records)
    assert outcome(broker) == EXPECTED
    assert broker.dead == []


def test_a_crash_at_any_effect_changes_nothing_in_the_end() -> None:
    """The batch comes again, to another worker."""
    at = 0
    while True:
        at += 1
        broker, log = MemoryBroker(), story()
        broker.fails_at = broker.effects + at
        try:
            BatchWorker(broker).process(log.records)
        except Crash:
            broker.fails_at = None
            BatchWorker(broker).process(log.records)
            assert outcome(broker) == EXPECTED, f"died at effect {at}"
        else:
            break
    assert at > 10


def test_an_erasure_on_the_wrong_partition_is_dead_lettered() -> None:
    """An erasure record on the wrong partition becomes a dead letter, because a copied topic must not erase."""
    broker, log = MemoryBroker(), Log()
    person_erasure(log, "ann", 20, told=0)
    BatchWorker(broker).process(log.records)
    assert [reason for _, reason in broker.dead] == [DeadLetterReason.WRONG_PARTITION] * (PARTITIONS - 1)
