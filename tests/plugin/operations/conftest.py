"""Fixtures: a broker with the project's topics, a migrated database, and dead letters for runs over them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from sqlalchemy import Engine, text

from plugin.database.engine import connect
from plugin.database.migrate import upgrade
from plugin.local.kafka import KafkaBroker
from plugin.operations.dead_letter import DeadLetterId
from plugin.operations.redrive import OnFailure, Redrive, RedriveReport, Selection
from stream.contracts.errors import Poison
from stream.contracts.messages import Consent, Message
from stream.contracts.topics import DEAD_LETTERS, MESSAGES
from stream.contracts.vocabulary import DeadLetterReason, Role
from stream.runtime import settings
from stream.runtime.codec import EncodedRecord, RawRecord, partition_of
from stream.runtime.dead_letters import dead_letter
from stream.runtime.topics import create_missing_topics
from tests.fixtures.directory_scope import shared_in_folder
from tests.fixtures.waiting import DEADLOCK_S
from tests.plugin.samples import KEK, NOW, TENANT

PARTITIONS = 2
SENT_AT = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
CANARY = "canary-phrase-of-a-client"


@pytest.fixture(scope="module")
def broker(request: pytest.FixtureRequest, run_dir: Path) -> settings.KafkaSettings:
    """Return a broker that only the tests of this folder use, so that counts of dead letters are exact."""
    kafka = shared_in_folder(request, "broker", lambda: KafkaBroker(run_dir / f"operations-{uuid4()}"))
    reached = settings.KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, partitions=PARTITIONS)
    create_missing_topics(reached)
    return reached


@pytest.fixture(scope="module")
def producer(broker: settings.KafkaSettings) -> Iterator[Any]:
    """Yield a producer that stands in for the stages."""
    made = KafkaProducer(bootstrap_servers=broker.bootstrap_servers, max_request_size=2_000_000)
    yield made
    made.close()


@pytest.fixture(scope="session")
def database(create_database: Callable[..., str]) -> str:
    """URL of a migrated database of this room."""
    url = create_database()
    upgrade(url)
    return url


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    """Yield an engine for the migrated database."""
    engine = connect(database)
    yield engine
    engine.dispose()


def message(conversation: str, **changes: Any) -> Message:
    """Return a made-up message of a client."""
    fields: dict[str, Any] = {
        "tenant": TENANT,
        "conversation_id": conversation,
        "message_id": "m-1",
        "role": Role.CLIENT,
        "author": "p_client",
        "text": CANARY,
        "sent_at": SENT_AT,
        "consent": Consent(processing=True),
    }
    return Message(**fields | changes)


@dataclass
class Bench:
    """A helper that writes dead letters under a stage name of its own, so that tests do not see each other's."""

    kafka: settings.KafkaSettings
    producer: Any
    redrive: Redrive
    engine: Engine
    stage: str = field(default_factory=lambda: f"stage-{uuid4()}")
    conversation: str = field(default_factory=lambda: f"c_{uuid4().hex}")

    def set_aside(
        self,
        record: EncodedRecord,
        why: Exception | None = None,
        *,
        topic: str = MESSAGES,
        stage: str | None = None,
        offset: int = 7,
        appended_at: datetime = SENT_AT,
        any_body: bool = False,
    ) -> DeadLetterId:
        """Write a dead letter as a stage does for an unusable record, by default for an invalid schema.

        With `any_body` it keeps its body whatever the body says, as those of earlier versions did.
        """
        partition = 0 if record.key is None else partition_of(record.key, PARTITIONS)
        raw = RawRecord(
            topic, partition, offset, int(appended_at.timestamp() * 1000), record.key, record.value, record.headers
        )
        error = why or Poison(DeadLetterReason.BAD_SCHEMA, "sent_at")
        letter = dead_letter(raw, error, stage=stage or self.stage)
        return self.put(replace(letter, value=record.value) if any_body else letter)

    def put(self, letter: EncodedRecord) -> DeadLetterId:
        """Write any record to the dead-letter topic."""
        sent = self.producer.send(DEAD_LETTERS, value=letter.value, key=letter.key, headers=letter.headers).get(
            DEADLOCK_S
        )
        return DeadLetterId(sent.partition, sent.offset)

    def end(self, topic: str) -> Mapping[int, int]:
        """Return the current end offset of each partition of a topic."""
        client = KafkaConsumer(bootstrap_servers=self.kafka.bootstrap_servers)
        try:
            parts = [TopicPartition(topic, number) for number in range(PARTITIONS)]
            return {part.partition: end for part, end in client.end_offsets(parts).items()}
        finally:
            client.close()

    def since(self, topic: str, start: Mapping[int, int]) -> list[Any]:
        """Return the records that were written to a topic since `end` was called."""
        client = KafkaConsumer(bootstrap_servers=self.kafka.bootstrap_servers)
        try:
            stop = self.end(topic)
            parts = [TopicPartition(topic, number) for number in start if stop[number] > start[number]]
            client.assign(parts)
            for part in parts:
                client.seek(part, start[part.partition])
            found: list[Any] = []
            while any(client.position(part) < stop[part.partition] for part in parts):
                for records in client.poll(timeout_ms=500).values():
                    found += records
            return found
        finally:
            client.close()

    def replay(self, policy: OnFailure = OnFailure.STOP, *, limit: int = 20, dry_run: bool = False) -> RedriveReport:
        """Run a replay over this bench's dead letters and return its report."""
        return self.redrive.replay(self.selection(limit), policy, dry_run=dry_run, on_handled=lambda *_: None)

    def drop(self, *, limit: int = 20, dry_run: bool = False) -> RedriveReport:
        """Drop this bench's dead letters and return the report."""
        return self.redrive.drop(self.selection(limit), dry_run=dry_run, on_handled=lambda *_: None)

    def selection(self, limit: int = 20) -> Selection:
        """Return a selection of this bench's dead letters."""
        return Selection(limit=limit, stages=frozenset({self.stage}))

    def trail(self, run: object) -> list[tuple[Any, ...]]:
        """Return the audit trail's entries about a run."""
        query = text("SELECT purpose, outcome, object_type FROM audit WHERE object_id = :run")
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query, {"run": str(run)})]


@pytest.fixture
def bench(broker: settings.KafkaSettings, producer: Any, engine: Engine) -> Bench:
    """Return a bench that writes dead letters and runs replays over them."""
    return Bench(broker, producer, Redrive(broker, engine, KEK, lambda: NOW), engine)
