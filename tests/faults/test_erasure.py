"""Erasure leaves nothing behind although sessions are open, being rated or sent again, or the command is killed."""

import json
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from kafka import KafkaProducer

from plugin.database.tables import TombstoneKind
from plugin.local.demo_settings import TENANT
from plugin.local.environment_variables import environment_variables
from stream.contracts.topics import FEEDBACK
from stream.runtime.codec import RawRecord
from tests.e2e.conversations import CALM, RESISTANT, send_lines
from tests.faults.erasing import erase_and_capture_output
from tests.fixtures.system import PlatformConversation, RunningSystem
from tests.fixtures.topics import read_topic
from tests.fixtures.waiting import DEADLOCK_S, wait_until

HOLDS = "nothing of it in the database, whatever comes later; everybody else's sessions are there once"
CONVERSATIONS = 8


def send_session(conversation: PlatformConversation, client: str, *, resistant: bool = True) -> None:
    """Send all lines of a session whose client has the given name."""
    for role, words in RESISTANT if resistant else CALM:
        conversation.say(role, words, author=client if role == "client" else f"counsellor-{conversation.reference}")


def rows_about(system: RunningSystem, conversations: list[PlatformConversation]) -> int:
    """Return how many sessions and keys are stored for these conversations."""
    names = [conversation.conversation_id for conversation in conversations]
    ((sessions, keys),) = system.rows(
        "SELECT (SELECT count(*) FROM sessions WHERE conversation_id = ANY(:n)),"
        " (SELECT count(*) FROM conversation_keys WHERE conversation_id = ANY(:n))",
        n=names,
    )
    return int(sessions + keys)


@pytest.mark.fault("erasure racing with scoring and with dead-letter replay", holds=HOLDS)
def test_a_client_with_an_open_session_and_nothing_stored_is_gone_from_it(system: RunningSystem) -> None:
    """`counterpoint erase --client` runs while the client's only session is open; then they write in a new session."""
    client = f"client-{uuid4()}"
    conversation, other = system.new_conversation(), system.new_conversation()
    send_session(conversation, client)
    send_session(other, f"client-{uuid4()}")
    screen = erase_and_capture_output(system, TombstoneKind.CLIENT, client)
    assert "Nothing of it is stored (yet)" in screen
    conversation.end()
    other.end()
    wait_until(other.sessions, "the other client's session is stored")
    assert rows_about(system, [conversation]) == 0
    send_session(conversation, client)
    conversation.end()
    wait_until(conversation.sessions, "what began after the erasure is stored")
    ((began,),) = system.rows(
        "SELECT min(first_appended_at) FROM sessions WHERE conversation_id = :c", c=conversation.conversation_id
    )
    ((until,),) = system.rows("SELECT max(until) FROM erasures WHERE kind = 'client'")
    assert began > until


