"""From a batch of raw records to kept effects: decode, detect once, let each conversation follow its events.

Nothing here knows Faust: an `Outlet` takes what is written, published and set aside, and returns when the broker has
it. When `process` returns, every effect of the batch is kept, and its records may be acknowledged.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, cast

from stream.contracts.ids import conversation_event_id, record_id, record_key
from stream.contracts.messages import MESSAGES_RECORDS, ConversationEvent, Edit, Erasure, Message, Tick
from stream.contracts.sessions import Cue, SessionRecord
from stream.contracts.vocabulary import DeadLetterReason, SessionState
from stream.detection.base import Detection, Detector, DetectorInput
from stream.open_sessions import OpenSessions, changelog_key
from stream.runtime import metrics
from stream.runtime.codec import Encoded, RawRecord, check_partition, decode, encode, known_types
from stream.runtime.errors import CounterpointError, Poison
from stream.runtime.logging import get_logger
from stream.sessions.conversation import Conversation
from stream.sessions.events import Output, Outputs, apply
from stream.sessions.lifecycle import tick
from stream.sessions.rules import Arrival, Refused, Rules
from stream.sessions.scoring import to_score
from stream.sessions.state import HEAD, Scored
from stream.sessions.state import encode as encode_part

_KNOWN = known_types(*MESSAGES_RECORDS)
_TICKED_AT_ONCE = 100  # closes in flight: enough to fill the broker's batches, few enough to hold in memory
_TICK_AGAIN_MS = 60_000  # after a tick failed on a conversation: not every second, its next event tries sooner

Scores = dict[tuple[int, int, str], Detection]
"""By partition, offset and text."""


class Outlet(Protocol):
    """Where effects go. Each call returns once the broker has it, however long the broker is away."""

    async def write(self, partition: int, key: bytes, value: bytes | None) -> None:
        """Keep one part of a conversation in the changelog; None deletes it."""
        ...

    async def publish(self, partition: int, record: Encoded) -> None:
        """Put one record on the sessions topic."""
        ...

    async def set_aside(self, raw: RawRecord, why: Poison | Exception) -> None:
        """Put one record on the dead-letter topic."""
        ...

    def good(self, partition: int) -> None:
        """Hear that a record of the partition could be used."""
        ...


@dataclass(frozen=True)
class _Event:
    raw: RawRecord
    data: ConversationEvent

    @property
    def at(self) -> Arrival:
        return Arrival(self.raw.offset, self.raw.timestamp_ms)


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

    async def process(self, records: Sequence[RawRecord]) -> None:
        """Return once every effect of the records is kept.

        Raises:
            CounterpointError: what the outlet raises; none of the records may be acknowledged then.
        """
        by_partition: defaultdict[int, list[_Event | RawRecord]] = defaultdict(list)
        for raw in records:
            try:
                data = self._read(raw)
            except Poison as why:
                await self._outlet.set_aside(raw, why)
            else:
                by_partition[raw.partition].append(raw if isinstance(data, Tick) else _Event(raw, data))
        scores = self._score([item for items in by_partition.values() for item in items if isinstance(item, _Event)])
        await _all(self._partition(items, scores) for items in by_partition.values())

    def _read(self, raw: RawRecord) -> ConversationEvent | Tick:
        data = cast("ConversationEvent | Tick", decode(raw, _KNOWN).data)
        if not isinstance(data, Tick):
            check_partition(raw, data, self._partitions)
        elif data.partition != raw.partition:
            raise Poison(DeadLetterReason.WRONG_PARTITION, "partition")
        return data

    def _score(self, events: Sequence[_Event]) -> Scores:
        """Let the detector see all client texts of the batch at once."""
        wanted = [
            (items[0].raw.partition, text)
            for items in _by_conversation(events)
            for text in to_score(self._conversation(items[0]), [(item.at, item.data) for item in items])
        ]
        if not wanted:
            return {}
        started = time.perf_counter()
        found = self._detector.detect([DetectorInput(text.text, text.previous_text) for _, text in wanted])
        metrics.DETECTOR_SECONDS.observe(time.perf_counter() - started)
        for detection in found:
            metrics.DETECTED_TURNS.labels(flagged=str(detection.flagged).lower()).inc()
        return {
            (partition, text.offset, text.text): detection
            for (partition, text), detection in zip(wanted, found, strict=True)
        }

    def _scored(self, scores: Scores, event: _Event, text: str) -> Scored:
        """What the detector says of the text; seldom it was not foreseen what the text would be."""
        found = scores.get((event.raw.partition, event.raw.offset, text))
        if found is None:
            (found,) = self._detector.detect([DetectorInput(text)])
        name = event.data.message_id if isinstance(event.data, Message | Edit) else ""
        cues = tuple(Cue(message_id=name, start=cue.start, end=cue.end, weight=cue.weight) for cue in found.cues)
        return Scored(score=found.score, flagged=found.flagged, cues=cues)

    async def _partition(self, items: Iterable[_Event | RawRecord], scores: Scores) -> None:
        """Events between two ticks side by side, conversation by conversation; a tick after all that came before."""
        events: list[_Event] = []
        for item in items:
            if isinstance(item, _Event):
                events.append(item)
            else:
                await _all(self._follow(conversation, scores) for conversation in _by_conversation(events))
                events = []
                await self._tick(item)
        await _all(self._follow(conversation, scores) for conversation in _by_conversation(events))

    async def _follow(self, events: Sequence[_Event], scores: Scores) -> None:
        """One conversation's events, in order."""
        partition = events[0].raw.partition
        conversation = self._conversation(events[0])
        for event in events:
            score = partial(self._scored, scores, event)
            try:
                outputs = apply(conversation, event.data, event.at, self._rules, score)
                await self._drain(partition, conversation, outputs)
            except Refused as why:
                await self._outlet.set_aside(event.raw, Poison(why.reason, why.place))
            except CounterpointError:
                raise
            except Exception as bug:  # noqa: BLE001 - whatever it is, it is set aside before it is acknowledged
                await self._outlet.set_aside(event.raw, bug)
            else:
                self._outlet.good(partition)
        await self._write(partition, conversation)
        self._sessions.settle(partition, conversation)

    async def _tick(self, raw: RawRecord) -> None:
        due = self._sessions.due(raw.partition, raw.timestamp_ms)
        for start in range(0, len(due), _TICKED_AT_ONCE):
            await _all(self._tick_one(raw, conversation) for conversation in due[start : start + _TICKED_AT_ONCE])

    async def _tick_one(self, raw: RawRecord, conversation: Conversation) -> None:
        at = Arrival(raw.offset, raw.timestamp_ms)
        try:
            await self._drain(raw.partition, conversation, tick(conversation, at, self._rules))
        except CounterpointError:
            raise
        except Exception as bug:  # noqa: BLE001 - one conversation must not keep the others from closing
            await self._outlet.set_aside(raw, bug)
            self._sessions.postpone(raw.partition, conversation, at.ms + _TICK_AGAIN_MS)
        else:
            await self._write(raw.partition, conversation)
            self._sessions.settle(raw.partition, conversation)

    async def _drain(self, partition: int, conversation: Conversation, outputs: Outputs) -> None:
        """Publish what comes, each after all that the conversation has to write: see `stream.sessions.lifecycle`."""
        for output in outputs:
            await self._write(partition, conversation)
            await self._outlet.publish(partition, _encoded(output))
            _tell(output)

    async def _write(self, partition: int, conversation: Conversation) -> None:
        """The head first: what is placed after a close or a reopening must never be kept without it."""
        if HEAD in conversation.dirty:
            await self._write_part(partition, conversation, HEAD)
        segments = sorted(conversation.dirty - {HEAD})
        await _all(self._write_part(partition, conversation, number) for number in segments)
        conversation.dirty.clear()

    async def _write_part(self, partition: int, conversation: Conversation, number: int) -> None:
        part = conversation.part(number)
        value = None if part is None else encode_part(part)
        await self._outlet.write(partition, changelog_key(partition, conversation, number), value)

    def _conversation(self, event: _Event) -> Conversation:
        return self._sessions.get(event.raw.partition, event.data.tenant, event.data.conversation_id)


async def _all(work: Iterable[Awaitable[None]]) -> None:
    """Wait for all of it to end, then raise the first error: nothing goes on behind the caller's back."""
    for result in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


def _by_conversation(events: Iterable[_Event]) -> list[list[_Event]]:
    grouped: defaultdict[tuple[int, str, str], list[_Event]] = defaultdict(list)
    for event in events:
        grouped[event.raw.partition, event.data.tenant, event.data.conversation_id].append(event)
    return list(grouped.values())


def _encoded(output: Output) -> Encoded:
    key = record_key(output.tenant, output.conversation_id)
    if isinstance(output, SessionRecord):
        event_id = record_id(output.session_id, output.revision, output.state)
    else:
        detail = output.erasure_id if isinstance(output, Erasure) else output.withdrawn_at.isoformat()
        event_id = conversation_event_id(output.tenant, output.conversation_id, output.event_type, detail)
    return encode(output, event_type=output.event_type, event_id=event_id, key=key)


def _tell(output: Output) -> None:
    """Count and log what went out."""
    if not isinstance(output, SessionRecord):
        get_logger().info("passed_on", event_type=output.event_type, tenant=output.tenant)
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
    )
