"""The measures stage as a process, on a real broker and a real Triton."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from kafka import KafkaConsumer, KafkaProducer

from plugin.local.kafka import KafkaBroker
from plugin.local.loopback import free_ports
from plugin.local.stage_process import StageProcess
from plugin.local.triton import TritonServer
from stream.contracts.measures import Absent, MeasuresRecord
from stream.contracts.topics import DEAD_LETTERS, MEASURES, TRANSCRIPTS
from stream.contracts.transcripts import Transcript
from stream.runtime.codec import RawRecord, check_partition, decode, encode, known_types, partition_of
from stream.runtime.settings import KafkaSettings
from stream.runtime.topics import create_missing_topics
from tests.fixtures.waiting import wait_until
from tests.stream.measuring.samples import TALK, transcript

PARTITIONS = 4
WORDS = "Zyzzyva petrichor"
"""Said in every session of these tests, and by no log."""


@pytest.fixture(scope="module")
def kafka(fresh_kafka: Callable[[], KafkaBroker]) -> KafkaBroker:
    """Return a broker of this file's own, since topics keep their number of partitions for life."""
    return fresh_kafka()


@pytest.fixture
def stage(kafka: KafkaBroker, triton: TritonServer, run_dir: Path) -> Iterator[StageProcess]:
    """Yield the stage between its topics."""
    (port,) = free_ports(1)
    env = {
        "COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "COUNTERPOINT_KAFKA__PARTITIONS": str(PARTITIONS),
        "COUNTERPOINT_MEASURES__ENABLED": "true",
        "COUNTERPOINT_READER__TRITON_URL": triton.grpc_url,
        "COUNTERPOINT_FEEDBACK__TRITON_URL": "127.0.0.1:1",
        "COUNTERPOINT_HEALTH__MEASURES_PORT": str(port),
        "COUNTERPOINT_LOG_LEVEL": "debug",
    }
    create_missing_topics(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, partitions=PARTITIONS))
    with StageProcess("measures", run_dir / "measures-worker", env=env, health_url=f"http://127.0.0.1:{port}") as stage:
        yield stage
        assert "Zyzzyva" not in stage.log.read_text()


def talk(**changes: Any) -> Transcript:
    """Return the transcript of a session of a new conversation."""
    said = [(role, f"{text} {WORDS}") for role, text in TALK]
    return transcript(*said, conversation_id=f"c_{uuid4().hex}", session_id=uuid4(), **changes)


def read(consumer: KafkaConsumer, found: dict[str, MeasuresRecord], refused: list[str]) -> None:
    """Add what has been published since the last call: records by conversation, and stages of dead letters."""
    known = known_types(MeasuresRecord)
    for records in consumer.poll(timeout_ms=100).values():
        for one in records:
            raw = RawRecord(one.topic, one.partition, one.offset, 0, one.key, one.value, one.headers)
            if one.topic == MEASURES:
                data = decode(raw, known).data
                check_partition(raw, data, PARTITIONS)
                assert isinstance(data, MeasuresRecord)
                found[data.conversation_id] = data
            else:
                refused.append(dict(one.headers)["cp_stage"].decode())


def test_each_transcript_becomes_one_record_on_its_own_key(kafka: KafkaBroker, stage: StageProcess) -> None:
    """Each transcript becomes one record on its own key and partition; one that cannot be read, a dead letter."""
    whole, cut = talk(), talk(too_large=True, messages=())
    broken = talk()
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap_servers)
    consumer = KafkaConsumer(
        MEASURES, DEAD_LETTERS, bootstrap_servers=kafka.bootstrap_servers, auto_offset_reset="earliest"
    )
    for one, value in ((broken, b"{broken"), (whole, None), (cut, None), (whole, None)):
        event = encode(one)
        partition = partition_of(one.key, PARTITIONS)
        producer.send(TRANSCRIPTS, key=one.key, value=value or event.value, headers=event.headers, partition=partition)
    producer.flush()
    found: dict[str, MeasuresRecord] = {}
    refused: list[str] = []

    def all_done() -> bool:
        read(consumer, found, refused)
        return {whole.conversation_id, cut.conversation_id} <= found.keys() and "measures" in refused

    wait_until(all_done, "every transcript has its record")
    record = found[whole.conversation_id]
    assert (record.session_id, record.absent) == (whole.session_id, None)
    assert [taken.name for taken in record.measures] == ["technique", "dynamics", "course", "trajectory"]
    assert len(record.turns) == len(TALK)
    assert found[cut.conversation_id].absent is Absent.TOO_LONG
    assert broken.conversation_id not in found
    assert stage.alive
    producer.close()
    consumer.close()
