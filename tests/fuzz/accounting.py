"""Comparison of what the stream stage published in a fuzz run with what the plain model expects for its input."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from stream.contracts.ids import session_id
from stream.contracts.messages import ConsentWithdrawal, ConversationEvent, Deletion, Edit, Erasure, Tick
from stream.contracts.schema import RECORDS_BY_TOPIC
from stream.contracts.sessions import SessionRecord
from stream.contracts.topics import MESSAGES, SESSIONS
from stream.contracts.vocabulary import DeadLetterReason, SessionState
from stream.runtime.codec import RawRecord, decode, known_types
from stream.sessions.clocks import with_clamped_time
from stream.sessions.rules import MAX_MESSAGES, Arrival, Rules
from tests.stream.sessions.plain_model import PlainConversation

TopicPosition = tuple[int, int]
"""A partition and an offset of the messages topic."""
RecordSummary = tuple[Any, ...]
KNOWN = {topic: known_types(*RECORDS_BY_TOPIC[topic]) for topic in (MESSAGES, SESSIONS)}


def expected(
    log: Sequence[RawRecord], known_bad: dict[TopicPosition, DeadLetterReason], rules: Rules
) -> tuple[dict[str, list[RecordSummary]], dict[TopicPosition, DeadLetterReason]]:
    """Return the records per conversation and the dead letters that the stage must publish by the plain model."""
    rooms: defaultdict[int, dict[str, PlainConversation]] = defaultdict(dict)
    told: defaultdict[str, list[RecordSummary]] = defaultdict(list)
    refused = dict(known_bad)
    for raw in log:
        place = (raw.partition, raw.offset)
        if place in known_bad:
            continue
        data: Any = decode(raw, KNOWN[MESSAGES]).data
        here = rooms[raw.partition]
        if isinstance(data, Tick):
            for name, room in here.items():
                told[name] += [_summarise_expected(name, one) for one in room.apply_tick(raw.timestamp_ms)]
            continue
        event: ConversationEvent = data
        name = f"{event.tenant}:{event.conversation_id}"
        conversation = here.setdefault(name, PlainConversation(rules, MAX_MESSAGES))
        clamped = with_clamped_time(event, Arrival(raw.offset, raw.timestamp_ms), rules)
        published, reason = conversation.apply_event(clamped, raw.timestamp_ms)
        told[name] += [_summarise_expected(name, one) for one in published]
        if reason is not None:
            refused[place] = reason
    return {name: ones for name, ones in told.items() if ones}, refused


def published(records: Sequence[RawRecord]) -> dict[str, list[RecordSummary]]:
    """Return the records on the sessions topic per conversation, in the summary form of the plain model."""
    told: defaultdict[str, list[RecordSummary]] = defaultdict(list)
    for raw in records:
        data: Any = decode(raw, KNOWN[SESSIONS]).data
        told[f"{data.tenant}:{data.conversation_id}"].append(_summarise(data))
    return dict(told)


def _summarise_expected(room: str, told: RecordSummary) -> RecordSummary:
    """Return a summary of the plain model's record, without the parts that depend on its own detector."""
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


def _summarise(data: SessionRecord | Erasure | ConsentWithdrawal | Deletion | Edit) -> RecordSummary:
    if isinstance(data, Deletion | Edit):
        return ("deletion" if isinstance(data, Deletion) else "edit", data.message_id)
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
        *start, data.end_reason, data.started_at, data.ended_at, closed_ms,
        round(data.began_at.timestamp() * 1000), round(data.last_heard_at.timestamp() * 1000), data.language,
        data.consent.secondary_use, list(data.clients), list(data.counsellors), (*counts, data.counts.client_turns),
    )  # fmt: skip


def up_to_last(records: Sequence[RawRecord], last: Callable[[RawRecord], bool]) -> Iterator[RawRecord]:
    """Yield the records of each partition up to the first one for which `last` is true."""
    done: set[int] = set()
    for raw in records:
        if raw.partition not in done:
            yield raw
            if last(raw):
                done.add(raw.partition)
