"""The stream stage as a process of its own on a real broker, fed as a platform that speaks Kafka feeds it."""

import json
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from plugin.local.kafka import KafkaBroker
from plugin.local.loopback import free_ports
from plugin.local.stage_process import StageProcess
from stream.contracts.errors import Misconfigured, TooManyDeadLetters
from stream.contracts.messages import Consent, Deletion, Edit
from stream.contracts.risk import RiskSignal
from stream.contracts.topics import OPEN_SESSIONS_CHANGELOG, RISK
from stream.contracts.vocabulary import Concern, EndReason, LeftOut, MarkKind, SessionState
from stream.runtime import settings
from stream.runtime.codec import STRUCTURED, RawRecord, encode, partition_of
from stream.sessions.rules import LATE_MS
from tests.e2e.conversations import CALM, RESISTANT
from tests.fixtures.stream_stage import PARTITIONS, TENANT, Room, StreamStageHarness, stream_stage
from tests.fixtures.topics import read_topic
from tests.fixtures.waiting import DEADLOCK_S, eventually, wait_until

IDLE_S = 4
PATIENT_S = 600  # longer than any restart takes, so that no session ends meanwhile
IN_A_ROW = settings.KafkaSettings().dead_letters_in_a_row


@pytest.fixture(scope="module")
def harness(fresh_kafka: Callable[[], KafkaBroker], run_dir: Path) -> Iterator[StreamStageHarness]:
    """Yield one stage for the tests of this file, with topics of its own."""
    servers = fresh_kafka().bootstrap_servers
    known = json.dumps({TENANT: {"risk": {"receiver": {"url": "https://protocol.example/signals"}}}})
    changes = {"COUNTERPOINT_SESSIONS__IDLE_S": str(PATIENT_S), "COUNTERPOINT_TENANTS": known}
    with stream_stage(run_dir / "stream", servers, COUNTERPOINT_LOG_LEVEL="debug", **changes) as harness:
        yield harness


@pytest.fixture
def short_idle(harness: StreamStageHarness, run_dir: Path) -> Iterator[StreamStageHarness]:
    """Replace the stage by one in which a short silence ends a session."""
    harness.stage.stop()
    with stream_stage(run_dir / "brief", harness.servers, COUNTERPOINT_SESSIONS__IDLE_S=str(IDLE_S)) as short_idle:
        yield short_idle
    harness.stage.start()


def test_an_explicit_end_closes_a_session(harness: StreamStageHarness) -> None:
    """An explicit end closes a session with its flagged exchange, and each needed message once."""
    room = harness.room()
    room.talk(RESISTANT)
    room.end()
    (record,) = room.wait_for_records()
    assert (record.state, record.revision, record.end_reason) == (SessionState.CLOSED, 1, EndReason.EXPLICIT)
    assert record.left_out is None
    assert record.counts.messages == len(RESISTANT)
    (exchange,) = record.exchanges
    assert exchange.counsellor == "p_counsellor"
    assert sorted(exchange.message_ids) == sorted(message.message_id for message in record.messages)


def test_silence_closes_a_session_and_nothing_is_said_before(short_idle: StreamStageHarness) -> None:
    """A session has no record while messages keep coming, and one record after the idle limit."""
    room = short_idle.room()
    for role, text in (*CALM, *CALM):
        room.put(room.message(role, text))
        assert not eventually(lambda: bool(short_idle.sessions(room)), within_s=1.0)
    (record,) = room.wait_for_records()
    assert record.end_reason is EndReason.IDLE
    assert record.left_out is LeftOut.NO_RESISTANCE
    assert record.messages == ()


def test_a_session_in_another_language_is_left_out_as_such(harness: StreamStageHarness) -> None:
    """A session in a language that nobody declared and the models do not know is left out for its language."""
    room = harness.room()
    lines = (
        ("client", "ich wei\u00df nicht, ob das hier etwas bringt"),
        ("counsellor", "Was w\u00fcrde Ihnen helfen?"),
    )
    for role, text in lines * 3:
        room.put(room.message(role, text))
    room.end()
    (record,) = room.wait_for_records()
    assert (record.left_out, record.language) == (LeftOut.LANGUAGE_NOT_SUPPORTED, "de")


