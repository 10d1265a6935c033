"""Processing batches of raw records: decode them, run the detector once, apply events to conversations, emit effects.

Nothing here knows Faust: an `Outlet` writes, publishes and dead-letters, and returns when the broker has the record.
When `process` returns, every effect of the batch is kept, and its records may be acknowledged.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, cast

from stream.contracts.errors import Poison
from stream.contracts.messages import (
    MESSAGES_RECORDS,
    ConversationEvent,
    Edit,
    Message,
    MessagesRecord,
    Participants,
    PartitionEvent,
    SessionEnd,
    Tick,
)
from stream.contracts.risk import RiskSignal
from stream.contracts.sessions import Cue
from stream.contracts.transcripts import Transcript
from stream.contracts.vocabulary import DeadLetterReason, NoEffect
from stream.detection.base import Detection, Detector, DetectorInput
from stream.reading import read_text
from stream.runtime import metrics
from stream.runtime.codec import EncodedRecord, RawRecord, check_partition, decode, known_types
from stream.sessions.clocks import with_clamped_time
from stream.sessions.conversation import Conversation
from stream.sessions.events import Ignored, apply_event, apply_person_erasure
from stream.sessions.lifecycle import apply_tick
from stream.sessions.rules import Arrival, Rules
from stream.sessions.scoring import counsellor_turn_before, texts_to_score
from stream.sessions.state import HEAD_NUMBER, Scored, encode_part
from stream.workers.effects import (
    DeadLetter,
    Effect,
    NeedsScore,
    NotScored,
    Publish,
    count_ignored,
    effects_of,
    log_published,
)
from stream.workers.open_sessions import OpenSessions, changelog_key

_KNOWN = known_types(*MESSAGES_RECORDS)
_OF_KNOWN_TENANTS = (Message, Edit, Participants, SessionEnd)
"""What a tenant must be known for. Withdrawals, erasures and deletions are not refused to anybody."""
_TICKS_IN_FLIGHT = 100  # closes in flight: enough to fill the broker's batches, few enough to hold in memory
_RETRY_TICK_MS = 60_000  # after a tick failed on a conversation: not every second; its next event is processed sooner

Scores = dict[tuple[int, int, str], Detection]
"""By partition, offset and text."""
Part = tuple[bytes, bytes | None]
"""Key and value on the changelog; a value of None deletes."""


class Outlet(Protocol):
    """The destination of effects. Each call returns once the broker has the effect, however long the broker is away."""

    async def write(self, partition: int, parts: Sequence[Part]) -> None:
        """Write parts of conversations to the changelog, in no order."""
        ...

    async def publish(self, partition: int, records: Sequence[EncodedRecord]) -> None:
        """Put records on the sessions topic, in this order."""
        ...

    async def publish_transcripts(self, partition: int, transcripts: Sequence[EncodedRecord]) -> None:
        """Put transcripts on their topic."""
        ...

    async def raise_risk(self, partition: int, signals: Sequence[EncodedRecord]) -> None:
        """Put risk signals on their topic."""
        ...

    async def dead_letter(self, raw: RawRecord, error: Exception) -> None:
        """Put one record on the dead-letter topic."""
        ...

    def record_ok(self, raw: RawRecord) -> None:
        """Note that a record could be used."""
        ...


@dataclass(frozen=True, slots=True)
class _Event:
    raw: RawRecord
    data: ConversationEvent
    at: Arrival


@dataclass(frozen=True, slots=True)
class _PartitionRecord:
    """A record about the whole partition: it takes effect after all records before it."""

    raw: RawRecord
    data: PartitionEvent


class SessionBatches:
    """The only writer of the conversations of its partitions."""

    def __init__(
        self,
        sessions: OpenSessions,
        detector: Detector,
        rules: Rules,
        outlet: Outlet,
        *,
        partitions: int,
        tenants: Collection[str] = (),
    ) -> None:
        """`partitions` is how many the topics have.

        With any names in `tenants`, messages of others become dead letters, because nobody could read their sessions.
        With none, all are taken, because then the settings of this stage do not say which there are.
        """
        self._sessions = sessions
        self._detector = detector
        self._rules = rules
        self._outlet = outlet
        self._partitions = partitions
        self._tenants = tenants
        self.processed_offsets: dict[int, int] = {}
        """By partition, the offset up to which every record has had its effect, also in a batch that failed."""

    async def process(self, records: Sequence[RawRecord]) -> None:
        """Process the records and return once every effect is kept; one call at a time per partition.

        Raises:
            CounterpointError: an error of the outlet; then no record beyond `processed_offsets` may be acknowledged.
        """
        for partition in {raw.partition for raw in records}:
            self.processed_offsets.pop(partition, None)
        by_partition: defaultdict[int, list[_Event | _PartitionRecord | DeadLetter]] = defaultdict(list)
        for raw in records:
            try:
                data = self._read(raw)
            except Poison as poison:
                by_partition[raw.partition].append(DeadLetter(raw, poison))
            else:
                by_partition[raw.partition].append(self._item(raw, data))
        events = [item for items in by_partition.values() for item in items if isinstance(item, _Event)]
        scores = self._score(events)
        await _gather(self._process_partition(number, items, scores) for number, items in by_partition.items())

    def _item(self, raw: RawRecord, data: MessagesRecord) -> _Event | _PartitionRecord:
        if isinstance(data, PartitionEvent):
            return _PartitionRecord(raw, data)
        at = Arrival(raw.offset, raw.timestamp_ms)
        clamped = with_clamped_time(data, at, self._rules)
        if clamped is not data:
            count_ignored(raw, Ignored(NoEffect.CLAMPED))
        return _Event(raw, clamped, at)

    def _read(self, raw: RawRecord) -> MessagesRecord:
        data = cast("MessagesRecord", decode(raw, _KNOWN).data)
        check_partition(raw, data, self._partitions)
        if self._tenants and isinstance(data, _OF_KNOWN_TENANTS) and data.tenant not in self._tenants:
            raise Poison(DeadLetterReason.UNKNOWN_TENANT, "tenant")
        if isinstance(data, Message | Edit):
            for kind in read_text(data.text).damage:
                metrics.DAMAGED_TEXTS.labels(kind=kind.value).inc()
        return data

    def _score(self, events: Sequence[_Event]) -> Scores:
        """Run the detector once over all client texts of the batch."""
        wanted = [
            (group[0].raw.partition, text)
            for group in _by_conversation(events)
            for text in texts_to_score(self._conversation(group[0]), [(event.at, event.data) for event in group])
        ]
        if not wanted:
            return {}
        started = time.perf_counter()
        found = self._detector.detect([DetectorInput(text.text, text.previous_text) for _, text in wanted])
        metrics.DETECTOR_SECONDS.observe(time.perf_counter() - started)
        flagged = sum(detection.flagged for detection in found)
        metrics.DETECTED_TURNS.labels(flagged="true").inc(flagged)
        metrics.DETECTED_TURNS.labels(flagged="false").inc(len(found) - flagged)
        return {
            (partition, text.offset, text.text): detection
            for (partition, text), detection in zip(wanted, found, strict=True)
        }

    def _detected(self, scores: Scores, event: _Event, text: str) -> Scored:
        """Return the detector's result for the text.

        Raises:
            NotScored: the text was not among those of the batch, because an event before it changed which edit counts.
        """
        found = scores.get((event.raw.partition, event.raw.offset, text))
        if found is None:
            raise NotScored(text)
        message_id = event.data.message_id if isinstance(event.data, Message | Edit) else ""
        cues = tuple(Cue(message_id=message_id, start=cue.start, end=cue.end, weight=cue.weight) for cue in found.cues)
        return Scored(score=found.score, flagged=found.flagged, cues=cues)

    async def _process_partition(
        self, number: int, items: Iterable[_Event | _PartitionRecord | DeadLetter], scores: Scores
    ) -> None:
        """Process a partition's records: conversations side by side, partition-wide records after all before them.

        What cannot be read keeps its place in the order, otherwise a batch's dead letters would count as in a row.
        """
        events: list[_Event] = []
        for item in items:
            if isinstance(item, _Event):
                events.append(item)
            else:
                await self._process_events(number, events, scores)
                events = []
                if isinstance(item, DeadLetter):
                    await self._outlet.dead_letter(item.raw, item.error)
                else:
                    await self._process_partition_record(number, item)
                self.processed_offsets[number] = item.raw.offset
        await self._process_events(number, events, scores)

    async def _process_events(self, partition: int, events: Sequence[_Event], scores: Scores) -> None:
        """Apply each conversation's events, in order."""
        grouped = [(self._conversation(group[0]), group) for group in _by_conversation(events)]
        await self._process_effects(
            partition,
            [(conversation, self._event_effects(conversation, group, scores)) for conversation, group in grouped],
            scores,
        )

    def _event_effects(self, conversation: Conversation, events: Sequence[_Event], scores: Scores) -> Iterator[Effect]:
        for event in events:
            score = partial(self._detected, scores, event)
            while (
                True
            ):  # an event that is applied again after it stopped half-way has its effects once, as after a crash
                outputs = apply_event(conversation, event.data, event.at, self._rules, score)
                try:
                    usable = yield from effects_of(event.raw, outputs)
                except NotScored as missing:
                    yield NeedsScore(
                        event.raw, missing.text, counsellor_turn_before(conversation, event.at, event.data)
                    )
                else:
                    break
            if usable:
                self._outlet.record_ok(event.raw)

    async def _process_partition_record(self, partition: int, item: _PartitionRecord) -> None:
        if isinstance(item.data, Tick):
            await self._tick(partition, item.raw)
            return
        at = Arrival(item.raw.offset, item.raw.timestamp_ms)
        conversations = self._sessions.of_tenant(partition, item.data.tenant)
        await self._process_effects(
            partition,
            [
                (conversation, effects_of(item.raw, apply_person_erasure(conversation, item.data, at)))
                for conversation in conversations
            ],
            {},
        )

    async def _tick(self, partition: int, raw: RawRecord) -> None:
        due = self._sessions.due(partition, raw.timestamp_ms)
        failed: list[Conversation] = []
        for start in range(0, len(due), _TICKS_IN_FLIGHT):
            group = due[start : start + _TICKS_IN_FLIGHT]
            effects = [(conversation, self._tick_effects(raw, conversation, failed)) for conversation in group]
            await self._process_effects(partition, effects, {})
        for conversation in failed:
            self._sessions.postpone(partition, conversation, raw.timestamp_ms + _RETRY_TICK_MS)

    def _tick_effects(self, raw: RawRecord, conversation: Conversation, failed: list[Conversation]) -> Iterator[Effect]:
        at = Arrival(raw.offset, raw.timestamp_ms)
        if not (yield from effects_of(raw, apply_tick(conversation, at, self._rules))):
            failed.append(conversation)

    async def _process_effects(
        self, partition: int, in_flight: Sequence[tuple[Conversation, Iterator[Effect]]], scores: Scores
    ) -> None:
        """Advance each conversation to its next effect, emit these effects together, and repeat until none is left.

        An effect is emitted after what its conversation has to write: see `stream.sessions.lifecycle`.
        """
        while in_flight:
            reached = [(conversation, effects, next(effects, None)) for conversation, effects in in_flight]
            await self._write(partition, [conversation for conversation, _ in in_flight])
            await self._emit(partition, [effect for _, _, effect in reached if effect is not None])
            for missing in (effect for _, _, effect in reached if isinstance(effect, NeedsScore)):
                (found,) = self._detector.detect([DetectorInput(missing.text, missing.previous_text)])
                scores[missing.raw.partition, missing.raw.offset, missing.text] = found
            for conversation, _, effect in reached:
                if effect is None:
                    self._sessions.store(partition, conversation)
            in_flight = [(conversation, effects) for conversation, effects, effect in reached if effect is not None]

    async def _write(self, partition: int, conversations: Iterable[Conversation]) -> None:
        """Write the changed parts, heads first: what follows a close or a reopening is never kept without its head."""
        changed = [conversation for conversation in conversations if conversation.dirty]
        heads = [
            _part(partition, conversation, HEAD_NUMBER) for conversation in changed if HEAD_NUMBER in conversation.dirty
        ]
        segments = [
            _part(partition, conversation, number)
            for conversation in changed
            for number in sorted(conversation.dirty - {HEAD_NUMBER})
        ]
        for parts in (heads, segments):
            if parts:
                await self._outlet.write(partition, parts)
        for conversation in changed:
            conversation.dirty.clear()

    async def _emit(self, partition: int, effects: Sequence[Effect]) -> None:
        published = [effect for effect in effects if isinstance(effect, Publish)]
        signals = [effect.record for effect in published if isinstance(effect.output, RiskSignal)]
        transcripts = [effect.record for effect in published if isinstance(effect.output, Transcript)]
        records = [effect.record for effect in published if not isinstance(effect.output, RiskSignal | Transcript)]
        if signals:
            await self._outlet.raise_risk(partition, signals)
        if records:
            await self._outlet.publish(partition, records)
        if transcripts:
            await self._outlet.publish_transcripts(partition, transcripts)
        for effect in published:
            log_published(effect.output, effect.trace)
        for dead in (effect for effect in effects if isinstance(effect, DeadLetter)):
            await self._outlet.dead_letter(dead.raw, dead.error)

    def _conversation(self, event: _Event) -> Conversation:
        return self._sessions.get(event.raw.partition, event.data.tenant, event.data.conversation_id)


async def _gather(work: Iterable[Awaitable[None]]) -> None:
    """Wait until all have ended, then raise the first error, so that nothing runs on after the caller has failed."""
    for result in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


def _part(partition: int, conversation: Conversation, number: int) -> Part:
    part = conversation.part(number)
    return changelog_key(partition, conversation, number), None if part is None else encode_part(part)


def _by_conversation(events: Iterable[_Event]) -> list[list[_Event]]:
    grouped: defaultdict[tuple[int, bytes | None], list[_Event]] = defaultdict(list)
    for event in events:
        grouped[event.raw.partition, event.raw.key].append(event)
    return list(grouped.values())
