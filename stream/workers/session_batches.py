"""From a batch of raw records to kept effects: decode, detect once, let each conversation follow its events.

Nothing here knows Faust: an `Outlet` takes what is written, published and set aside, and returns when the broker has
it. When `process` returns, every effect of the batch is kept, and its records may be acknowledged.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, cast

from stream.contracts.errors import CounterpointError, Poison, Unavailable
from stream.contracts.ids import conversation_event_id, record_id, record_key
from stream.contracts.messages import (
    MESSAGES_RECORDS,
    ConversationEvent,
    Edit,
    Erasure,
    Message,
    MessagesRecord,
    PersonErasure,
    Tick,
)
from stream.contracts.sessions import Cue, SessionRecord
from stream.contracts.vocabulary import DeadLetterReason, SessionState
from stream.detection.base import Detection, Detector, DetectorInput
from stream.runtime import metrics
from stream.runtime.codec import Encoded, RawRecord, check_partition, decode, encode, known_types
from stream.runtime.logging import get_logger
from stream.runtime.trace import begin, carried, trace_id
from stream.sessions.conversation import Conversation
from stream.sessions.events import Output, Outputs, apply, forget_person
from stream.sessions.lifecycle import tick
from stream.sessions.rules import Arrival, Rules
from stream.sessions.scoring import to_score
from stream.sessions.state import HEAD, Scored
from stream.sessions.state import encode as encode_part
from stream.workers.open_sessions import OpenSessions, changelog_key

_KNOWN = known_types(*MESSAGES_RECORDS)
_TICKED_AT_ONCE = 100  # closes in flight: enough to fill the broker's batches, few enough to hold in memory
_TICK_AGAIN_MS = 60_000  # after a tick failed on a conversation: not every second, its next event tries sooner

Scores = dict[tuple[int, int, str], Detection]
"""By partition, offset and text."""
Part = tuple[bytes, bytes | None]
"""Key and value on the changelog; a value of None deletes."""


class Outlet(Protocol):
    """Where effects go. Each call returns once the broker has it, however long the broker is away."""

    async def write(self, partition: int, parts: Sequence[Part]) -> None:
        """Keep parts of conversations in the changelog, in no order."""
        ...

    async def publish(self, partition: int, records: Sequence[Encoded]) -> None:
        """Put records on the sessions topic, in this order."""
        ...

    async def set_aside(self, raw: RawRecord, why: Poison | Exception) -> None:
        """Put one record on the dead-letter topic."""
        ...

    def good(self, partition: int) -> None:
        """Hear that a record of the partition could be used."""
        ...


@dataclass(frozen=True, slots=True)
class _Event:
    raw: RawRecord
    data: ConversationEvent
    at: Arrival


@dataclass(frozen=True, slots=True)
class _ForAll:
    """A record about the whole partition: it comes after all that stands before it."""

    raw: RawRecord
    data: Tick | PersonErasure


@dataclass(frozen=True, slots=True)
class _Publish:
    output: Output
    record: Encoded
    trace: bytes


@dataclass(frozen=True, slots=True)
class _SetAside:
    raw: RawRecord
    why: Exception


Effect = _Publish | _SetAside
Effects = Generator[Effect, None, bool]
"""What one record does to one conversation; returns whether it could be used."""


class SessionBatches:
    """The one writer of its partitions' conversations."""

    def __init__(
        self, sessions: OpenSessions, detector: Detector, rules: Rules, outlet: Outlet, *, partitions: int
    ) -> None:
        """`partitions` is how many the topics have."""
        self._sessions = sessions
        self._detector = detector
        self._rules = rules
        self._outlet = outlet
        self._partitions = partitions
        self.done: dict[int, int] = {}
        """Offsets, by partition, up to which everything has had its effect, in a batch that failed too."""

    async def process(self, records: Sequence[RawRecord]) -> None:
        """Return once every effect of the records is kept; of one partition one call at a time.

        Raises:
            CounterpointError: what the outlet raises; then none of the records beyond `done` may be acknowledged.
        """
        for partition in {raw.partition for raw in records}:
            self.done.pop(partition, None)
        by_partition: defaultdict[int, list[_Event | _ForAll | _SetAside]] = defaultdict(list)
        for raw in records:
            try:
                data = self._read(raw)
            except Poison as why:
                by_partition[raw.partition].append(_SetAside(raw, why))
            else:
                at = Arrival(raw.offset, raw.timestamp_ms)
                item = _ForAll(raw, data) if isinstance(data, Tick | PersonErasure) else _Event(raw, data, at)
                by_partition[raw.partition].append(item)
        events = [item for items in by_partition.values() for item in items if isinstance(item, _Event)]
        scores = await self._score(events)
        await _all(self._partition(number, items, scores) for number, items in by_partition.items())

    def _read(self, raw: RawRecord) -> MessagesRecord:
        data = cast("MessagesRecord", decode(raw, _KNOWN).data)
        if not isinstance(data, Tick | PersonErasure):
            check_partition(raw, data, self._partitions)
        elif data.partition != raw.partition:
            raise Poison(DeadLetterReason.WRONG_PARTITION, "partition")
        return data

    async def _score(self, events: Sequence[_Event]) -> Scores:
        """Let the detector see all client texts of the batch at once."""
        wanted = [
            (items[0].raw.partition, text)
            for items in _by_conversation(events)
            for text in to_score(self._conversation(items[0]), [(item.at, item.data) for item in items])
        ]
        if not wanted:
            return {}
        started = time.perf_counter()
        found = await self._detected([DetectorInput(text.text, text.previous_text) for _, text in wanted])
        metrics.DETECTOR_SECONDS.observe(time.perf_counter() - started)
        flagged = sum(detection.flagged for detection in found)
        metrics.DETECTED_TURNS.labels(flagged="true").inc(flagged)
        metrics.DETECTED_TURNS.labels(flagged="false").inc(len(found) - flagged)
        return {
            (partition, text.offset, text.text): detection
            for (partition, text), detection in zip(wanted, found, strict=True)
        }

    async def _detected(self, inputs: Sequence[DetectorInput]) -> list[Detection]:
        """A slow one in a thread; where the detector is away its words wait for it."""
        while True:
            try:
                if not self._detector.slow:
                    return self._detector.detect(inputs)
                return await asyncio.to_thread(self._detector.detect, inputs)
            except Unavailable as away:
                get_logger().warning("detector_away")
                await asyncio.sleep(away.retry_after)

    def _scored(self, scores: Scores, event: _Event, text: str) -> Scored:
        """What the detector says of the text; seldom it was not foreseen what the text would be."""
        found = scores.get((event.raw.partition, event.raw.offset, text))
        if found is None:
            (found,) = self._detector.detect([DetectorInput(text)])
        name = event.data.message_id if isinstance(event.data, Message | Edit) else ""
        cues = tuple(Cue(message_id=name, start=cue.start, end=cue.end, weight=cue.weight) for cue in found.cues)
        return Scored(score=found.score, flagged=found.flagged, cues=cues)

    async def _partition(self, number: int, items: Iterable[_Event | _ForAll | _SetAside], scores: Scores) -> None:
        """Events between two ticks side by side, conversation by conversation; a tick after all that came before.

        What cannot be read has its place in the order too, or the bad ones of a whole batch would seem in a row.
        """
        events: list[_Event] = []
        for item in items:
            if isinstance(item, _Event):
                events.append(item)
            else:
                await self._follow(number, events, scores)
                events = []
                if isinstance(item, _SetAside):
                    await self._outlet.set_aside(item.raw, item.why)
                else:
                    await self._for_all(number, item)
                self.done[number] = item.raw.offset
        await self._follow(number, events, scores)

    async def _follow(self, partition: int, events: Sequence[_Event], scores: Scores) -> None:
        """Each conversation's events, in order."""
        with_theirs = [(self._conversation(theirs[0]), theirs) for theirs in _by_conversation(events)]
        await self._see_through(
            partition,
            [(conversation, self._one_by_one(conversation, theirs, scores)) for conversation, theirs in with_theirs],
        )

    def _one_by_one(self, conversation: Conversation, events: Sequence[_Event], scores: Scores) -> Iterator[Effect]:
        for event in events:
            score = partial(self._scored, scores, event)
            if (yield from _effects(event.raw, apply(conversation, event.data, event.at, self._rules, score))):
                self._outlet.good(event.raw.partition)

    async def _for_all(self, partition: int, item: _ForAll) -> None:
        if isinstance(item.data, Tick):
            await self._tick(partition, item.raw)
            return
        at = Arrival(item.raw.offset, item.raw.timestamp_ms)
        theirs = self._sessions.of_tenant(partition, item.data.tenant)
        await self._see_through(
            partition, [(known, _effects(item.raw, forget_person(known, item.data, at))) for known in theirs]
        )

    async def _tick(self, partition: int, raw: RawRecord) -> None:
        due = self._sessions.due(partition, raw.timestamp_ms)
        failed: list[Conversation] = []
        for start in range(0, len(due), _TICKED_AT_ONCE):
            some = due[start : start + _TICKED_AT_ONCE]
            await self._see_through(partition, [(known, self._ticked(raw, known, failed)) for known in some])
        for conversation in failed:
            self._sessions.postpone(partition, conversation, raw.timestamp_ms + _TICK_AGAIN_MS)

    def _ticked(self, raw: RawRecord, conversation: Conversation, failed: list[Conversation]) -> Iterator[Effect]:
        at = Arrival(raw.offset, raw.timestamp_ms)
        if not (yield from _effects(raw, tick(conversation, at, self._rules))):
            failed.append(conversation)

    async def _see_through(self, partition: int, under_way: Sequence[tuple[Conversation, Iterator[Effect]]]) -> None:
        """Let each conversation go on to its next effect, bring all of these about at once, and so on to the last.

        An effect comes after all that its conversation has to write: see `stream.sessions.lifecycle`.
        """
        while under_way:
            reached = [(conversation, effects, next(effects, None)) for conversation, effects in under_way]
            await self._write(partition, [conversation for conversation, _ in under_way])
            await self._bring_about(partition, [effect for _, _, effect in reached if effect is not None])
            for conversation, _, effect in reached:
                if effect is None:
                    self._sessions.settle(partition, conversation)
            under_way = [(conversation, effects) for conversation, effects, effect in reached if effect is not None]

    async def _write(self, partition: int, conversations: Iterable[Conversation]) -> None:
        """The heads first: what is placed after a close or a reopening must never be kept without it."""
        changed = [conversation for conversation in conversations if conversation.dirty]
        heads = [_part(partition, conversation, HEAD) for conversation in changed if HEAD in conversation.dirty]
        segments = [
            _part(partition, conversation, number)
            for conversation in changed
            for number in sorted(conversation.dirty - {HEAD})
        ]
        for parts in (heads, segments):
            if parts:
                await self._outlet.write(partition, parts)
        for conversation in changed:
            conversation.dirty.clear()

    async def _bring_about(self, partition: int, effects: Sequence[Effect]) -> None:
        published = [effect for effect in effects if isinstance(effect, _Publish)]
        if published:
            await self._outlet.publish(partition, [effect.record for effect in published])
        for out in published:
            _tell(out.output, out.trace)
        for effect in effects:
            if isinstance(effect, _SetAside):
                await self._outlet.set_aside(effect.raw, effect.why)

    def _conversation(self, event: _Event) -> Conversation:
        return self._sessions.get(event.raw.partition, event.data.tenant, event.data.conversation_id)