def test_a_marked_up_text_is_read_as_its_words(harness: StreamStageHarness) -> None:
    """Risk language in a text with entities and emphasis is marked, and the record holds the text as it came."""
    room = harness.room()
    text = "i want to **kill**&nbsp;my&shy;self"
    room.put(room.message("client", text))
    room.put(room.message("counsellor", "I am glad that you say it."))
    room.end()
    (record,) = room.wait_for_records()
    assert [(mark.kind, mark.concerns) for mark in record.marks] == [(MarkKind.RISK_LANGUAGE, (Concern.SUICIDE,))]
    assert record.messages[0].text == text


def test_risk_language_is_signalled_while_the_session_is_open(harness: StreamStageHarness) -> None:
    """A client's message with risk language is on the risk topic at once, without its words; its session is not."""
    room = harness.room()
    said = "some nights I want to kill myself"  # written by us
    room.put(room.message("client", said))

    def signals() -> list[RawRecord]:
        return [raw for raw in read_topic(harness.servers, RISK, PARTITIONS) if raw.key == room.key]

    wait_until(signals, "the signal is on its topic")
    (raw,) = signals()
    found = RiskSignal.model_validate_json(raw.value or b"")
    assert (found.message_id, found.concerns, raw.partition) == ("m-1", (Concern.SUICIDE,), room.partition)
    assert [found.appended_at.timestamp() * 1000] == harness.appended_ms(room.key, room.partition)
    assert said.encode() not in (raw.value or b"")
    assert harness.sessions(room) == []


def test_structured_mode_is_taken_too(harness: StreamStageHarness) -> None:
    """A platform may send the whole event in the value."""
    room = harness.room()
    for role, text in RESISTANT:
        message = room.message(role, text)
        whole = {"specversion": "1.0", "id": str(uuid4()), "source": "/platform", "type": message.event_type}
        value = json.dumps(whole | {"data": message.model_dump(mode="json")}).encode()
        headers = [("content-type", STRUCTURED.encode())]
        harness.send(value, key=room.key, headers=headers, partition=room.partition)
    room.end()
    assert room.wait_for_records()[0].counts.messages == len(RESISTANT)


def test_repeated_and_shuffled_deliveries_change_nothing(harness: StreamStageHarness) -> None:
    """Every message twice, in any order: the record is that of the calm delivery but for ids."""
    ordered, shuffled = harness.room(), harness.room()
    ordered.talk(RESISTANT)
    messages = [shuffled.message(role, text) for role, text in RESISTANT]
    deliveries = messages * 2
    random.Random(7).shuffle(deliveries)
    for message in deliveries:
        shuffled.put(message)
    ordered.end()
    shuffled.end()
    (a,), (b,) = ordered.wait_for_records(), shuffled.wait_for_records()
    assert a.counts == b.counts
    assert [m.text for m in a.messages] == [m.text for m in b.messages]
    assert [e.client_turn for e in a.exchanges] == [e.client_turn for e in b.exchanges]


def test_an_edit_and_a_deletion_apply_at_the_close(harness: StreamStageHarness) -> None:
    """An edit and a deletion apply at the close: edited words replace the old ones, deleted messages are gone."""
    room = harness.room()
    room.talk(RESISTANT)
    at = datetime.now(UTC)
    words = "No. I don't want to stop drinking and I'm not going to quit, I would miss it."
    where = {"tenant": TENANT, "conversation_id": room.name}
    room.put(Edit(**where, message_id="m-4", text=words, edited_at=at, consent=Consent(processing=True)))
    room.put(Deletion(**where, message_id="m-1", deleted_at=at))
    room.end()
    (record,) = room.wait_for_records()
    texts = {message.message_id: message.text for message in record.messages}
    assert texts["m-4"] == words
    assert "m-1" not in texts
    assert record.counts.messages == len(RESISTANT) - 1


def test_a_late_message_makes_the_next_revision_and_a_newer_one_reopens(short_idle: StreamStageHarness) -> None:
    """Right after the end: closed again with it. Later within the window: reopened, then closed by silence."""
    room = short_idle.room()
    room.talk(RESISTANT)
    room.end()
    room.put(room.message("counsellor", "I forgot to ask about your sleep.", number=2))
    first, late = room.wait_for_records(2)
    time.sleep(LATE_MS / 1000)
    assert (late.revision, late.counts.messages) == (2, first.counts.messages + 1)
    room.put(room.message("client", "One more thing before I go.", number=60))
    states = [(record.state, record.revision) for record in room.wait_for_records(4)[2:]]
    assert states == [(SessionState.REOPENED, 2), (SessionState.CLOSED, 3)]


