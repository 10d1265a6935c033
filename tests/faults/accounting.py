"""Load on a running system, and the books at its end: what was accepted is accounted for, once, in order, in time."""

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from plugin.local.demo_settings import TENANT
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import Message, SessionEnd
from stream.contracts.schema import RECORDS_BY_TOPIC
from stream.contracts.sessions import SessionRecord
from stream.contracts.topics import DEAD_LETTERS, FEEDBACK, MESSAGES, SESSIONS
from stream.contracts.vocabulary import SessionState
from stream.runtime.codec import RawRecord, decode, known_types
from stream.runtime.settings import Settings
from tests.e2e.conversations import CALM, RESISTANT, Line
from tests.fixtures.system import Platform, System, wait_until

AT_ONCE = 12
"""Conversations that talk side by side: enough for open sessions at every place when a stage is hit."""
PAUSE_S = 0.02
"""Between two messages: the stages under test, not the load, shall have the machine."""
STORED_WITHIN_S = 90.0
"""From the last message to the last row; a stage that was just killed is back within 15 s."""


@dataclass
class Talk:
    """One conversation and how far it is."""

    room: Platform
    lines: tuple[Line, ...]
    said: list[str] = field(default_factory=list)
    """Ids of the messages that the gateway has taken, in order."""

    def go_on(self) -> bool:
        """Say the next line, or end; whether there is more."""
        if len(self.said) < len(self.lines):
            self.said.append(self.room.say(*self.lines[len(self.said)]))
            return True
        self.room.end()
        return False


@dataclass
class Load:
    """Conversations that come and go until they are told to finish."""

    system: System
    random: random.Random
    at_once: int = AT_ONCE
    talks: list[Talk] = field(default_factory=list)
    error: BaseException | None = None

    def run(self, enough: Callable[[], bool]) -> None:
        """Talk; once it is `enough`, begin no other conversation and let each come to its end."""
        try:
            going: list[Talk] = []
            while going or not enough():
                while len(going) < self.at_once and not enough():
                    going.append(Talk(self.system.platform(), self.random.choice((RESISTANT, CALM))))
                    self.talks.append(going[-1])
                if going:
                    talk = self.random.choice(going)
                    if not talk.go_on():
                        going.remove(talk)
                time.sleep(PAUSE_S)
        except BaseException as error:  # noqa: BLE001 - the test's own thread raises it
            self.error = error


@contextmanager
def load(system: System, seed: int, at_once: int = AT_ONCE) -> Iterator[list[Talk]]:
    """Let conversations run beside the body; at its end each comes to its own. Yields all that have begun."""
    enough = threading.Event()
    running = Load(system, random.Random(seed), at_once)
    thread = threading.Thread(target=running.run, args=(enough.is_set,))
    thread.start()
    try:
        yield running.talks
    finally:
        enough.set()
        thread.join()
    if running.error is not None:
        raise running.error


@dataclass(frozen=True)
class Books:
    """What came of a load."""

    sessions: int
    messages: int
    assessed: int
    again: int
    """Records beyond the first of their id on the topics: redeliveries, that changed nothing."""

    def __str__(self) -> str:
        """As it stands in the table."""
        return (
            f"{self.sessions} sessions and {self.messages} messages in = out, {self.assessed} answers;"
            f" {self.again} records came again"
        )


def balance(system: System, talks: Sequence[Talk]) -> Books:
    """Wait until every conversation has its row, then hold everything against everything.

    Raises:
        AssertionError: something was lost, doubled, put out of order, or done before its time.
    """
    ids = {talk.room.conversation_id: talk for talk in talks}
    try:
        wait_until(lambda: len(_rows(system, ids)) >= len(ids), "every conversation has its row", STORED_WITHIN_S)
    except AssertionError as error:
        raise AssertionError(f"{error}; {_missing(system, ids)}") from None
    rows = _rows(system, ids)
    assert Counter(row["conversation_id"] for row in rows) == Counter(list(ids)), "one session a conversation"
    for row in rows:
        talk = ids[row["conversation_id"]]
        resistant = talk.lines is RESISTANT
        assert row["counts"]["messages"] == len(talk.said), "in = out"
        assert row["revision"] == 1, "nothing came late, for nothing was held back"
        assert row["left_out"] == (None if resistant else "no_resistance")
        assert row["answers"] == (1 if resistant else 0), "one answer a flagged exchange"
    again = _check_topics(read_topics(system.settings), ids)
    answers = sum(row["answers"] for row in rows)
    return Books(len(rows), sum(len(talk.said) for talk in talks), answers, again)


