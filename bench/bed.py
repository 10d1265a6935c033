"""What every measure lies on: a broker of its own, topics that are filled, stages that are started, what they left."""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from pydantic_core import from_json

from bench.talk import Event, encoded
from plugin.local.kafka import Kafka
from plugin.local.loopback import free_ports
from plugin.local.stage import Stage
from stream.contracts.topics import MESSAGES, OPEN_SESSIONS_CHANGELOG
from stream.runtime import settings
from stream.runtime.codec import partition_of
from stream.runtime.topics import create_missing
from stream.workers.session_worker import APP_ID

PARTITIONS = 12
_WITHIN_S = 300.0  # longest wait for a stage to be done with a load
_IDLE_MS = 500

Say = Callable[[str], None]


@dataclass(frozen=True)
class Bed:
    """One broker, with our topics."""

    folder: Path
    kafka: Kafka
    say: Say
    partitions: int = PARTITIONS

    @property
    def servers(self) -> str:
        """Where it listens."""
        return self.kafka.bootstrap_servers

    def fill(self, events: Iterable[Event], *, per_second: float | None = None) -> int:
        """Write events to the messages topic, as fast as it goes or at a steady pace; returns how many."""
        producer = KafkaProducer(bootstrap_servers=self.servers, acks="all", linger_ms=5)
        begun, count = time.monotonic(), 0
        try:
            for event in events:
                if per_second is not None:
                    time.sleep(max(0.0, begun + count / per_second - time.monotonic()))
                record = encoded(event)
                place = partition_of(record.key or b"", self.partitions)
                producer.send(MESSAGES, value=record.value, key=record.key, headers=record.headers, partition=place)
                count += 1
            producer.flush()
        finally:
            producer.close()
        return count

    def read(self, topic: str) -> Iterator[Any]:
        """All that stands on a topic now."""
        with self.reader(topic) as consumer:
            ends = consumer.end_offsets(consumer.assignment())
            while any(consumer.position(place) < end for place, end in ends.items()):
                for records in consumer.poll(_IDLE_MS).values():
                    yield from records

    @contextlib.contextmanager
    def reader(self, topic: str) -> Iterator[KafkaConsumer]:
        """A consumer at the beginning of a topic."""
        consumer = KafkaConsumer(bootstrap_servers=self.servers, group_id=None, enable_auto_commit=False)
        try:
            consumer.assign([TopicPartition(topic, number) for number in range(self.partitions)])
            consumer.seek_to_beginning()
            yield consumer
        finally:
            consumer.close()

    def wait_until_taken(self) -> None:
        """Return once the worker has committed all that stands on the messages topic now."""
        deadline = time.monotonic() + _WITHIN_S
        with self.reader(MESSAGES) as consumer:
            ends = consumer.end_offsets(consumer.assignment())
        group = KafkaConsumer(bootstrap_servers=self.servers, group_id=APP_ID, enable_auto_commit=False)
        try:
            while any((group.committed(place) or 0) < end for place, end in ends.items()):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{MESSAGES}: not all taken after {_WITHIN_S:g} s")
                time.sleep(_IDLE_MS / 1000)
        finally:
            group.close()

    def wait_for(self, topic: str, count: int, within_s: float = _WITHIN_S) -> None:
        """Return once that many records stand on a topic."""
        deadline = time.monotonic() + within_s
        with self.reader(topic) as consumer:
            while sum(consumer.end_offsets(consumer.assignment()).values()) < count:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{topic}: fewer than {count} records after {within_s:g} s")
                time.sleep(_IDLE_MS / 1000)

    @contextlib.contextmanager
    def stage(self, number: int = 1, env: Mapping[str, str] = MappingProxyType({})) -> Iterator[Stage]:
        """A stream worker of ours, until the block ends."""
        (port,) = free_ports(1)
        where = {
            "COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS": self.servers,
            "COUNTERPOINT_KAFKA__PARTITIONS": str(self.partitions),
            "COUNTERPOINT_HEALTH__STREAM_PORT": str(port),
        }
        stage = Stage(
            "stream", self.folder / f"stream-{number}", env={**where, **env}, health_url=f"http://127.0.0.1:{port}"
        )
        try:
            stage.launch()
            yield stage
        finally:
            stage.stop()

    def kept(self) -> list[tuple[float, Any]]:
        """Every message that stands in the changelog: when it was written, in seconds, and the entry."""
        found: dict[tuple[bytes, str], tuple[float, Any]] = {}
        for record in self.read(OPEN_SESSIONS_CHANGELOG):
            value = from_json(record.value) if record.value else {}
            for entry in value.get("entries", ()):
                conversation = record.key.split(b"|")[1]
                found.setdefault((conversation, entry["message_id"]), (record.timestamp / 1000, entry))
        return sorted(found.values(), key=lambda kept: kept[0])


@contextlib.contextmanager
def bed(folder: Path, say: Say) -> Iterator[Bed]:
    """Start a broker and make the topics."""
    with Kafka(folder / "kafka") as kafka:
        create_missing(settings.Kafka(bootstrap_servers=kafka.bootstrap_servers, partitions=PARTITIONS))
        yield Bed(folder, kafka, say)


def rate(times: list[float], since: float) -> float:
    """Events a second over what comes after the share `since` of all: starting up is not what is measured."""
    first = int(len(times) * since)
    return (len(times) - 1 - first) / (times[-1] - times[first])


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of all lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def resident_mb(pid: int) -> float:
    """Memory of a process that is in RAM, in MB."""
    line = next(x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