def bad_records(room: Room) -> list[tuple[str, bytes | None, dict[str, Any]]]:
    """Reason, value and what else is wrong with it."""
    good = encode(room.message("client", "hello"))
    data = json.loads(good.value)
    next_version = [(n, b"counterpoint.message.v2" if n == "ce_type" else v) for n, v in good.headers]
    stranger = f"stranger:{room.name}".encode()
    unknown_tenant = {"key": stranger, "partition": partition_of(stranger, PARTITIONS)}
    unknown_type = [(n, b"com.example.song" if n == "ce_type" else v) for n, v in good.headers]
    return [
        ("bad_json", b'{"text": "hel', {}),
        ("bad_schema", json.dumps(data | {"role": "boss"}).encode(), {}),
        ("oversize", json.dumps(data | {"text": "x" * 950_000}).encode(), {}),
        ("nul", json.dumps(data | {"text": "a\x00b"}).encode(), {}),
        ("lone_surrogate", json.dumps(data | {"text": "\ud800"}).encode(), {}),
        ("tombstone", None, {}),
        ("unknown_version", good.value, {"headers": next_version}),
        ("unknown_type", good.value, {"headers": unknown_type}),
        ("wrong_partition", good.value, {"partition": (room.partition + 1) % PARTITIONS}),
        ("bad_key", good.value, {"key": b"riverside:c_other"}),
        ("bad_envelope", good.value, {"headers": good.headers[1:]}),
        ("no_consent", json.dumps(data | {"consent": {"processing": False}}).encode(), {}),
        ("unknown_tenant", json.dumps(data | {"tenant": "stranger"}).encode(), unknown_tenant),
    ]


def test_every_bad_record_is_dead_lettered_with_its_reason_and_the_next_is_processed(
    harness: StreamStageHarness,
) -> None:
    """Every bad record becomes a dead letter with its reason, and the session around them closes as usual."""
    room, writer = harness.room(), harness.room()
    headers = encode(room.message("client", "")).headers
    room.sent = 0
    before = len(harness.dead_letters())
    bad = bad_records(writer)
    for number, (_, value, changes) in enumerate(bad):
        arguments: dict[str, Any] = {"key": writer.key, "headers": headers, "partition": writer.partition} | changes
        harness.send(value, **arguments)
        if number < len(RESISTANT):
            role, text = RESISTANT[number]
            room.put(room.message(role, text))
    room.end()
    assert room.wait_for_records()[0].counts.messages == len(RESISTANT)
    assert eventually(lambda: len(harness.dead_letters()) == before + len(bad))
    stories = harness.dead_letters()[before:]
    assert Counter(story["cp_reason"].decode() for story in stories) == Counter(reason for reason, _, _ in bad)
    (without,) = (story for story in stories if story["cp_reason"] == b"no_consent")
    assert without["value"] == b""
    (broken,) = (story for story in stories if story["cp_reason"] == b"bad_json")
    assert (broken["value"], broken["cp_bytes"]) == (b"", b"13")  # whether it had consent, nobody can read
    (stranger,) = (story for story in stories if story["cp_reason"] == b"unknown_tenant")
    assert b"hello" in stranger["value"]
    assert harness.sessions(writer) == []


def rooms_with(harness: StreamStageHarness, count: int, disturb: Callable[[], None]) -> list[Room]:
    """Rooms that talk in turns, a line each; `disturb` is called in the middle."""
    rooms = [harness.room() for _ in range(count)]
    for number, (role, text) in enumerate(RESISTANT):
        if number == len(RESISTANT) // 2:
            disturb()
        for room in rooms:
            room.put(room.message(role, text))
    for room in rooms:
        room.end()
    return rooms


def assert_exact(rooms: list[Room]) -> None:
    """Assert that each room has one session record of revision 1 with every message."""
    for room in rooms:
        (record,) = room.wait_for_records()
        assert record.revision == 1
        assert record.counts.messages == len(RESISTANT)
        assert len(record.exchanges) == 1


