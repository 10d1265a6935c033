"""Random stories, followed by the real code and by the plain model: every record, refusal and word kept is the same.

Duplicates, late and early events, reopening, next sessions, several authors, bots, withdrawals, erasures, ends and
ticks come in any order, in batches of any size; the worker dies now and then and begins again from its changelog.

Two tests tell the same stories: one draws each step, so that what fails is cut down to a few steps; one draws only a
seed, for stories drawn step by step come out tame.
"""

import logging
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest import mock
from uuid import UUID

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from stream.contracts.ids import record_key, session_id
from stream.contracts.messages import (
    Consent,
    ConsentWithdrawal,
    ConversationEvent,
    Deletion,
    Edit,
    Erasure,
    Participant,
    Participants,
    PersonErasure,
    SessionEnd,
)
from stream.contracts.sessions import SessionRecord
from stream.contracts.vocabulary import Role, SessionState
from stream.runtime.codec import Encoded, RawRecord, encode, partition_of
from tests.stream.sessions.plain_model import PlainConversation
from tests.stream.sessions.talk import TENANT, at_second, ms
from tests.stream.workers.batch_harness import PARTITIONS, Broker, Log, Worker, said

ROOMS = ("room-1", "room-2")
LONGEST = 12
COMMITTED_S = 10  # what comes again after a crash is seconds old; every window is longer
WINDOWS = {"idle_ms": 60_000, "reopen_within_ms": 50_000, "late_within_ms": 90_000, "min_words": 4}
PHRASES = ("no", "no kill", "say more", "voices no", "well")

SECONDS = (0, 0, 1, 1, 2, 5, 29, 40, 51, 60, 61, 91)
LAGS = (0, 0, 0, 0, 1, 20, 45, 70, -5)  # how long before its arrival something was done
ROLES = (Role.CLIENT, Role.CLIENT, Role.COUNSELLOR, Role.COUNSELLOR, Role.SYSTEM)
LANGUAGES = (None, None, None, None, None, "en", "de")
PARTITION = {name: partition_of(record_key(TENANT, name), PARTITIONS) for name in ROOMS}

room = st.sampled_from(ROOMS)
known = st.integers(0, 9)  # of the messages so far, counted back
seconds = st.sampled_from(SECONDS)
lag = st.sampled_from(LAGS)
flag = st.sampled_from((True, True, True, False))


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of sessions close here; what is logged of them is tried elsewhere."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


