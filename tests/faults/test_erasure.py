"""Erasure against what is on its way: open sessions, scoring, late records, dead letters, a killed command."""

import io
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
from rich.console import Console

from plugin.database.tables import ForgottenKind
from plugin.local.demo_settings import TENANT
from plugin.local.environment import environment
from plugin.privacy.commands import erase
from stream.contracts.topics import FEEDBACK
from tests.e2e.conversations import CALM, RESISTANT, talk
from tests.fixtures.system import Platform, System, wait_until

HOLDS = "nothing of it in the database, whatever comes later; everybody else's sessions are there once"
ROOMS = 8


def told(system: System, kind: ForgottenKind, reference: str) -> str:
    """Erase as an operator does, and return what is printed."""
    screen = io.StringIO()
    done = erase(
        system.settings,
        Console(file=screen, width=200),
        kind=kind,
        tenant=TENANT,
        reference=reference,
        is_pseudonym=False,
        dry_run=False,
        confirm=None,
    )
    assert done, screen.getvalue()
    return screen.getvalue()


def say_all(room: Platform, client: str, *, resistant: bool = True) -> None:
    """A whole session of a client with a name of their own."""
    for role, words in RESISTANT if resistant else CALM:
        room.say(role, words, author=client if role == "client" else f"counsellor-{room.reference}")


def rows_about(system: System, rooms: list[Platform]) -> int:
    """Rows of any kind that belong to these conversations."""
    names = [room.conversation_id for room in rooms]
    ((sessions, keys),) = system.rows(
        "SELECT (SELECT count(*) FROM sessions WHERE conversation_id = ANY(:n)),"
        " (SELECT count(*) FROM conversation_keys WHERE conversation_id = ANY(:n))",
        n=names,
    )
    return int(sessions + keys)


@pytest.mark.fault("erasure racing with scoring and with dead-letter replay", holds=HOLDS)
def test_a_client_with_an_open_session_and_nothing_stored_is_gone_from_it(system: System) -> None:
    """`counterpoint erase --client` while the client's only session is open; they write on, in a new session."""
    client = f"client-{uuid4()}"
    room, other = system.platform(), system.platform()
    say_all(room, client)
    say_all(other, f"client-{uuid4()}")
    screen = told(system, ForgottenKind.CLIENT, client)
    assert "Nothing of it is stored (yet)" in screen
    room.end()
    other.end()
    wait_until(other.sessions, "the other client's session is stored")
    assert rows_about(system, [room]) == 0
    say_all(room, client)
    room.end()
    wait_until(room.sessions, "what began after the erasure is stored")
    ((began,),) = system.rows("SELECT min(started_at) FROM sessions WHERE conversation_id = :c", c=room.conversation_id)
    ((until,),) = system.rows("SELECT max(until) FROM erasures WHERE kind = 'client'")
    assert began > until


