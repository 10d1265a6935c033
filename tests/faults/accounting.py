"""Conversations as load on a running system, and the check that all of them were stored once and in order."""

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from plugin.local.demo_settings import TENANT
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.measures import MeasuresRecord
from stream.contracts.messages import Message, SessionEnd
from stream.contracts.schema import RECORDS_BY_TOPIC
from stream.contracts.sessions import SessionRecord
from stream.contracts.topics import DEAD_LETTERS, FEEDBACK, MEASURES, MESSAGES, SESSIONS, TRANSCRIPTS
from stream.contracts.transcripts import Transcript
from stream.contracts.vocabulary import SessionState
from stream.runtime.codec import RawRecord, decode, known_types
from stream.runtime.dead_letters import STORY_PREFIX
from stream.runtime.settings import Settings
from tests.e2e.conversations import CALM, RESISTANT, ScriptedLine
from tests.faults.measured import verify_measured_once
from tests.fixtures.system import PlatformConversation, RunningSystem
from tests.fixtures.topics import read_topic
from tests.fixtures.waiting import wait_until

CONCURRENT_CONVERSATIONS = 12
"""How many conversations run at once: enough that each stage holds records of some at the moment of a fault."""
MESSAGE_PAUSE_S, MESSAGE_PAUSE_LONG_S = 0.08, 0.02
"""Seconds between two messages in the short run, which shares the machine with other tests, and in the long run."""


@dataclass
class ScriptedConversation:
    """A conversation that sends the lines of a script, and the messages that it has sent so far."""

    conversation: PlatformConversation
    lines: tuple[ScriptedLine, ...]
    sent_ids: list[str] = field(default_factory=list)
    """Ids of the messages that the gateway has accepted, in order."""

    def send_next(self) -> bool:
        """Send the next line, or the end of the session; return whether a line was sent."""
        if len(self.sent_ids) < len(self.lines):
            self.sent_ids.append(self.conversation.say(*self.lines[len(self.sent_ids)]))
            return True
        self.conversation.end()
        return False


@dataclass
class ConversationLoad:
    """A load of conversations that begin and end at random while a test runs, until the test has enough."""

    system: RunningSystem
    random: random.Random
    pause_s: float = MESSAGE_PAUSE_S
    conversations: list[ScriptedConversation] = field(default_factory=list)
    error: BaseException | None = None

    def run(self, enough: Callable[[], bool]) -> None:
        """Send lines of random conversations until `enough` is true, then begin no more and finish the open ones."""
        try:
            going: list[ScriptedConversation] = []
            while going or not enough():
                while len(going) < CONCURRENT_CONVERSATIONS and not enough():
                    going.append(
                        ScriptedConversation(self.system.new_conversation(), self.random.choice((RESISTANT, CALM)))
                    )
                    self.conversations.append(going[-1])
                if going:
                    scripted = self.random.choice(going)
                    if not scripted.send_next():
                        going.remove(scripted)
                time.sleep(self.pause_s)
        except BaseException as error:  # noqa: BLE001 - the test's own thread raises it
            self.error = error


@contextmanager
def conversation_load(
    system: RunningSystem, seed: int, pause_s: float = MESSAGE_PAUSE_S
) -> Iterator[list[ScriptedConversation]]:
    """Run conversations while the body runs, finish them after it, and yield the list of those that have begun."""
    enough = threading.Event()
    running = ConversationLoad(system, random.Random(seed), pause_s)
    thread = threading.Thread(target=running.run, args=(enough.is_set,))
    thread.start()
    try:
        yield running.conversations
    finally:
        enough.set()
        thread.join()
    if running.error is not None:
        raise running.error


Load = Callable[[RunningSystem], AbstractContextManager[list[ScriptedConversation]]]
"""A function that runs conversations on a system, as many as this run of the tests wants."""


@dataclass(frozen=True)
class Totals:
    """The counts of sessions, messages and answers that a load produced."""

    sessions: int
    messages: int
    assessed: int
    again: int
    """Records on the topics beyond the first of each id: redeliveries, which change nothing."""

    def __str__(self) -> str:
        """Return the totals as the fault table shows them."""
        return (
            f"{self.sessions} sessions and {self.messages} messages in = out, {self.assessed} answers;"
            f" {self.again} records came again"
        )


def verify_all_stored_once(system: RunningSystem, conversations: Sequence[ScriptedConversation]) -> Totals:
    """Wait until every conversation has its row, then compare rows and topics with what was sent.

    Raises:
        AssertionError: something was lost, doubled, put out of order, or done before its time.
    """
    ids = {scripted.conversation.conversation_id: scripted for scripted in conversations}
    try:
        wait_until(lambda: system.rows(_COUNT, ids=list(ids)) >= [(len(ids),)], "every conversation has its row")
    except AssertionError as error:
        raise AssertionError(f"{error}; {_describe_missing(system, ids)}\n{_describe_stages(system)}") from None
    rows = _rows(system, ids)
    assert Counter(row["conversation_id"] for row in rows) == Counter(list(ids)), "one session a conversation"
    for row in rows:
        scripted = ids[row["conversation_id"]]
        resistant = scripted.lines is RESISTANT
        assert row["counts"]["messages"] == len(scripted.sent_ids), "in = out"
        assert row["revision"] == 1, "nothing came late, for nothing was held back"
        assert row["left_out"] == (None if resistant else "no_resistance")
        assert row["answers"] == (1 if resistant else 0), "one answer a flagged exchange"
    if "measures" in system.stages:
        verify_measured_once(system, {name: scripted.sent_ids for name, scripted in ids.items()})
    again = _verify_topics(read_topics(system.settings), ids)
    answers = sum(row["answers"] for row in rows)
    return Totals(len(rows), sum(len(scripted.sent_ids) for scripted in conversations), answers, again)