@pytest.mark.fault("erasure racing with scoring and with dead-letter replay", holds=HOLDS)
def test_sessions_on_their_way_to_the_model_never_arrive(
    system: RunningSystem, seed: int, measured: dict[str, str]
) -> None:
    """Sessions end; half of their clients are erased at random moments while the records are being rated and stored."""
    chance = random.Random(seed)
    clients = {f"client-{uuid4()}": system.new_conversation() for _ in range(CONVERSATIONS)}
    for name, conversation in clients.items():
        send_session(conversation, name)
    for conversation in clients.values():
        conversation.end()
    erased = chance.sample(sorted(clients), CONVERSATIONS // 2)
    for name in erased:
        time.sleep(chance.uniform(0, 0.4))  # the moment is the fault
        erase_and_capture_output(system, TombstoneKind.CLIENT, name)
    kept = [conversation for name, conversation in clients.items() if name not in erased]
    wait_until(lambda: all(conversation.sessions() for conversation in kept), "the others' sessions are stored")
    gone = [clients[name] for name in erased]
    wait_until(lambda: rows_about(system, gone) == 0, "nothing of the erased ones is stored")
    assert all(len(conversation.sessions()) == 1 for conversation in kept)
    measured["erased while on their way"] = f"{len(erased)} of {CONVERSATIONS} sessions (seed {seed})"


@pytest.mark.fault("erasure racing with scoring and with dead-letter replay", holds=HOLDS)
def test_a_record_that_is_sent_again_after_the_erasure_is_refused(system: RunningSystem) -> None:
    """The feedback record of an erased session is sent again, as a replay of a dead letter would send it."""
    client, conversation, last = f"client-{uuid4()}", system.new_conversation(), system.new_conversation()
    send_session(conversation, client)
    conversation.end()
    wait_until(conversation.sessions, "the session is stored")
    record = feedback_of(system, conversation)
    erase_and_capture_output(system, TombstoneKind.CLIENT, client)
    assert rows_about(system, [conversation]) == 0
    send_again(system, record)
    send_lines(last, CALM)
    last.end()
    wait_until(last.sessions, "a later session is stored")
    outcome = "SELECT count(*) FROM sessions WHERE conversation_id = :c"
    assert system.rows(outcome, c=conversation.conversation_id) == [(0,)]


@pytest.mark.fault(
    "`counterpoint erase` killed at random points", holds="run again, it ends as if it had not been killed"
)
def test_the_command_killed_at_random_moments_and_repeated_ends_the_same(
    system: RunningSystem, seed: int, long: bool, measured: dict[str, str]
) -> None:
    """The command's process gets SIGKILL after a random time, several times; then one run is left to finish."""
    chance, client = random.Random(seed), f"client-{uuid4()}"
    conversations = [system.new_conversation() for _ in range(4)]
    for conversation in conversations:
        send_session(conversation, client)
        conversation.end()
    wait_until(lambda: all(conversation.sessions() for conversation in conversations), "all are stored")
    begun = datetime.now(UTC)
    kills = 0
    for _ in range(12 if long else 4):
        process = start_command(system, "erase", "--tenant", TENANT, "--client", client, "--yes")
        try:
            process.wait(chance.uniform(0.8, 3.0))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.communicate()
    last = start_command(system, "erase", "--tenant", TENANT, "--client", client, "--yes")
    out, err = last.communicate(timeout=DEADLOCK_S)
    assert last.returncode == 0, err
    assert "The last copy on the broker is gone by" in out
    assert rows_about(system, conversations) == 0
    open_ones = "SELECT count(*) FROM erasure_requests WHERE finished_at IS NULL AND requested_at >= :b"
    assert system.rows(open_ones, b=begun) == [(0,)]
    measured["killed"] = f"{kills} times"


def start_command(system: RunningSystem, *arguments: str) -> "subprocess.Popen[str]":
    """Start the command in a process of its own, with the settings of the running system."""
    with environment_variables(
        COUNTERPOINT_FILE=str(system.folder / "counterpoint.toml"), COUNTERPOINT_KAFKA__PARTITIONS="4"
    ):
        return subprocess.Popen(
            [sys.executable, "-m", "plugin.cli", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )


def feedback_of(system: RunningSystem, conversation: PlatformConversation) -> RawRecord:
    """Return the record of a conversation's closed session on the feedback topic."""
    kafka = system.settings.kafka
    key = f"{TENANT}:{conversation.conversation_id}".encode()
    records = [raw for raw in read_topic(kafka.bootstrap_servers, FEEDBACK, kafka.partitions) if raw.key == key]
    return next(raw for raw in records if json.loads(raw.value or b"{}").get("state") == "closed")


def send_again(system: RunningSystem, record: RawRecord) -> None:
    """Write a record to the feedback topic once more."""
    producer = KafkaProducer(bootstrap_servers=system.kafka.bootstrap_servers)
    try:
        sent = producer.send(
            FEEDBACK, key=record.key, value=record.value, headers=list(record.headers), partition=record.partition
        )
        sent.get(timeout=DEADLOCK_S)
    finally:
        producer.close()