@pytest.mark.fault("erasure racing with scoring and with dead-letter replay", holds=HOLDS)
def test_sessions_on_their_way_to_the_model_never_arrive(system: System, seed: int, figures: dict[str, str]) -> None:
    """Rooms end; half of their clients are erased at random moments while the records are being rated and stored."""
    chance = random.Random(seed)
    clients = {f"client-{uuid4()}": system.platform() for _ in range(ROOMS)}
    for name, room in clients.items():
        say_all(room, name)
    for room in clients.values():
        room.end()
    erased = chance.sample(sorted(clients), ROOMS // 2)
    for name in erased:
        time.sleep(chance.uniform(0, 0.4))  # the moment is the fault
        told(system, ForgottenKind.CLIENT, name)
    kept = [room for name, room in clients.items() if name not in erased]
    wait_until(lambda: all(room.sessions() for room in kept), "the others' sessions are stored")
    gone = [clients[name] for name in erased]
    wait_until(lambda: rows_about(system, gone) == 0, "nothing of the erased ones is stored")
    assert all(len(room.sessions()) == 1 for room in kept)
    figures["erased while on their way"] = f"{len(erased)} of {ROOMS} sessions (seed {seed})"


@pytest.mark.fault("erasure racing with scoring and with dead-letter replay", holds=HOLDS)
def test_a_record_that_is_sent_again_after_the_erasure_is_refused(system: System) -> None:
    """The record as the feedback worker made it comes again, as a dead letter that is replayed would."""
    client, room, last = f"client-{uuid4()}", system.platform(), system.platform()
    say_all(room, client)
    room.end()
    wait_until(room.sessions, "the session is stored")
    record = feedback_of(system, room)
    told(system, ForgottenKind.CLIENT, client)
    assert rows_about(system, [room]) == 0
    again(system, record)
    talk(last, CALM)
    last.end()
    wait_until(last.sessions, "a later session is stored")
    outcome = "SELECT count(*) FROM sessions WHERE conversation_id = :c"
    assert system.rows(outcome, c=room.conversation_id) == [(0,)]


@pytest.mark.fault(
    "`counterpoint erase` killed at random points", holds="run again, it ends as if it had not been killed"
)
def test_the_command_killed_at_random_moments_and_repeated_ends_the_same(
    system: System, seed: int, long: bool, figures: dict[str, str]
) -> None:
    """SIGKILL of the command's process after a random time, until one run comes to its end."""
    chance, client = random.Random(seed), f"client-{uuid4()}"
    rooms = [system.platform() for _ in range(4)]
    for room in rooms:
        say_all(room, client)
        room.end()
    wait_until(lambda: all(room.sessions() for room in rooms), "all are stored")
    begun = datetime.now(UTC)
    kills = 0
    for _ in range(12 if long else 4):
        process = command(system, "erase", "--tenant", TENANT, "--client", client, "--yes")
        try:
            process.wait(chance.uniform(0.8, 3.0))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.communicate()
    last = command(system, "erase", "--tenant", TENANT, "--client", client, "--yes")
    out, err = last.communicate(timeout=60)
    assert last.returncode == 0, err
    assert "The last copy on the broker is gone by" in out
    assert rows_about(system, rooms) == 0
    open_ones = "SELECT count(*) FROM erasure_requests WHERE finished_at IS NULL AND requested_at >= :b"
    assert system.rows(open_ones, b=begun) == [(0,)]
    figures["killed"] = f"{kills} times"


def command(system: System, *arguments: str) -> "subprocess.Popen[str]":
    """The command in a process of its own, with the settings of the running system."""
    with environment(COUNTERPOINT_FILE=str(system.folder / "counterpoint.toml"), COUNTERPOINT_KAFKA__PARTITIONS="4"):
        return subprocess.Popen(
            [sys.executable, "-m", "plugin.cli", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )


def feedback_of(system: System, room: Platform) -> tuple[bytes, bytes, list[tuple[str, bytes]], int]:
    """The room's record on the feedback topic: key, value, headers, partition."""
    from kafka import KafkaConsumer, TopicPartition

    consumer = KafkaConsumer(
        bootstrap_servers=system.kafka.bootstrap_servers, enable_auto_commit=False, consumer_timeout_ms=2_000
    )
    try:
        places = [TopicPartition(FEEDBACK, number) for number in range(system.settings.kafka.partitions)]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        key = f"{TENANT}:{room.conversation_id}".encode()
        found = [each for each in consumer if each.key == key and b'"closed"' in each.value]
    finally:
        consumer.close()
    assert json.loads(found[0].value)["state"] == "closed"
    return found[0].key, found[0].value, list(found[0].headers), found[0].partition


def again(system: System, record: tuple[bytes, bytes, list[tuple[str, bytes]], int]) -> None:
    """Put it on the topic once more."""
    key, value, headers, partition = record
    producer = KafkaProducer(bootstrap_servers=system.kafka.bootstrap_servers)
    try:
        producer.send(FEEDBACK, key=key, value=value, headers=headers, partition=partition).get(timeout=10)
    finally:
        producer.close()