class Stories(RuleBasedStateMachine):
    """The real worker on a broker in memory, and one plain conversation for each room."""

    def __init__(self) -> None:
        super().__init__()
        self.log = Log()
        self.broker = Broker()
        self.second = 0.0
        self.given: dict[str, list[str]] = {name: [] for name in ROOMS}
        self.unborn = 0
        self.waiting: list[tuple[RawRecord, ConversationEvent | PersonErasure | None]] = []
        self.done: list[RawRecord] = []
        self.shortened = mock.patch("stream.sessions.lifecycle.MAX_MESSAGES", LONGEST)
        self.shortened.start()

    def teardown(self) -> None:
        """Give the bound back."""
        self.shortened.stop()

    @rule()
    def end_well(self) -> None:
        """Let a week pass: nothing is left then but what the plain model remembers too."""
        self.pass_time(100)
        self.pass_time(8 * 86_400)
        self.follow()
        self.nothing_is_kept_longer_than_it_may()

    @initialize(end_rule=st.sampled_from(("both", "both", "idle", "explicit")))
    def begin(self, end_rule: str) -> None:
        """Windows of about a minute, so that a short story reaches all of them."""
        self.changes: dict[str, Any] = WINDOWS | {"end_rule": end_rule}
        self.worker = Worker(self.broker, **self.changes)
        self.plain = {name: PlainConversation(self.worker.rules, LONGEST) for name in ROOMS}

    # What may happen.

    @rule(
        room=room, role=st.sampled_from(ROLES), lag=lag, after=seconds, author=st.integers(0, 5),
        phrase=st.sampled_from(PHRASES), consent=flag, secondary=flag, language=st.sampled_from(LANGUAGES),
    )  # fmt: skip
    def message(
        self, room: str, role: Role, lag: float, after: float, author: int, phrase: str, consent: bool,
        secondary: bool, language: str | None,
    ) -> None:  # fmt: skip
        """Somebody writes."""
        self.second += after
        name = f"m{len(self.given[room])}"
        self.given[room].append(name)
        self.say(room, name, phrase, lag, role, author=f"{role}-{author // 5}", language=language,
                 consent=Consent(processing=consent or author > 1, secondary_use=secondary))  # fmt: skip

    @rule(room=room, back=known, lag=lag)
    def message_again(self, room: str, back: int, lag: float) -> None:
        """The platform tells a message twice, whatever it says the second time."""
        if self.given[room]:
            self.say(room, self.name(room, back), "say again no", lag, Role.CLIENT)

    @rule(room=room, back=known, after=seconds, edited=st.integers(-3, 3), consent=flag, secondary=flag)
    def edit(self, room: str, back: int, after: float, edited: int, consent: bool, secondary: bool) -> None:
        """New words for a message that came, or that will come."""
        self.second += after
        at = at_second(self.second + edited)
        given = Consent(processing=consent or bool(back % 2), secondary_use=secondary)
        event = Edit(tenant=TENANT, conversation_id=room, message_id=self.name(room, back, unborn=True),
                     text=f"edit no {self.word()}", edited_at=at, consent=given)  # fmt: skip
        self.put(event)

    @rule(room=room, back=known, after=seconds)
    def delete(self, room: str, back: int, after: float) -> None:
        """A message is taken back, perhaps before it came."""
        self.second += after
        name = self.name(room, back, unborn=True)
        self.put(Deletion(tenant=TENANT, conversation_id=room, message_id=name, deleted_at=at_second(self.second)))

    @rule(room=room, lag=lag, after=seconds)
    def end(self, room: str, lag: float, after: float) -> None:
        """The platform says that it is over, now or of some time before."""
        self.second += after
        self.put(SessionEnd(tenant=TENANT, conversation_id=room, ended_at=at_second(self.second - lag)))

    @rule(room=room, lag=lag, luck=st.integers(0, 2))
    def withdraw(self, room: str, lag: float, luck: int) -> None:
        """The client takes consent back, now or of some time before."""
        if not luck:
            at = at_second(self.second - lag)
            self.put(ConsentWithdrawal(tenant=TENANT, conversation_id=room, withdrawn_at=at))

    @rule(room=room, lag=lag, luck=st.integers(0, 3))
    def erase(self, room: str, lag: float, luck: int) -> None:
        """Everything of a room is to be forgotten."""
        if not luck:
            number = str(UUID(int=len(self.log.records)))
            at = at_second(self.second - abs(lag))
            self.put(Erasure(tenant=TENANT, conversation_id=room, erasure_id=number, requested_at=at))

    @rule(role=st.sampled_from((Role.CLIENT, Role.COUNSELLOR)), author=st.integers(0, 5), luck=st.integers(0, 3))
    def forget_person(self, role: Role, author: int, luck: int) -> None:
        """A person asks to be forgotten: told on every partition."""
        for partition in () if luck else range(PARTITIONS):
            gone = PersonErasure.model_validate(
                {"tenant": TENANT, "person": f"{role}-{author // 5}", "role": role, "partition": partition,
                 "erasure_id": str(UUID(int=len(self.log.records))), "requested_at": at_second(self.second)}
            )  # fmt: skip
            made = encode(gone, event_type=gone.event_type, event_id="e", key=None)
            self.waiting.append((self.log._append(partition, made, self.second), gone))

    @rule(room=room, person=st.integers(0, 3))
    def meet(self, room: str, person: int) -> None:
        """The platform tells a name."""
        participant = Participant(role=Role.CLIENT, names=(f"Name{person}",))
        self.put(Participants(tenant=TENANT, conversation_id=room, participants=(participant,)))

    @rule(after=seconds)
    def pass_time(self, after: float) -> None:
        """A tick on every partition."""
        self.second += after
        before = len(self.log.records)
        self.log.tick(self.second)
        self.waiting += [(raw, None) for raw in self.log.records[before:]]

    @rule()
    def follow(self) -> None:
        """The worker takes all that waits as one batch; the plain model one after the other."""
        published, dead = len(self.broker.published), len(self.broker.dead)
        self.worker.process([raw for raw, _ in self.waiting])
        expected: dict[str, list[Any]] = defaultdict(list)
        refused = []
        for raw, event in self.waiting:
            if event is None or isinstance(event, PersonErasure):
                for name, conversation in self.plain.items():
                    if raw.partition == PARTITION[name]:
                        told = conversation.forget_person(event, raw.timestamp_ms) if event else []
                        expected[name] += told if event else conversation.tick(raw.timestamp_ms)
                continue
            told, reason = self.plain[event.conversation_id].give(event, raw.timestamp_ms)
            expected[event.conversation_id] += told
            if reason is not None:
                refused.append((raw.offset, reason))
        for name in ROOMS:
            assert list(told_by(name, self.broker.published[published:])) == [
                named(name, told) for told in expected[name]
            ]
        by_offset = [(raw.offset, reason) for raw, reason in self.broker.dead[dead:]]
        assert sorted(by_offset) == sorted(refused)
        self.done += [raw for raw, _ in self.waiting]
        self.waiting = []

    @rule(again=st.integers(0, 6))
    def die(self, again: int) -> None:
        """The worker begins anew with what it has written, and the last records come again: nothing new is told."""
        published = {encoded.value for _, encoded in self.broker.published}
        self.worker = Worker(self.broker, **self.changes)
        recent = [raw for raw in self.done if raw.timestamp_ms > ms(self.second - COMMITTED_S)]
        if again and recent:
            before = len(self.broker.published)
            self.worker.process(recent[-again:])
            assert {encoded.value for _, encoded in self.broker.published[before:]} <= published

    @invariant()
    def nothing_is_kept_longer_than_it_may(self) -> None:
        """The changelog holds the words that the plain model knows, and no other."""
        if self.waiting:
            return
        for name in ROOMS:
            key = b"|" + record_key(TENANT, name) + b"|"
            kept = b" ".join(value for where, value in self.broker.changelog.items() if key in where).decode()
            words = set(re.findall(r"\bw\d+\b", kept))
            assert words == {word for word in self.plain[name].words() if word.startswith("w") and word[1:].isdigit()}

    # How it is put.

    def say(self, room: str, name: str, phrase: str, lag: float, role: Role, **changes: Any) -> None:
        """One message, told apart from all others by a word."""
        sent = at_second(self.second) - timedelta(seconds=lag)
        self.put(said(room, name, f"{phrase} {self.word()}", self.second, role, sent_at=sent, **changes))

    def put(self, event: ConversationEvent) -> None:
        """Append it to the log."""
        raw = self.log.put(event, self.second)
        self.waiting.append((raw, event))

    def word(self) -> str:
        """A word that nobody has said."""
        return f"w{len(self.log.records)}"

    def name(self, room: str, back: int, *, unborn: bool = False) -> str:
        """A message of the last few, or one that has not come."""
        if unborn and back < 3:
            return f"m{len(self.given[room]) + back}"
        given = self.given[room]
        return given[-1 - back % len(given)] if given else "m0"


