"""Random events give the same records, refusals and stored words in the real code and in the plain model.

Duplicates, late and early events, reopening, next sessions, several authors, bots, withdrawals, erasures, ends and
ticks come in any order, in batches of any size; the worker dies now and then and restarts from its changelog.

Two tests draw such events: one draws each step, so that a failure is reduced to a few steps; one draws only a seed,
since events drawn step by step are too regular.
"""

import logging
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
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
from stream.runtime.codec import EncodedRecord, RawRecord, encode, partition_of
from stream.sessions.clocks import with_clamped_time
from stream.sessions.rules import Arrival
from tests.stream.sessions.plain_model import PlainConversation
from tests.stream.sessions.scenario import TENANT, at_second, broker_ms
from tests.stream.workers.batch_harness import PARTITIONS, BatchWorker, Log, MemoryBroker, message_in

ROOMS = ("room-1", "room-2")
MAX_MESSAGES = 12
REDELIVERED_S = 10  # the age of records that come again after a crash; every window is longer
WINDOWS = {"idle_ms": 60_000, "reopen_within_ms": 50_000, "late_within_ms": 90_000, "min_words": 4}
PHRASES = ("no", "no kill", "say more", "voices no", "well")

SECONDS = (0, 0, 1, 1, 2, 5, 29, 40, 51, 60, 61, 91)
LAGS = (0, 0, 0, 1, 20, 45, 70, -5, -7_200, 200_000)  # how long before its arrival something claims to have been done
ROLES = (Role.CLIENT, Role.CLIENT, Role.COUNSELLOR, Role.COUNSELLOR, Role.SYSTEM)
LANGUAGES = (None, None, None, None, None, "en", "de")
PARTITION = {name: partition_of(record_key(TENANT, name), PARTITIONS) for name in ROOMS}

room = st.sampled_from(ROOMS)
recent = st.integers(0, 9)  # of the messages so far, counted back
seconds = st.sampled_from(SECONDS)
lag = st.sampled_from(LAGS)
flag = st.sampled_from((True, True, True, False))


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Silence the log, since thousands of sessions close here; other tests check what is logged."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


