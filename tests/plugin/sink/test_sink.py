"""Tests of the sink on a real broker and database: it stores every record once, also after kills and outages."""

import base64
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from sqlalchemy import Engine, text

from plugin.database.engine import connect
from plugin.database.migrate import upgrade
from plugin.local.kafka import KafkaBroker
from plugin.local.loopback import free_ports
from plugin.local.postgres import PostgresServer
from plugin.local.stage_process import StageProcess
from plugin.sink.sink import Sink
from plugin.sink.writer import Writer
from stream.contracts.base import ConversationRecord
from stream.contracts.errors import TooManyDeadLetters
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import Erasure
from stream.contracts.topics import DEAD_LETTERS, FEEDBACK, MAX_RECORD_BYTES, OUTCOMES
from stream.runtime import settings
from stream.runtime.codec import encode, partition_of
from stream.runtime.command_clients import admin
from stream.runtime.health import Health, ReadinessPart
from stream.runtime.stages import SINK
from stream.runtime.topics import create_missing_topics
from tests.fixtures.waiting import DEADLOCK_S, eventually
from tests.plugin.samples import KEK, NOW, TENANT, record

PARTITIONS = 2
IN_A_ROW = settings.KafkaSettings().dead_letters_in_a_row


@pytest.fixture(scope="module")
def kafka(fresh_kafka: Callable[[], KafkaBroker]) -> settings.KafkaSettings:
    """Return the settings of a broker with the project's topics."""
    reached = settings.KafkaSettings(bootstrap_servers=fresh_kafka().bootstrap_servers, partitions=PARTITIONS)
    create_missing_topics(reached)
    return reached


@pytest.fixture(scope="module")
def producer(kafka: settings.KafkaSettings) -> Iterator[Any]:
    """Yield a producer that acts as the feedback worker."""
    made = KafkaProducer(bootstrap_servers=kafka.bootstrap_servers, max_request_size=2 * MAX_RECORD_BYTES)
    yield made
    made.close()


@dataclass
class Bench:
    """A broker and a database with helpers to publish records, run a sink and read the rows."""

    kafka: settings.KafkaSettings
    producer: Any
    url: str
    engine: Engine

    def publish(self, *records: ConversationRecord) -> None:
        """Publish records on the feedback topic as the feedback worker does."""
        for each in records:
            out = encode(each)
            self.raw(out.value, key=each.key, headers=out.headers)

    def raw(
        self,
        value: bytes | None,
        *,
        key: bytes,
        headers: list[tuple[str, bytes]] | None = None,
        partition: int | None = None,
    ) -> None:
        """Publish bytes on the feedback topic and wait for the broker."""
        where = partition_of(key, PARTITIONS) if partition is None else partition
        self.producer.send(FEEDBACK, value=value, key=key, headers=headers or [], partition=where).get(
            timeout=DEADLOCK_S
        )

    def conversations(self) -> list[str]:
        """Return the conversation of each stored session, in order."""
        with self.engine.connect() as connection:
            return list(connection.scalars(text("SELECT conversation_id FROM sessions ORDER BY 1")))

    def lag(self) -> int:
        """Return the number of records that the group has not committed yet."""
        consumer = KafkaConsumer(bootstrap_servers=self.kafka.bootstrap_servers, group_id=SINK.kafka_id)
        try:
            partitions = [TopicPartition(FEEDBACK, number) for number in range(PARTITIONS)]
            ends = consumer.end_offsets(partitions)
            return sum(ends[partition] - (consumer.committed(partition) or 0) for partition in partitions)
        finally:
            consumer.close()

    @contextmanager
    def sink(self) -> Iterator[Health]:
        """Run a sink in this process until the block ends, after which it must end within ten seconds."""
        health, stop = Health(ReadinessPart.BROKER, ReadinessPart.DATABASE), threading.Event()
        writer = Writer(self.engine, KEK, PARTITIONS, lambda: NOW)
        failed: list[Exception] = []

        def work() -> None:
            try:
                Sink(self.kafka, writer, health, stop).run()
            except Exception as error:  # noqa: BLE001 - handed to the test
                failed.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield health
        finally:
            stop.set()
            thread.join(10)
            assert not thread.is_alive()
        if failed:
            raise failed[0]

    def environment(self) -> dict[str, str]:
        """Return the settings of a sink in a process of its own."""
        return {
            "COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "COUNTERPOINT_KAFKA__PARTITIONS": str(PARTITIONS),
            "COUNTERPOINT_DATABASE__URL": self.url,
            "COUNTERPOINT_DATABASE__KEY_ENCRYPTION_KEY": base64.b64encode(KEK.secret).decode(),
            "COUNTERPOINT_HEALTH__SINK_PORT": str(free_ports(1)[0]),
        }