def named(room: str, told: tuple[Any, ...]) -> tuple[Any, ...]:
    """What the plain model told, with the session's id in place of its first message."""
    if told[0] in {"closed", "reopened", "erased"}:
        return (told[0], session_id(TENANT, room, str(told[1])), *told[2:])
    return told


def told_by(room: str, published: list[tuple[int, Encoded]]) -> Iterator[tuple[Any, ...]]:
    """What the real code published of a room, as the plain model tells it."""
    for _, encoded in published:
        if encoded.key != record_key(TENANT, room):
            continue
        kind = dict(encoded.headers)["ce_type"].decode()
        if kind == Erasure.event_type:
            yield "erasure", Erasure.model_validate_json(encoded.value).erasure_id
        elif kind == ConsentWithdrawal.event_type:
            yield "withdrawal", ConsentWithdrawal.model_validate_json(encoded.value).withdrawn_at
        else:
            yield told_record(SessionRecord.model_validate_json(encoded.value))


def told_record(record: SessionRecord) -> tuple[Any, ...]:
    """One session record."""
    start = (record.state.value, record.session_id, record.revision)
    if record.state is SessionState.REOPENED:
        return start
    closed_ms = ms(0) + round((record.closed_at - at_second(0)).total_seconds() * 1000)
    if record.state is SessionState.ERASED:
        assert not record.messages
        assert not record.known_names
        return (*start, record.started_at, record.ended_at, closed_ms)
    return (*start, record.end_reason, record.started_at, record.ended_at, closed_ms, inside(record))


