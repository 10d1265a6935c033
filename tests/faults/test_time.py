"""Only the broker's clock closes a session, whatever the clocks of senders and workers say."""

import random
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from plugin.local.kafka import KafkaBroker
from stream.contracts.messages import Message
from stream.contracts.sessions import SessionRecord
from stream.contracts.topics import MESSAGES
from stream.contracts.vocabulary import EndReason
from stream.runtime.codec import encode
from stream.sessions.rules import MAX_MESSAGES
from tests.e2e.conversations import RESISTANT
from tests.fixtures.stream_stage import Room, StreamStageHarness, stream_stage

IDLE_S = 5.0
"""The idle limit in seconds.

It is shorter than a worker needs to come back after a kill, and longer than a slow machine needs between two messages.
"""
LAG_S = 4.0
"""How long a worker stands still, in seconds.

The group waits six seconds for a silent worker; test_frozen_worker.py tests longer times.
"""
AHEAD_S = 86_400
CLOCK_AHEAD = f"""
import time
_right = time.time
time.time = lambda: _right() + {AHEAD_S}
"""
"""Code that Python runs at the start of a process, so that the clock of the process is a day ahead."""


@pytest.fixture(scope="module")
def harness(fresh_kafka: Callable[[], KafkaBroker], run_dir: Path) -> Iterator[StreamStageHarness]:
    """Yield a stream worker whose own clock is a day ahead, with topics of its own."""
    site = run_dir / "clock"
    site.mkdir()
    (site / "sitecustomize.py").write_text(CLOCK_AHEAD)
    with stream_stage(
        run_dir / "time",
        fresh_kafka().bootstrap_servers,
        COUNTERPOINT_SESSIONS__IDLE_S=str(IDLE_S),
        PYTHONPATH=str(site),
    ) as harness:
        yield harness


def ended_by_silence(room: Room) -> SessionRecord:
    """Wait for a conversation's only session record, and assert that silence closed it after its last message."""
    (record,) = room.wait_for_records()
    assert (record.end_reason, record.revision) == (EndReason.IDLE, 1)
    assert record.counts.messages == room.sent
    return record


def talk_while(room: Room, body: Callable[[], object]) -> None:
    """Send two messages, run the body, and send six more, closer together than the idle limit."""
    lines = iter(RESISTANT)
    for _ in range(2):
        room.put(room.message(*next(lines)))
    body()
    for _ in range(6):
        time.sleep(IDLE_S / 4)
        room.put(room.message(*next(lines)))


@pytest.mark.fault("idle close across a restart and with a lagging worker", holds="closed at the broker's moment")
def test_silence_counts_across_a_kill(harness: StreamStageHarness, measured: dict[str, str]) -> None:
    """The worker gets SIGKILL; messages go on for longer than the idle limit, and the worker comes back after that."""
    room, silent = harness.room(), harness.room()
    silent.talk(RESISTANT[:4])
    talk_while(room, harness.stage.kill)
    harness.stage.start()
    record = ended_by_silence(room)
    since_last_s = (record.closed_at - appended(harness, room)[-1]).total_seconds()
    assert abs(since_last_s - IDLE_S) < 0.01
    assert ended_by_silence(silent).closed_at < record.closed_at
    measured["closed across a restart"] = f"{since_last_s:.3f} s of broker time after the last message"


@pytest.mark.fault("idle close across a restart and with a lagging worker", holds="closed at the broker's moment")
def test_a_worker_that_lags_closes_nothing_early(harness: StreamStageHarness) -> None:
    """The worker gets SIGSTOP for four of the six seconds that its group waits while messages go on, then SIGCONT."""
    room = harness.room()
    lines = iter(RESISTANT)
    for _ in range(2):
        room.put(room.message(*next(lines)))
    harness.stage.send_signal(signal.SIGSTOP)
    begun = time.monotonic()
    while time.monotonic() - begun < LAG_S:
        time.sleep(LAG_S / 3)
        room.put(room.message(*next(lines)))
    harness.stage.send_signal(signal.SIGCONT)
    ended_by_silence(room)
    assert harness.stage.alive


@pytest.mark.fault("clock jump, daylight saving", holds="one session, in the order of UTC")
def test_a_senders_clock_ends_no_session(harness: StreamStageHarness, seed: int) -> None:
    """Senders' clocks jump by hours either way, and the worker's own clock is a day ahead all the time."""
    jumps = random.Random(seed)
    rooms = [harness.room() for _ in range(8)]
    for role, text in RESISTANT:
        for room in rooms:
            message = room.message(role, text)
            jump = timedelta(seconds=jumps.choice((0, -7_200, 7_200, 86_400, -86_400)))
            room.put(message.model_copy(update={"sent_at": message.sent_at + jump}))
    for room in rooms:
        assert ended_by_silence(room).closed_at - appended(harness, room)[-1] == timedelta(seconds=IDLE_S)


@pytest.mark.fault("clock jump, daylight saving", holds="one session, in the order of UTC")
def test_the_hour_that_comes_twice_puts_nothing_out_of_order(harness: StreamStageHarness) -> None:
    """Messages carry local times with their offset, which goes back by an hour in the middle, as in October."""
    room = harness.room()
    began = datetime.now(UTC) - timedelta(minutes=1)
    said = []
    for number, (role, text) in enumerate(RESISTANT):
        summer = number < len(RESISTANT) / 2
        local = (began + timedelta(seconds=number)).astimezone(timezone(timedelta(hours=2 if summer else 1)))
        message = room.message(role, text)
        said.append(Message.model_validate(message.model_dump() | {"sent_at": local.isoformat()}))
    for message in random.Random(1).sample(said, k=len(said)):
        room.put(message)
    record = ended_by_silence(room)
    order = [message.message_id for message in record.messages]
    assert order == [message.message_id for message in said if message.message_id in order]


@pytest.mark.fault("session too long", holds=f"closed at {MAX_MESSAGES} messages; what follows is the next session")
def test_a_session_without_end_is_closed(harness: StreamStageHarness, measured: dict[str, str]) -> None:
    """5,010 messages of one conversation are written straight to the topic."""
    room = harness.room()
    begun = time.monotonic()
    for number in range(MAX_MESSAGES + 10):
        message = room.message(*RESISTANT[number % len(RESISTANT)])
        out = encode(message)
        harness.producer.send(MESSAGES, value=out.value, key=room.key, headers=out.headers, partition=room.partition)
    harness.producer.flush()
    first, second = room.wait_for_records(2)
    assert (first.end_reason, first.counts.messages) == (EndReason.TOO_LONG, MAX_MESSAGES)
    assert (second.end_reason, second.counts.messages) == (EndReason.IDLE, 10)
    measured["5,010 messages taken"] = f"{time.monotonic() - begun - IDLE_S:.1f} s"


def appended(harness: StreamStageHarness, room: Room) -> list[datetime]:
    """Return when the broker stored the conversation's messages."""
    return [datetime.fromtimestamp(ms / 1000, ZoneInfo("UTC")) for ms in harness.appended_ms(room.key, room.partition)]