class SessionStateMachine(RuleBasedStateMachine):
    """A state machine that drives the real worker on a broker in memory, and a plain model of each room."""

    def __init__(self) -> None:
        super().__init__()
        self.log = Log()
        self.broker = MemoryBroker()
        self.second = 0.0
        self.message_ids: dict[str, list[str]] = {name: [] for name in ROOMS}
        self.unprocessed: list[tuple[RawRecord, ConversationEvent | PersonErasure | None]] = []
        self.processed: list[RawRecord] = []
        self.max_messages_patch = mock.patch("stream.sessions.lifecycle.MAX_MESSAGES", MAX_MESSAGES)
        self.max_messages_patch.start()

    def teardown(self) -> None:
        """Restore the bound on the messages of a session."""
        self.max_messages_patch.stop()

    @rule()
    def pass_five_weeks(self) -> None:
        """Let five weeks pass, after which only what the plain model still holds is stored."""
        self.tick(100)
        self.tick(8 * 86_400)
        self.tick(30 * 86_400)
        self.process_batch()
        self.only_the_models_words_are_stored()

    @initialize(end_rule=st.sampled_from(("both", "both", "idle", "explicit")))
    def begin(self, end_rule: str) -> None:
        """Start the worker with windows of about a minute, so that a short run reaches all of them."""
        self.changes: dict[str, Any] = WINDOWS | {"end_rule": end_rule}
        self.worker = BatchWorker(self.broker, **self.changes)
        self.model = {name: PlainConversation(self.worker.rules, MAX_MESSAGES) for name in ROOMS}

    # The rules.

    @rule(
        room=room, role=st.sampled_from(ROLES), lag=lag, after=seconds, author=st.integers(0, 5),
        phrase=st.sampled_from(PHRASES), consent=flag, secondary=flag, language=st.sampled_from(LANGUAGES),
    )  # fmt: skip
    def message(
        self, room: str, role: Role, lag: float, after: float, author: int, phrase: str, consent: bool,
        secondary: bool, language: str | None,
    ) -> None:  # fmt: skip
        """Send a message of a random author."""
        self.second += after
        message_id = f"m{len(self.message_ids[room])}"
        self.message_ids[room].append(message_id)
        self.put_message(room, message_id, phrase, lag, role, author=f"{role}-{author // 5}", language=language,
                 consent=Consent(processing=consent or author > 1, secondary_use=secondary))  # fmt: skip

    @rule(room=room, back=recent, lag=lag)
    def message_again(self, room: str, back: int, lag: float) -> None:
        """Send a message id a second time, with another text."""
        if self.message_ids[room]:
            self.put_message(room, self.message_id(room, back), "say again no", lag, Role.CLIENT)

    @rule(room=room, back=recent, after=seconds, edited=st.integers(-3, 3), consent=flag, secondary=flag)
    def edit(self, room: str, back: int, after: float, edited: int, consent: bool, secondary: bool) -> None:
        """Send an edit of a message that came, or that will come."""
        self.second += after
        at = at_second(self.second + edited)
        given = Consent(processing=consent or bool(back % 2), secondary_use=secondary)
        event = Edit(tenant=TENANT, conversation_id=room, message_id=self.message_id(room, back, early=True),
                     text=f"edit no {self.new_word()}", edited_at=at, consent=given)  # fmt: skip
        self.put(event)

    @rule(room=room, back=recent, after=seconds)
    def delete(self, room: str, back: int, after: float) -> None:
        """Send a deletion of a message that came, or that will come."""
        self.second += after
        message_id = self.message_id(room, back, early=True)
        self.put(
            Deletion(tenant=TENANT, conversation_id=room, message_id=message_id, deleted_at=at_second(self.second))
        )

    @rule(room=room, lag=lag, after=seconds)
    def end(self, room: str, lag: float, after: float) -> None:
        """Send the platform's end of a session, for now or an earlier time."""
        self.second += after
        self.put(SessionEnd(tenant=TENANT, conversation_id=room, ended_at=at_second(self.second - lag)))

    @rule(room=room, lag=lag, skip=st.integers(0, 2))
    def withdraw(self, room: str, lag: float, skip: int) -> None:
        """Send a withdrawal of consent, for now or an earlier time."""
        if not skip:
            at = at_second(self.second - lag)
            self.put(ConsentWithdrawal(tenant=TENANT, conversation_id=room, withdrawn_at=at))

    @rule(room=room, lag=lag, skip=st.integers(0, 3))
    def erase(self, room: str, lag: float, skip: int) -> None:
        """Send an erasure of a room."""
        if not skip:
            number = str(UUID(int=len(self.log.records)))
            at = at_second(self.second - abs(lag))
            self.put(Erasure(tenant=TENANT, conversation_id=room, erasure_id=number, requested_at=at))

    @rule(role=st.sampled_from((Role.CLIENT, Role.COUNSELLOR)), author=st.integers(0, 5), skip=st.integers(0, 3))
    def person_erasure(self, role: Role, author: int, skip: int) -> None:
        """Append an erasure of a person to every partition."""
        for partition in () if skip else range(PARTITIONS):
            gone = PersonErasure.model_validate(
                {"tenant": TENANT, "person": f"{role}-{author // 5}", "role": role, "partition": partition,
                 "erasure_id": str(UUID(int=len(self.log.records))), "requested_at": at_second(self.second)}
            )  # fmt: skip
            made = encode(gone)
            self.unprocessed.append((self.log._append(partition, made, self.second), gone))

    @rule(room=room, person=st.integers(0, 3))
    def participants(self, room: str, person: int) -> None:
        """Send the name of a participant."""
        participant = Participant(role=Role.CLIENT, names=(f"Name{person}",))
        self.put(Participants(tenant=TENANT, conversation_id=room, participants=(participant,)))

    @rule(after=seconds)
    def tick(self, after: float) -> None:
        """Append a tick to every partition."""
        self.second += after
        before = len(self.log.records)
        self.log.tick(self.second)
        self.unprocessed += [(raw, None) for raw in self.log.records[before:]]

    @rule()
    def process_batch(self) -> None:
        """Process the waiting records as one batch in the worker and one by one in the model; compare results."""
        published_before, refused_before = len(self.broker.published), len(self.broker.dead)
        self.worker.process([raw for raw, _ in self.unprocessed])
        expected: dict[str, list[Any]] = defaultdict(list)
        refused = []
        for raw, event in self.unprocessed:
            if event is None or isinstance(event, PersonErasure):
                for name, conversation in self.model.items():
                    if raw.partition == PARTITION[name]:
                        ms = raw.timestamp_ms
                        expected[name] += (
                            conversation.apply_person_erasure(event, ms) if event else conversation.apply_tick(ms)
                        )
                continue
            at = Arrival(raw.offset, raw.timestamp_ms)
            clamped = with_clamped_time(event, at, self.worker.rules)
            outputs, reason = self.model[event.conversation_id].apply_event(clamped, raw.timestamp_ms)
            expected[event.conversation_id] += outputs
            if reason is not None:
                refused.append((raw.offset, reason))
        for name in ROOMS:
            assert list(published_content(name, self.broker.published[published_before:])) == [
                with_session_id(name, output) for output in expected[name]
            ]
        by_offset = [(raw.offset, reason) for raw, reason in self.broker.dead[refused_before:]]
        assert sorted(by_offset) == sorted(refused)
        self.processed += [raw for raw, _ in self.unprocessed]
        self.unprocessed = []

    @rule(again=st.integers(0, 6))
    def restart(self, again: int) -> None:
        """Restart the worker from its changelog; the last records, redelivered, publish nothing new."""
        published = {encoded.value for _, encoded in self.broker.published}
        self.worker = BatchWorker(self.broker, **self.changes)
        redelivered = [raw for raw in self.processed if raw.timestamp_ms > broker_ms(self.second - REDELIVERED_S)]
        if again and redelivered:
            before = len(self.broker.published)
            self.worker.process(redelivered[-again:])
            assert {encoded.value for _, encoded in self.broker.published[before:]} <= published

    @invariant()
    def only_the_models_words_are_stored(self) -> None:
        """Assert that the changelog holds exactly the words that the plain model holds."""
        if self.unprocessed:
            return
        for name in ROOMS:
            key = b"|" + record_key(TENANT, name) + b"|"
            kept = b" ".join(value for where, value in self.broker.changelog.items() if key in where).decode()
            words = set(re.findall(r"\bw\d+\b", kept))
            assert words == {word for word in self.model[name].stored_words() if re.fullmatch(r"w\d+", word)}

    # How events reach the log.

    def put_message(self, room: str, message_id: str, phrase: str, lag: float, role: Role, **changes: Any) -> None:
        """Append a message with a word that no other message has."""
        sent = at_second(self.second) - timedelta(seconds=lag)
        self.put(
            message_in(room, message_id, f"{phrase} {self.new_word()}", self.second, role, sent_at=sent, **changes)
        )

    def put(self, event: ConversationEvent) -> None:
        """Append an event to the log."""
        raw = self.log.put(event, self.second)
        self.unprocessed.append((raw, event))

    def new_word(self) -> str:
        """Return a word that no message has."""
        return f"w{len(self.log.records)}"

    def message_id(self, room: str, back: int, *, early: bool = False) -> str:
        """Return the id of a recent message, or of one that is still to come."""
        if early and back < 3:
            return f"m{len(self.message_ids[room]) + back}"
        given = self.message_ids[room]
        return given[-1 - back % len(given)] if given else "m0"