def inside(record: SessionRecord) -> dict[str, Any]:
    """What stands in a closed one."""
    counts = record.counts
    return {
        "left_out": record.left_out,
        "language": record.language,
        "secondary_use": record.consent.secondary_use,
        "clients": list(record.clients),
        "counsellors": list(record.counsellors),
        "messages": [(one.message_id, one.revision, one.text) for one in record.messages],
        "exchanges": [
            {
                "context": list(one.context),
                "client_turn": list(one.client_turn),
                "reply": list(one.reply),
                "counsellor": one.counsellor,
                "needs_human": one.needs_human,
                "score": one.score,
            }
            for one in record.exchanges
        ],
        "marks": [(one.kind, sorted(one.concerns), list(one.message_ids)) for one in record.marks],
        "names": [(one.role.value, one.name) for one in record.known_names],
        "counts": (
            counts.messages,
            counts.client_messages,
            counts.counsellor_messages,
            counts.client_turns,
            counts.flagged_turns,
            counts.unanswered_moments,
            counts.flagged_not_shown,
        ),
    }


TestStories = Stories.TestCase
TestStories.settings = settings(
    max_examples=20, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)

OFTEN = {
    "message": 30, "follow": 25, "pass_time": 8, "edit": 6, "end": 5, "message_again": 4, "delete": 4, "die": 2,
    "meet": 1.5, "withdraw": 1.2, "erase": 0.5, "forget_person": 0.5,
}  # fmt: skip


def wild_step(chance: random.Random) -> tuple[str, dict[str, Any]]:
    """One rule of the machine, with what it wants to know."""
    drawn: dict[str, Any] = {
        "room": chance.choice(ROOMS), "role": chance.choice(ROLES), "lag": chance.choice(LAGS),
        "after": chance.choice(SECONDS), "author": chance.randint(0, 5), "phrase": chance.choice(PHRASES),
        "consent": chance.random() < 0.8, "secondary": chance.random() < 0.8, "language": chance.choice(LANGUAGES),
        "back": chance.randint(0, 9), "edited": chance.randint(-3, 3), "person": chance.randint(0, 3),
        "again": chance.randint(0, 6), "luck": 0,
    }  # fmt: skip
    (name,) = chance.choices(list(OFTEN), list(OFTEN.values()))
    if name == "forget_person" and drawn["role"] is Role.SYSTEM:
        drawn["role"] = Role.CLIENT
    wanted = WANTED[name]
    return name, {key: value for key, value in drawn.items() if key in wanted}


WANTED = {
    "message": ("room", "role", "lag", "after", "author", "phrase", "consent", "secondary", "language"),
    "message_again": ("room", "back", "lag"),
    "edit": ("room", "back", "after", "edited", "consent", "secondary"),
    "delete": ("room", "back", "after"),
    "end": ("room", "lag", "after"),
    "withdraw": ("room", "lag", "luck"),
    "erase": ("room", "lag", "luck"),
    "forget_person": ("role", "author", "luck"),
    "meet": ("room", "person"),
    "pass_time": ("after",),
    "follow": (),
    "die": ("again",),
}


@settings(max_examples=120, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_wild_stories_end_as_the_plain_model_says(seed: int) -> None:
    """Eighty steps and fewer."""
    chance = random.Random(seed)
    story = Stories()
    story.begin(chance.choice(("both", "both", "idle", "explicit")))
    try:
        for _ in range(chance.randint(5, 80)):
            name, drawn = wild_step(chance)
            getattr(story, name)(**drawn)
            story.nothing_is_kept_longer_than_it_may()
        story.end_well()
    finally:
        story.teardown()
