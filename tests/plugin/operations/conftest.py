"""A broker with our topics, a migrated database, and dead letters on the one for the runs on the other."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from sqlalchemy import Engine, text

from plugin.database.engine import connect
from plugin.database.migrate import upgrade
from plugin.local.kafka import Kafka
from plugin.operations.dead_letter import Letter, LetterId
from plugin.operations.handled import Outcome
from plugin.operations.redrive import OnFailure, Report, Runs, Selection
from stream.contracts.base import Contract
from stream.contracts.errors import Poison
from stream.contracts.ids import record_key
from stream.contracts.messages import Consent, Message
from stream.contracts.topics import DEAD_LETTERS, MESSAGES
from stream.contracts.vocabulary import DeadLetterReason, Role
from stream.runtime import settings
from stream.runtime.codec import Encoded, RawRecord, encode, partition_of
from stream.runtime.dead_letters import dead_letter
from stream.runtime.topics import create_missing
from tests.plugin.samples import KEK, NOW, TENANT

PARTITIONS = 2
SENT_AT = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
CANARY = "canary-phrase-of-a-client"


@pytest.fixture(scope="session")
def broker(lasting_kafka: Callable[[], Kafka]) -> settings.Kafka:
    """A broker with our topics, for this room alone: counts of dead letters are exact."""
    reached = settings.Kafka(bootstrap_servers=lasting_kafka().bootstrap_servers, partitions=PARTITIONS)
    create_missing(reached)
    return reached


@pytest.fixture(scope="session")
def producer(broker: settings.Kafka) -> Iterator[Any]:
    """Stands in for the stages."""
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
    """Connections to it."""
    engine = connect(database)
    yield engine
    engine.dispose()


def message(conversation: str, **changes: Any) -> Message:
    """A client's message; nobody's words."""
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


def encoded(data: Contract) -> Encoded:
    """The record of a contract on its topic."""
    key = record_key(data.tenant, data.conversation_id)  # type: ignore[attr-defined]
    return encode(data, event_type=data.event_type, event_id=uuid4(), key=key)  # type: ignore[attr-defined]


@dataclass
class Bench:
    """Puts dead letters on the topic under a stage name of its own, so that tests do not meet each other's."""

    kafka: settings.Kafka
    producer: Any
    runs: Runs
    engine: Engine
    stage: str = field(default_factory=lambda: f"stage-{uuid4()}")
    conversation: str = field(default_factory=lambda: f"c_{uuid4().hex}")

    def set_aside(
        self,
        record: Encoded,
        why: Exception | None = None,
        *,
        topic: str = MESSAGES,
        stage: str | None = None,
        offset: int = 7,
        appended_at: datetime = SENT_AT,
    ) -> LetterId:
        """What a stage does with a record it cannot use; a deploy that has since been mended, if no reason is given."""
        partition = 0 if record.key is None else partition_of(record.key, PARTITIONS)
        raw = RawRecord(
            topic, partition, offset, int(appended_at.timestamp() * 1000), record.key, record.value, record.headers
        )
        error = why or Poison(DeadLetterReason.BAD_SCHEMA, "sent_at")
        return self.put(dead_letter(raw, error, stage=stage or self.stage))

    def put(self, letter: Encoded) -> LetterId:
        """Any record on the dead-letter topic."""
        sent = self.producer.send(DEAD_LETTERS, value=letter.value, key=letter.key, headers=letter.headers).get(10)
        return LetterId(sent.partition, sent.offset)

    def end(self, topic: str) -> Mapping[int, int]:
        """How far each partition of a topic goes now."""
        client = KafkaConsumer(bootstrap_servers=self.kafka.bootstrap_servers)
        try:
            parts = [TopicPartition(topic, number) for number in range(PARTITIONS)]
            return {part.partition: end for part, end in client.end_offsets(parts).items()}
        finally:
            client.close()

    def since(self, topic: str, start: Mapping[int, int]) -> list[Any]:
        """What came to a topic since `end` was asked."""
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

    def replay(self, policy: OnFailure = OnFailure.STOP, *, limit: int = 20, dry_run: bool = False) -> Report:
        """A run over this bench's letters."""
        return self.runs.replay(self.mine(limit), policy, dry_run=dry_run, say=lambda *_: None)

    def drop(self, *, limit: int = 20, dry_run: bool = False) -> Report:
        """The same."""
        return self.runs.drop(self.mine(limit), dry_run=dry_run, say=lambda *_: None)

    def mine(self, limit: int = 20) -> Selection:
        """This bench's letters."""
        return Selection(limit=limit, stages=frozenset({self.stage}))

    def trail(self, run: object) -> list[tuple[Any, ...]]:
        """What the trail says of a run."""
        query = text("SELECT purpose, outcome, object_type FROM audit WHERE object_id = :run")
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query, {"run": str(run)})]


@pytest.fixture
def bench(broker: settings.Kafka, producer: Any, engine: Engine) -> Bench:
    """Letters in, runs over them."""
    return Bench(broker, producer, Runs(broker, engine, KEK, lambda: NOW), engine)


__all__ = ["Bench", "Letter", "Outcome"]