def with_session_id(room: str, output: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return an output of the plain model with the session's id in place of its first message's."""
    if output[0] in {"closed", "reopened", "erased"}:
        return (output[0], session_id(TENANT, room, str(output[1])), *output[2:])
    return output


def published_content(room: str, published: list[tuple[int, EncodedRecord]]) -> Iterator[tuple[Any, ...]]:
    """Yield what the real code published of a room, in the plain model's form."""
    for _, encoded in published:
        if encoded.key != record_key(TENANT, room):
            continue
        kind = dict(encoded.headers)["ce_type"].decode()
        if kind == Erasure.event_type:
            yield "erasure", Erasure.model_validate_json(encoded.value).erasure_id
        elif kind == ConsentWithdrawal.event_type:
            yield "withdrawal", ConsentWithdrawal.model_validate_json(encoded.value).withdrawn_at
        elif kind == Deletion.event_type:
            yield "deletion", Deletion.model_validate_json(encoded.value).message_id
        elif kind == Edit.event_type:
            yield "edit", Edit.model_validate_json(encoded.value).message_id
        else:
            yield record_content(SessionRecord.model_validate_json(encoded.value))


def record_content(record: SessionRecord) -> tuple[Any, ...]:
    """Return a session record in the plain model's form."""
    start = (record.state.value, record.session_id, record.revision)
    if record.state is SessionState.REOPENED:
        return start
    closed_ms = in_broker_ms(record.closed_at)
    if record.state is SessionState.ERASED:
        assert not record.messages
        assert not record.known_names
        return (*start, record.started_at, record.ended_at, closed_ms)
    appended_ms = in_broker_ms(record.began_at), in_broker_ms(record.last_heard_at)
    times = (record.started_at, record.ended_at, closed_ms, *appended_ms)
    return (*start, record.end_reason, *times, closed_content(record))


def in_broker_ms(time: datetime) -> int:
    """Return a time of a record as broker time in milliseconds."""
    return broker_ms(0) + round((time - at_second(0)).total_seconds() * 1000)


def closed_content(record: SessionRecord) -> dict[str, Any]:
    """Return the content of a closed session's record."""
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
        "marks": [(one.kind, sorted(one.concerns), list(one.message_ids), list(one.context)) for one in record.marks],
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


TestSessionStateMachine = SessionStateMachine.TestCase
TestSessionStateMachine.settings = settings(
    max_examples=20, stateful_step_count=40, suppress_health_check=list(HealthCheck)
)

RULE_WEIGHTS = {
    "message": 30, "process_batch": 25, "tick": 8, "edit": 6, "end": 5, "message_again": 4, "delete": 4, "restart": 2,
    "participants": 1.5, "withdraw": 1.2, "erase": 0.5, "person_erasure": 0.5,
}  # fmt: skip


def random_step(chance: random.Random) -> tuple[str, dict[str, Any]]:
    """Draw a rule of the state machine and its arguments."""
    drawn: dict[str, Any] = {
        "room": chance.choice(ROOMS), "role": chance.choice(ROLES), "lag": chance.choice(LAGS),
        "after": chance.choice(SECONDS), "author": chance.randint(0, 5), "phrase": chance.choice(PHRASES),
        "consent": chance.random() < 0.8, "secondary": chance.random() < 0.8, "language": chance.choice(LANGUAGES),
        "back": chance.randint(0, 9), "edited": chance.randint(-3, 3), "person": chance.randint(0, 3),
        "again": chance.randint(0, 6), "skip": 0,
    }  # fmt: skip
    (name,) = chance.choices(list(RULE_WEIGHTS), list(RULE_WEIGHTS.values()))
    if name == "person_erasure" and drawn["role"] is Role.SYSTEM:
        drawn["role"] = Role.CLIENT
    wanted = RULE_ARGUMENTS[name]
    return name, {key: value for key, value in drawn.items() if key in wanted}


RULE_ARGUMENTS = {
    "message": ("room", "role", "lag", "after", "author", "phrase", "consent", "secondary", "language"),
    "message_again": ("room", "back", "lag"),
    "edit": ("room", "back", "after", "edited", "consent", "secondary"),
    "delete": ("room", "back", "after"),
    "end": ("room", "lag", "after"),
    "withdraw": ("room", "lag", "skip"),
    "erase": ("room", "lag", "skip"),
    "person_erasure": ("role", "author", "skip"),
    "participants": ("room", "person"),
    "tick": ("after",),
    "process_batch": (),
    "restart": ("again",),
}


@settings(max_examples=120)
@given(seed=st.integers(0, 2**32))
def test_random_events_publish_what_the_plain_model_says(seed: int) -> None:
    """Up to eighty random steps give the same records, refusals and stored words in the worker and the plain model."""
    chance = random.Random(seed)
    machine = SessionStateMachine()
    machine.begin(chance.choice(("both", "both", "idle", "explicit")))
    try:
        for _ in range(chance.randint(5, 80)):
            name, drawn = random_step(chance)
            getattr(machine, name)(**drawn)
            machine.only_the_models_words_are_stored()
        machine.pass_five_weeks()
    finally:
        machine.teardown()
