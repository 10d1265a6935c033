"""A phrase that nobody else says goes through the whole path, and is found only where words may live."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from kafka import KafkaProducer

from plugin.local.kafka import Kafka
from plugin.local.postgres import PostgreSQL
from plugin.local.triton import Triton
from stream.contracts.topics import MESSAGES
from tests.e2e.conversations import RESISTANT
from tests.fixtures.system import System, running_system, wait_until

CANARY = "quillfeather marmalade zeppelin"
NAME = "Zebulon Quackenbush"


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory,
    fresh_kafka: Callable[[], Kafka],
    create_database: Callable[..., str],
    triton: Triton,
) -> Iterator[System]:
    """All stages with debug logs; the phrase has gone through, by good records and by bad ones."""
    with running_system(tmp_path_factory.mktemp("canary"), fresh_kafka(), create_database(), triton) as running:
        _send_it_through(running)
        yield running


def _send_it_through(system: System) -> None:
    room = system.platform()
    room.deliver(type="participants", participants=[{"role": "client", "names": [NAME]}])
    for role, words in RESISTANT:
        room.say(role, f"{words} {CANARY}, says {NAME}.")
    room.deliver(
        type="edit", message_id="m-2", text=f"As ever, {CANARY}.", edited_at="2030-01-01T00:00:00Z",
        consent={"processing": True},
    )  # fmt: skip
    refused = system.platform()
    refused.say("client", CANARY, consent=False)
    _send_bad_records(system)
    room.end()
    wait_until(room.sessions, "the session is stored")
    assert room.sessions()[0]["left_out"] is None


def _send_bad_records(system: System) -> None:
    """What a Kafka-native platform might get wrong, each with the phrase inside."""
    envelope = {"ce_id": CANARY, "ce_source": CANARY, "ce_type": "counterpoint.message.v1", "ce_specversion": "1.0"}
    headers = [(name, value.encode()) for name, value in envelope.items()]
    data = {"tenant": "demo", "conversation_id": "c", "message_id": "m", "text": CANARY}
    bad = [b"{" + CANARY.encode(), json.dumps(data).encode(), json.dumps(data | {"role": CANARY}).encode(), None]
    producer = KafkaProducer(bootstrap_servers=system.kafka.bootstrap_servers, acks="all")
    try:
        for value in bad:
            producer.send(MESSAGES, key=b"demo:c", value=value, headers=headers).get(30)
    finally:
        producer.close()


def holding(folder: Path, phrase: str) -> list[Path]:
    """Files below a folder in which the phrase stands in the clear, in UTF-8."""
    return [path for path in folder.rglob("*") if path.is_file() and phrase.encode() in path.read_bytes()]


@pytest.mark.parametrize("phrase", [CANARY, NAME])
def test_no_log_of_ours_holds_it(system: System, phrase: str) -> None:
    """At debug level, of every stage."""
    logs = system.folder / "logs"
    assert len(list(logs.glob("*.log"))) == 5
    assert all(path.stat().st_size for path in logs.glob("*.log"))
    assert holding(logs, phrase) == []


def test_tritons_log_does_not_hold_it(system: System) -> None:
    """The prompt in flight stays in flight."""
    assert system.triton.log.stat().st_size
    assert CANARY.encode() not in system.triton.log.read_bytes()


@pytest.mark.parametrize("phrase", [CANARY, NAME])
def test_the_database_holds_it_in_no_clear_byte(system: System, postgres: PostgreSQL, phrase: str) -> None:
    """Tables, indexes, write-ahead log and server log, after a checkpoint."""
    assert system.rows("SELECT count(*) FROM messages") != [(0,)]
    system.rows("CHECKPOINT")
    assert holding(postgres.data_dir, phrase) == []


def test_metrics_do_not_hold_it(system: System) -> None:
    """Of every stage."""
    for stage in system.stages.values():
        assert CANARY not in httpx.get(f"{stage.health_url}/metrics", trust_env=False).text


def test_the_broker_holds_it_so_the_search_finds_what_is_there(system: System) -> None:
    """Topics are where words live: a search that finds nothing anywhere would prove nothing."""
    assert holding(system.kafka.data_dir, CANARY)