async def _all(work: Iterable[Awaitable[None]]) -> None:
    """Wait for all of it to end, then raise the first error: nothing goes on behind the caller's back."""
    for result in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


def _effects(raw: RawRecord, outputs: Outputs) -> Effects:
    """Go on in the trace of the record that brought the outputs about; a tick has none, so there one begins."""
    try:
        for output in outputs:
            trace = carried(raw.headers) or begin()
            yield _Publish(output, _encoded(output, trace), trace)
    except Poison as why:
        yield _SetAside(raw, why)
        return False
    except CounterpointError:
        raise
    except Exception as bug:  # noqa: BLE001 - whatever it is, the record is set aside before it is acknowledged
        yield _SetAside(raw, bug)
        return False
    return True


def _part(partition: int, conversation: Conversation, number: int) -> Part:
    part = conversation.part(number)
    return changelog_key(partition, conversation, number), None if part is None else encode_part(part)


def _by_conversation(events: Iterable[_Event]) -> list[list[_Event]]:
    grouped: defaultdict[tuple[int, bytes | None], list[_Event]] = defaultdict(list)
    for event in events:
        grouped[event.raw.partition, event.raw.key].append(event)
    return list(grouped.values())


def _encoded(output: Output, trace: bytes) -> Encoded:
    key = record_key(output.tenant, output.conversation_id)
    if isinstance(output, SessionRecord):
        event_id = record_id(output.session_id, output.revision, output.state)
    else:
        detail = output.erasure_id if isinstance(output, Erasure) else output.withdrawn_at.isoformat()
        event_id = conversation_event_id(output.tenant, output.conversation_id, output.event_type, detail)
    return encode(output, event_type=output.event_type, event_id=event_id, key=key, trace=trace)


def _tell(output: Output, trace: bytes) -> None:
    """Count and log what went out."""
    if not isinstance(output, SessionRecord):
        get_logger().info("passed_on", event_type=output.event_type, tenant=output.tenant, trace_id=trace_id(trace))
        return
    if output.state is not SessionState.REOPENED:
        metrics.SESSIONS_CLOSED.labels(end_reason=output.end_reason.value).inc()
    if output.left_out is not None:
        metrics.SESSIONS_LEFT_OUT.labels(reason=output.left_out.value).inc()
    get_logger().info(
        "session_published",
        tenant=output.tenant,
        session_id=str(output.session_id),
        revision=output.revision,
        state=output.state.value,
        end_reason=output.end_reason.value,
        left_out=None if output.left_out is None else output.left_out.value,
        trace_id=trace_id(trace),
    )