def _missing(system: System, ids: dict[str, Talk]) -> str:
    """How far each conversation without a row has come."""
    stored = {row["conversation_id"] for row in _rows(system, ids)}
    found = Counter(
        (one.data.conversation_id, type(one.data).__name__) for one in read_topics(system.settings) if one.data
    )
    return "; ".join(
        f"of {name} {len(talk.said)} messages said, on the topics "
        + ", ".join(f"{count} {kind}" for (whose, kind), count in found.items() if whose == name)
        for name, talk in ids.items()
        if name not in stored
    )


def _rows(system: System, ids: dict[str, Talk]) -> list[dict[str, Any]]:
    found = system.rows(
        "SELECT json_build_object('conversation_id', conversation_id, 'revision', revision, 'left_out', left_out,"
        " 'counts', counts, 'answers', (SELECT count(*) FROM answers a WHERE a.session_id = s.session_id))"
        " FROM sessions s"
    )
    return [row for (row,) in found if row["conversation_id"] in ids]


@dataclass(frozen=True)
class Found:
    """A record on a topic; `data` is the decoded one if it is about a session, None otherwise."""

    topic: str
    key: bytes | None
    appended_ms: int
    event_id: str
    size: int
    data: Any


def read_topics(settings: Settings) -> list[Found]:
    """Every record of the four topics, in the order of its partition."""
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka.bootstrap_servers.split(","))
    names = (MESSAGES, SESSIONS, FEEDBACK, DEAD_LETTERS)
    places = [TopicPartition(name, number) for name in names for number in range(settings.kafka.partitions)]
    found: list[Found] = []
    try:
        consumer.assign(places)
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(places)
        while any(consumer.position(place) < end for place, end in ends.items()):
            for records in consumer.poll(timeout_ms=500).values():
                found += [_found(record) for record in records]
    finally:
        consumer.close()
    return found


def _found(record: Any) -> Found:
    event_id, data = "", None
    if record.topic != DEAD_LETTERS:
        raw = RawRecord(
            record.topic, record.partition, record.offset, 0, record.key, record.value, tuple(record.headers)
        )
        event = decode(raw, known_types(*RECORDS_BY_TOPIC[record.topic]))
        event_id = event.id
        if isinstance(event.data, Message | SessionEnd | SessionRecord | FeedbackRecord):
            data = event.data
    return Found(record.topic, record.key, record.timestamp, event_id, len(record.value), data)


def _check_topics(found: Sequence[Found], ids: dict[str, Talk]) -> int:
    """Order inside each conversation, and nothing before its time. Returns how many records came again."""
    keys = {f"{TENANT}:{name}".encode() for name in ids}
    assert not [one for one in found if one.topic == DEAD_LETTERS and one.key in keys], "nothing was set aside"
    by_conversation: defaultdict[str, list[Found]] = defaultdict(list)
    for one in found:
        if one.data is not None:
            by_conversation[one.data.conversation_id].append(one)
    again = 0
    for name, talk in ids.items():
        records = by_conversation[name]
        first = list({(one.topic, one.event_id): one for one in reversed(records)}.values())[::-1]
        again += len(records) - len(first)
        said = [one.data.message_id for one in first if isinstance(one.data, Message)]
        assert said == talk.said, "taken once each, in the order in which they were said"
        (ended,) = (one for one in first if isinstance(one.data, SessionEnd))
        outcomes = [one for one in records if isinstance(one.data, SessionRecord | FeedbackRecord)]
        assert all(one.appended_ms >= ended.appended_ms for one in outcomes), "nothing while the session was open"
        for one in outcomes:
            assert (one.data.revision, one.data.state) == (1, SessionState.CLOSED)
            order = [message.message_id for message in one.data.messages]
            assert order == [message_id for message_id in talk.said if message_id in order], "in order"
            assert one.data == next(o.data for o in outcomes if o.topic == one.topic), "the same when it comes again"
    return again