def test_a_killed_worker_has_lost_and_doubled_nothing(harness: StreamStageHarness) -> None:
    """A worker killed with SIGKILL among forty open sessions loses and doubles nothing."""

    def kill() -> None:
        harness.stage.kill()
        harness.stage.launch()

    rooms = rooms_with(harness, 40, kill)
    harness.stage.wait_ready()
    assert_exact(rooms)


def test_a_worker_asked_to_end_hands_over_within_ten_seconds(harness: StreamStageHarness) -> None:
    """SIGTERM in the middle of forty open sessions."""

    def terminate() -> None:
        harness.stage.send_signal(signal.SIGTERM)
        assert harness.stage.wait(DEADLOCK_S) == 0
        harness.stage.launch()

    rooms = rooms_with(harness, 40, terminate)
    harness.stage.wait_ready()
    assert_exact(rooms)


def test_messages_that_waited_for_a_worker_are_all_taken(harness: StreamStageHarness) -> None:
    """A worker that restores state while a backlog waits loses none of it: Faust alone would, and commit that."""
    rooms = [harness.room() for _ in range(20)]
    for number, (role, text) in enumerate(RESISTANT):
        if number % 3 == 1:
            harness.stage.stop()
        for room in rooms:
            room.put(room.message(role, text))
        if number % 3 == 1:
            harness.stage.start()
    for room in rooms:
        room.end()
    assert_exact(rooms)


def test_a_second_worker_takes_its_share_and_gives_it_back(harness: StreamStageHarness, run_dir: Path) -> None:
    """A rebalance in the middle of forty open sessions, and another when the second worker ends."""
    (port,) = free_ports(1)
    env = harness.env | {"COUNTERPOINT_HEALTH__STREAM_PORT": str(port)}
    second = StageProcess("stream", run_dir / "stream-2", env=env, health_url=f"http://127.0.0.1:{port}")
    rooms = rooms_with(harness, 40, second.launch)
    second.wait_ready()
    more = rooms_with(harness, 40, second.stop)
    assert_exact(rooms + more)


def test_when_everything_is_bad_the_stage_stops_and_says_so(harness: StreamStageHarness) -> None:
    """A stage with bad records of twenty rooms in a row stops with a message and continues after a restart."""
    harness.stage.stop()  # a bad record of an earlier test may count as the first in a row
    harness.stage.start()
    room = harness.room()
    before = len(harness.dead_letters())
    for number in range(IN_A_ROW + 5):
        harness.send(b"{", key=room.key + b"-%d" % number, headers=[], partition=room.partition)
    room.talk(RESISTANT)
    room.end()
    assert harness.stage.wait(DEADLOCK_S) == TooManyDeadLetters.exit_status
    assert "could not be used" in harness.stage.tail()
    assert eventually(lambda: len(harness.dead_letters()) >= before + IN_A_ROW)
    assert len(harness.dead_letters()) == before + IN_A_ROW
    harness.stage.start()
    assert room.wait_for_records()[0].counts.messages == len(RESISTANT)
    assert eventually(lambda: len(harness.dead_letters()) >= before + IN_A_ROW + 5)
    assert len(harness.dead_letters()) == before + IN_A_ROW + 5


def test_a_changelog_that_cannot_be_read_ends_the_stage_with_what_to_do(harness: StreamStageHarness) -> None:
    """An unreadable changelog ends the stage, and its key can be deleted to continue."""
    harness.stage.stop()
    harness.producer.send(OPEN_SESSIONS_CHANGELOG, key=b"tried", value=b"{}", partition=0).get(DEADLOCK_S)
    harness.stage.launch()
    assert harness.stage.wait(DEADLOCK_S) == Misconfigured.exit_status
    assert f"The topic {OPEN_SESSIONS_CHANGELOG} holds what this version cannot read" in harness.stage.tail()
    harness.producer.send(OPEN_SESSIONS_CHANGELOG, key=b"tried", value=None, partition=0).get(DEADLOCK_S)
    harness.stage.start()


def test_words_are_in_no_log(harness: StreamStageHarness) -> None:
    """The stage's log contains no message text, even at debug level."""
    room = harness.room()
    room.talk((*RESISTANT, *CALM))
    room.end()
    room.wait_for_records()
    log = harness.stage.log.read_bytes()
    assert log
    for _, words in (*RESISTANT, *CALM):
        assert words.encode() not in log
