"""The books of a run: what stands on the topics, and what the plain model of the rules makes of it."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from stream.contracts.ids import session_id
from stream.contracts.messages import ConsentWithdrawal, ConversationEvent, Erasure, Tick
from stream.contracts.schema import RECORDS_BY_TOPIC
from stream.contracts.sessions import SessionRecord
from stream.contracts.topics import MESSAGES, SESSIONS
from stream.contracts.vocabulary import DeadLetterReason, SessionState
from stream.runtime.codec import RawRecord, decode, known_types
from stream.sessions.rules import MAX_MESSAGES, Rules
from tests.stream.sessions.plain_model import PlainConversation

Place = tuple[int, int]
"""Partition and offset on the messages topic."""
Told = tuple[Any, ...]
KNOWN = {topic: known_types(*RECORDS_BY_TOPIC[topic]) for topic in (MESSAGES, SESSIONS)}


def read(servers: str, topic: str, partitions: int) -> list[RawRecord]:
    """Everything that stands on a topic now, each partition in order."""
    consumer = KafkaConsumer(bootstrap_servers=servers, fetch_max_bytes=50_000_000)
    try:
        places = [TopicPartition(topic, number) for number in range(partitions)]
        consumer.assign(places)
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(places)
        found: list[RawRecord] = []
        while any(consumer.position(place) < ends[place] for place in places):
            for records in consumer.poll(timeout_ms=1_000).values():
                found += [
                    RawRecord(topic, r.partition, r.offset, r.timestamp, r.key, r.value, tuple(r.headers))
                    for r in records
                ]
        return sorted(found, key=lambda record: (record.partition, record.offset))
    finally:
        consumer.close()


def expected(
    log: Sequence[RawRecord], known_bad: dict[Place, DeadLetterReason], rules: Rules
) -> tuple[dict[str, list[Told]], dict[Place, DeadLetterReason]]:
    """What the stage must have published of each conversation, and set aside, by the plain model."""
    rooms: defaultdict[int, dict[str, PlainConversation]] = defaultdict(dict)
    told: defaultdict[str, list[Told]] = defaultdict(list)
    refused = dict(known_bad)
    for raw in log:
        place = (raw.partition, raw.offset)
        if place in known_bad:
            continue
        data: Any = decode(raw, KNOWN[MESSAGES]).data
        here = rooms[raw.partition]
        if isinstance(data, Tick):
            for name, room in here.items():
                told[name] += [_named(name, one) for one in room.tick(raw.timestamp_ms)]
            continue
        event: ConversationEvent = data
        name = f"{event.tenant}:{event.conversation_id}"
        conversation = here.setdefault(name, PlainConversation(rules, MAX_MESSAGES))
        published, reason = conversation.give(event, raw.timestamp_ms)
        told[name] += [_named(name, one) for one in published]
        if reason is not None:
            refused[place] = reason
    return {name: ones for name, ones in told.items() if ones}, refused


def published(records: Sequence[RawRecord]) -> dict[str, list[Told]]:
    """What stands on the sessions topic of each conversation, told as the plain model tells it."""
    told: defaultdict[str, list[Told]] = defaultdict(list)
    for raw in records:
        data: Any = decode(raw, KNOWN[SESSIONS]).data
        told[f"{data.tenant}:{data.conversation_id}"].append(_told(data))
    return dict(told)


def _named(room: str, told: Told) -> Told:
    """The plain model's words, without what hangs on its own detector."""
    if told[0] not in {"closed", "reopened", "erased"}:
        return told
    tenant, _, conversation = room.partition(":")
    start = (told[0], session_id(tenant, conversation, told[1]), *told[2:])
    if told[0] != "closed":
        return start
    inside = told[-1]
    return (
        *start[:-1],
        inside["language"],
        inside["secondary_use"],
        inside["clients"],
        inside["counsellors"],
        inside["counts"][:4],
    )


def _told(data: SessionRecord | Erasure | ConsentWithdrawal) -> Told:
    if isinstance(data, Erasure):
        return ("erasure", data.erasure_id)
    if isinstance(data, ConsentWithdrawal):
        return ("withdrawal", data.withdrawn_at)
    start = (data.state.value, data.session_id, data.revision)
    closed_ms = round(data.closed_at.timestamp() * 1000)
    if data.state is SessionState.REOPENED:
        return start
    if data.state is SessionState.ERASED:
        return (*start, data.started_at, data.ended_at, closed_ms)
    counts = (data.counts.messages, data.counts.client_messages, data.counts.counsellor_messages)
    return (
        *start, data.end_reason, data.started_at, data.ended_at, closed_ms, data.language,
        data.consent.secondary_use, list(data.clients), list(data.counsellors), (*counts, data.counts.client_turns),
    )  # fmt: skip


def upto(records: Sequence[RawRecord], last: Callable[[RawRecord], bool]) -> Iterator[RawRecord]:
    """Of each partition's records those up to the one that is its last."""
    done: set[int] = set()
    for raw in records:
        if raw.partition not in done:
            yield raw
            if last(raw):
                done.add(raw.partition)