@pytest.fixture
def bench(kafka: settings.KafkaSettings, producer: Any, queue_url: str, engine: Engine) -> Bench:
    """Return a bench on the shared database, which is emptied first."""
    return Bench(kafka, producer, queue_url, engine)


@pytest.fixture
def own_postgres(run_dir: Path) -> Iterator[PostgresServer]:
    """Yield a database server that a test may kill."""
    with PostgresServer(run_dir / f"postgres-{uuid4().hex[:6]}", forces_writes=False) as server:
        upgrade(server.url)
        yield server


def session_of(conversation: str, **more: Any) -> FeedbackRecord:
    """Return the record of a session in this conversation."""
    return record(conversation=conversation, **more)


def letters(kafka: settings.KafkaSettings, after: int) -> list[dict[str, str]]:
    """Return the stories of the dead letters beyond the first `after`."""
    consumer = KafkaConsumer(bootstrap_servers=kafka.bootstrap_servers, auto_offset_reset="earliest")
    try:
        partitions = [TopicPartition(DEAD_LETTERS, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        expected = sum(consumer.end_offsets(partitions).values())
        found: list[Any] = []
        while len(found) < expected:
            for batch in consumer.poll(timeout_ms=500).values():
                found += batch
        found.sort(key=lambda each: each.timestamp)
        return [{name: value.decode() for name, value in each.headers} for each in found[after:]]
    finally:
        consumer.close()


def test_records_are_stored_and_then_committed(bench: Bench) -> None:
    """All records are stored, those of a conversation in order, and then committed."""
    first, second = session_of("c_one"), session_of("c_two")
    bench.publish(first, second, session_of("c_one", revision=2, edits=1), session_of("c_one"))
    with bench.sink() as health:
        assert eventually(lambda: bench.lag() == 0)
        assert health.troubles() == {}
    assert bench.conversations() == ["c_one", "c_two"]
    with bench.engine.connect() as connection:
        assert connection.scalar(text("SELECT revision FROM sessions WHERE conversation_id = 'c_one'")) == 2


def test_an_erasure_removes_a_conversation(bench: Bench) -> None:
    """An erasure on the topic removes the conversation, and a redelivered record does not restore it."""
    gone = session_of("c_gone")
    erasure = Erasure(tenant=TENANT, conversation_id="c_gone", erasure_id=str(uuid4()), requested_at=gone.closed_at)
    bench.publish(gone, session_of("c_stays"), erasure, gone)
    with bench.sink():
        assert eventually(lambda: bench.lag() == 0)
    assert bench.conversations() == ["c_stays"]


def test_bad_records_make_dead_letters_and_the_next_is_stored(bench: Bench) -> None:
    """Each bad record makes one dead letter with its reason and without text, and the next record is stored."""
    before = len(letters(bench.kafka, 0))
    good = session_of("c_after")
    key = good.key
    out = encode(good)

    def put(value: bytes | None, **more: Any) -> None:
        bench.raw(value, **{"key": key, "headers": out.headers, **more})

    put(None)
    put(b"{broken")
    put(out.value.replace(b"talking would", b"\\u0000 would"))
    put(out.value.replace(b"talking would", b"\\ud800 would"))
    put(out.value.replace(b'"CPU baseline"', b'"CPU\\u0000 baseline"'))
    put(out.value.replace(b'"revision":1', b'"revision":0'))
    put(b" " * (MAX_RECORD_BYTES + 1))
    put(out.value, partition=1 - partition_of(key, PARTITIONS))
    put(out.value, key=b"another:key", partition=0)
    put(out.value.replace(b'"assessments":[{', b'"unread":[{'))
    put(out.value, headers=[(n, v.replace(b".v1", b".v9")) for n, v in out.headers])
    put(out.value.replace(b'"processing":true', b'"processing":false'))
    bench.publish(good)
    with bench.sink():
        assert eventually(lambda: bench.lag() == 0)
    assert bench.conversations() == ["c_after"]
    stories = letters(bench.kafka, before)
    reasons = "tombstone bad_json nul lone_surrogate nul bad_schema oversize wrong_partition bad_key bad_schema"
    reasons += " unknown_version no_consent"
    assert sorted(story["cp_reason"] for story in stories) == sorted(reasons.split())
    assert {story["cp_stage"] for story in stories} == {"sink"}
    assert "talking" not in repr(stories)


def test_many_bad_records_in_a_row_stop_the_sink(bench: Bench) -> None:
    """Bad records of many conversations in a row stop the sink, and the next start continues from there."""
    for number in range(IN_A_ROW + 2):
        bench.raw(b"{", key=b"k_%d" % number, headers=[("content-type", b"application/json")], partition=0)
    with pytest.raises(TooManyDeadLetters, match=f"{IN_A_ROW} conversations in a row"), bench.sink():
        assert eventually(lambda: bench.lag() == 2)
    with bench.sink():
        assert eventually(lambda: bench.lag() == 0)


def test_killed_between_transaction_and_commit_it_stores_each_record_once(bench: Bench, run_dir: Path) -> None:
    """A sink killed between transaction and commit reads its records again, which changes nothing."""
    bench.publish(*(session_of(f"c_{number:02}") for number in range(12)))
    killing = (
        "import os, signal\n"
        "from plugin.sink import sink\n"
        "from stream.runtime.settings import load_settings\n"
        "def kill(*_): os.kill(os.getpid(), signal.SIGKILL) if _[2] else None\n"
        "sink.Sink._commit = kill\n"
        "sink.run(load_settings())\n"
    )
    environment = {**os.environ, **bench.environment()}
    killed = subprocess.run([sys.executable, "-c", killing], env=environment, timeout=DEADLOCK_S, check=False)
    assert killed.returncode == -signal.SIGKILL
    stored = bench.conversations()
    assert stored
    assert bench.lag() == 12
    with bench.engine.connect() as connection:
        answers = connection.scalar(text("SELECT count(*) FROM answers"))
    port = bench.environment()["COUNTERPOINT_HEALTH__SINK_PORT"]
    given = {**bench.environment(), "COUNTERPOINT_HEALTH__SINK_PORT": port}
    with StageProcess("sink", run_dir / "sink-kill", env=given, health_url=f"http://127.0.0.1:{port}") as stage:
        assert eventually(lambda: bench.lag() == 0)
        metrics = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        stage.send_signal(signal.SIGTERM)
        assert stage.wait(DEADLOCK_S) == 0
    assert bench.conversations() == [f"c_{number:02}" for number in range(12)]
    assert f'counterpoint_queue_revisions_total{{outcome="repeated"}} {len(stored)}.0' in metrics
    with bench.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM answers")) == 12
    assert answers == len(stored)


def test_while_the_database_is_away_records_are_held(
    kafka: settings.KafkaSettings, producer: Any, own_postgres: PostgresServer
) -> None:
    """While the database is away records are held without dead letters, and stored once it is back."""
    before = len(letters(kafka, 0))
    engine = connect(own_postgres.url)
    bench = Bench(kafka, producer, own_postgres.url, engine)
    with bench.sink() as health:
        bench.publish(session_of("c_before"))
        assert eventually(lambda: bench.lag() == 0)
        own_postgres.kill()
        bench.publish(session_of("c_during"))
        assert eventually(lambda: ReadinessPart.DATABASE in health.troubles())
        assert "PostgreSQL does not answer" in health.troubles()[ReadinessPart.DATABASE]
        assert bench.lag() == 1
        own_postgres.start()
        assert eventually(lambda: bench.lag() == 0)
        assert eventually(lambda: health.troubles() == {})
    assert bench.conversations() == ["c_before", "c_during"]
    assert len(letters(kafka, 0)) == before
    engine.dispose()


def test_a_sink_stopped_while_it_holds_a_record_leaves_it_for_the_next(
    kafka: settings.KafkaSettings, producer: Any, own_postgres: PostgresServer
) -> None:
    """A sink that is stopped while it holds a record ends within ten seconds, and the next one stores the record."""
    engine = connect(own_postgres.url)
    bench = Bench(kafka, producer, own_postgres.url, engine)
    own_postgres.kill()
    bench.publish(session_of("c_held"))
    with bench.sink() as health:
        assert eventually(lambda: "does not answer" in health.troubles().get(ReadinessPart.DATABASE, ""))
    assert bench.lag() == 1
    own_postgres.start()
    with bench.sink():
        assert eventually(lambda: bench.lag() == 0)
    assert bench.conversations() == ["c_held"]
    engine.dispose()


def test_before_the_migration_records_are_held(kafka: settings.KafkaSettings, producer: Any, database_url: str) -> None:
    """A missing schema is reported with the command that creates it, and records are held until then."""
    engine = connect(database_url)
    bench = Bench(kafka, producer, database_url, engine)
    bench.publish(session_of("c_early"))
    with bench.sink() as health:
        assert eventually(lambda: "migrate" in health.troubles().get(ReadinessPart.DATABASE, ""))
        upgrade(database_url)
        assert eventually(lambda: bench.lag() == 0)
    assert bench.conversations() == ["c_early"]
    engine.dispose()


def test_a_topic_with_other_partitions_than_the_settings_say_is_not_read(bench: Bench) -> None:
    """A topic with another number of partitions than in the settings is not read."""
    bench.kafka = bench.kafka.model_copy(update={"partitions": PARTITIONS + 1})
    with bench.sink() as health:
        assert eventually(lambda: "has 2 partitions" in health.troubles().get(ReadinessPart.BROKER, ""))


def test_a_topic_that_is_missing_is_reported_whichever_it_is(
    fresh_kafka: Callable[[], KafkaBroker], producer: Any, queue_url: str, engine: Engine
) -> None:
    """A sink that lacks one of its topics is not ready and says which."""
    reached = settings.KafkaSettings(bootstrap_servers=fresh_kafka().bootstrap_servers, partitions=PARTITIONS)
    create_missing_topics(reached)
    with admin(reached) as client:
        client.delete_topics([OUTCOMES])
    with Bench(reached, producer, queue_url, engine).sink() as health:
        assert eventually(lambda: f"{OUTCOMES} does not exist" in health.troubles().get(ReadinessPart.BROKER, ""))


def test_a_broker_that_is_away_is_waited_for(bench: Bench) -> None:
    """A sink whose broker is away reports it and tries again."""
    (port,) = free_ports(1)
    bench.kafka = bench.kafka.model_copy(update={"bootstrap_servers": f"127.0.0.1:{port}"})
    with bench.sink() as health:
        assert eventually(lambda: "does not answer" in health.troubles().get(ReadinessPart.BROKER, ""))