def _describe_missing(system: RunningSystem, ids: dict[str, ScriptedConversation]) -> str:
    """Return for each conversation without a row how many of its records are on the topics."""
    stored = {row["conversation_id"] for row in _rows(system, ids)}
    found = Counter(
        (one.data.conversation_id, type(one.data).__name__) for one in read_topics(system.settings) if one.data
    )
    return "; ".join(
        f"of {name} {len(scripted.sent_ids)} messages said, on the topics "
        + ", ".join(f"{count} {kind}" for (whose, kind), count in found.items() if whose == name)
        for name, scripted in ids.items()
        if name not in stored
    )


def _describe_stages(system: RunningSystem) -> str:
    """Return for each stage whether it runs, what its readiness page says, and the end of its log: none has text."""
    described = []
    for stage in system.stages.values():
        try:
            ready = system.http.get(f"{stage.health_url}/readyz").text
        except httpx.TransportError as error:
            ready = repr(error)
        described.append(f"{stage.name}: alive {stage.alive}, status {stage.exit_code}, {ready}\n{stage.tail()}")
    return "\n".join(described)


_COUNT = "SELECT count(*) FROM sessions WHERE conversation_id = ANY(:ids)"


def _rows(system: RunningSystem, ids: dict[str, ScriptedConversation]) -> list[dict[str, Any]]:
    found = system.rows(
        "SELECT json_build_object('conversation_id', conversation_id, 'revision', revision, 'left_out', left_out,"
        " 'counts', counts, 'answers', (SELECT count(*) FROM answers a WHERE a.session_id = s.session_id))"
        " FROM sessions s WHERE conversation_id = ANY(:ids)",
        ids=list(ids),
    )
    return [row for (row,) in found]


_AfterClose = SessionRecord | FeedbackRecord | Transcript | MeasuresRecord
"""What is made of a session at its close."""


@dataclass(frozen=True)
class DecodedRecord:
    """A record of a topic; `data` is its decoded content where that is about a session, else None."""

    story: dict[str, str]
    """Why a dead letter was set aside; it has no text."""
    topic: str
    key: bytes | None
    appended_ms: int
    event_id: str
    size: int
    data: Any


def read_topics(settings: Settings) -> list[DecodedRecord]:
    """Return every record of the topics that a session passes, each partition in order."""
    return [
        _decoded(raw)
        for topic in (MESSAGES, SESSIONS, TRANSCRIPTS, FEEDBACK, MEASURES, DEAD_LETTERS)
        for raw in read_topic(settings.kafka.bootstrap_servers, topic, settings.kafka.partitions)
    ]


def _decoded(raw: RawRecord) -> DecodedRecord:
    event_id, data = "", None
    if raw.topic != DEAD_LETTERS:
        event = decode(raw, known_types(*RECORDS_BY_TOPIC[raw.topic]))
        event_id = event.id
        if isinstance(event.data, Message | SessionEnd | _AfterClose):
            data = event.data
    story = {name: value.decode() for name, value in raw.headers if name.startswith(STORY_PREFIX) and value is not None}
    return DecodedRecord(story, raw.topic, raw.key, raw.timestamp_ms, event_id, len(raw.value or b""), data)


def _verify_topics(found: Sequence[DecodedRecord], ids: dict[str, ScriptedConversation]) -> int:
    """Assert the order of each conversation and that no result precedes its end; return how many records came again."""
    keys = {f"{TENANT}:{name}".encode() for name in ids}
    assert [one.story for one in found if one.topic == DEAD_LETTERS and one.key in keys] == [], "nothing was set aside"
    by_conversation: defaultdict[str, list[DecodedRecord]] = defaultdict(list)
    for one in found:
        if one.data is not None:
            by_conversation[one.data.conversation_id].append(one)
    again = 0
    for name, scripted in ids.items():
        records = by_conversation[name]
        first = list({(one.topic, one.event_id): one for one in reversed(records)}.values())[::-1]
        again += len(records) - len(first)
        said = [one.data.message_id for one in first if isinstance(one.data, Message)]
        assert said == scripted.sent_ids, "taken once each, in the order in which they were said"
        (ended,) = (one for one in first if isinstance(one.data, SessionEnd))
        outcomes = [one for one in records if isinstance(one.data, _AfterClose)]
        assert all(one.appended_ms >= ended.appended_ms for one in outcomes), "nothing while the session was open"
        for one in outcomes:
            assert one.data.revision == 1
            order = _message_ids(one.data)
            assert order == [message_id for message_id in scripted.sent_ids if message_id in order], "in order"
            assert one.data == next(o.data for o in outcomes if o.topic == one.topic), "the same when it comes again"
    return again


def _message_ids(data: SessionRecord | FeedbackRecord | Transcript | MeasuresRecord) -> list[str]:
    """Return the messages that a record about a closed session is of."""
    if isinstance(data, MeasuresRecord):
        return [message_id for turn in data.turns for message_id in turn.message_ids]
    assert isinstance(data, Transcript) or data.state is SessionState.CLOSED
    return [message.message_id for message in data.messages]
