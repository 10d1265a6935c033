"""The environment of a measure: a broker of its own, topics to fill, stream workers to start, and their records."""

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from pydantic_core import from_json

from bench.load import Event
from plugin.local.kafka import KafkaBroker
from plugin.local.loopback import ADDRESS, free_ports
from plugin.local.process import Process
from plugin.local.stage_process import StageProcess
from stream.contracts.topics import MESSAGES, OPEN_SESSIONS_CHANGELOG
from stream.runtime import settings, stages
from stream.runtime.codec import encode, partition_of
from stream.runtime.stages import Stage
from stream.runtime.topics import create_missing_topics

PARTITIONS = 12
_TIMEOUT_S = 300.0  # longest wait for a worker to process a load
_POLL_MS = 500

LogLine = Callable[[str], None]
"""Called with each line of progress."""


@dataclass(frozen=True)
class BenchEnvironment:
    """A broker with the project's topics."""

    folder: Path
    kafka: KafkaBroker
    log: LogLine
    partitions: int = PARTITIONS

    @property
    def servers(self) -> str:
        """The address of the broker."""
        return self.kafka.bootstrap_servers

    def produce(self, events: Iterable[Event], *, per_second: float | None = None) -> int:
        """Write events to the messages topic, as fast as possible or at a steady pace; returns how many."""
        producer = KafkaProducer(bootstrap_servers=self.servers, acks="all", linger_ms=5)
        started, count = time.monotonic(), 0
        try:
            for event in events:
                if per_second is not None:
                    time.sleep(max(0.0, started + count / per_second - time.monotonic()))
                record = encode(event)
                partition = partition_of(record.key or b"", self.partitions)
                producer.send(MESSAGES, value=record.value, key=record.key, headers=record.headers, partition=partition)
                count += 1
            producer.flush()
        finally:
            producer.close()
        return count

    def read(self, topic: str) -> Iterator[Any]:
        """Yield all records that are on a topic now."""
        with self.reader(topic) as consumer:
            ends = consumer.end_offsets(consumer.assignment())
            while any(consumer.position(partition) < end for partition, end in ends.items()):
                for records in consumer.poll(_POLL_MS).values():
                    yield from records

    @contextlib.contextmanager
    def reader(self, topic: str) -> Iterator[KafkaConsumer]:
        """Yield a consumer at the beginning of a topic."""
        consumer = KafkaConsumer(bootstrap_servers=self.servers, group_id=None, enable_auto_commit=False)
        try:
            consumer.assign([TopicPartition(topic, number) for number in range(self.partitions)])
            consumer.seek_to_beginning()
            yield consumer
        finally:
            consumer.close()

    def wait_until_committed(self) -> None:
        """Return once the worker has committed everything that is on the messages topic now."""
        deadline = time.monotonic() + _TIMEOUT_S
        with self.reader(MESSAGES) as consumer:
            ends = consumer.end_offsets(consumer.assignment())
        committer = KafkaConsumer(
            bootstrap_servers=self.servers, group_id=stages.STREAM.kafka_id, enable_auto_commit=False
        )
        try:
            while any((committer.committed(partition) or 0) < end for partition, end in ends.items()):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{MESSAGES}: not all committed after {_TIMEOUT_S:g} s")
                time.sleep(_POLL_MS / 1000)
        finally:
            committer.close()

    def wait_for_records(self, topic: str, count: int, timeout_s: float = _TIMEOUT_S) -> None:
        """Return once that many records are on a topic."""
        deadline = time.monotonic() + timeout_s
        with self.reader(topic) as consumer:
            while sum(consumer.end_offsets(consumer.assignment()).values()) < count:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{topic}: fewer than {count} records after {timeout_s:g} s")
                time.sleep(_POLL_MS / 1000)

    @contextlib.contextmanager
    def stream_worker(self, number: int = 1, env: Mapping[str, str] = MappingProxyType({})) -> Iterator[StageProcess]:
        """Run a stream worker until the block ends."""
        with self.stage(stages.STREAM, number, env) as worker:
            yield worker

    @contextlib.contextmanager
    def stage(
        self, stage: Stage, number: int = 1, env: Mapping[str, str] = MappingProxyType({})
    ) -> Iterator[StageProcess]:
        """Run a stage until the block ends; whoever needs it ready waits for that."""
        (port,) = free_ports(1)
        settings_env = {
            "COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS": self.servers,
            "COUNTERPOINT_KAFKA__PARTITIONS": str(self.partitions),
            f"COUNTERPOINT_HEALTH__{stage.name.upper()}_PORT": str(port),
        }
        process = StageProcess(
            stage.name,
            self.folder / f"{stage.name}-{number}",
            env={**settings_env, **env},
            health_url=f"http://{ADDRESS}:{port}",
        )
        try:
            process.launch()
            yield process
        finally:
            process.stop()

    def changelog_entries(self) -> list[tuple[float, Any]]:
        """Return every message in the changelog: when it was first written, in seconds, and its entry."""
        entries: dict[tuple[bytes, str], tuple[float, Any]] = {}
        for record in self.read(OPEN_SESSIONS_CHANGELOG):
            value = from_json(record.value) if record.value else {}
            for entry in value.get("entries", ()):
                conversation = record.key.split(b"|")[1]
                entries.setdefault((conversation, entry["message_id"]), (record.timestamp / 1000, entry))
        return sorted(entries.values(), key=lambda timed: timed[0])


@contextlib.contextmanager
def start_environment(folder: Path, log: LogLine) -> Iterator[BenchEnvironment]:
    """Start a broker and create the topics."""
    with KafkaBroker(folder / "kafka", jvm_options=()) as kafka:
        create_missing_topics(settings.KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, partitions=PARTITIONS))
        yield BenchEnvironment(folder, kafka, log)


def rate(times: list[float], since: float) -> float:
    """Return the events per second after the share `since` of all: the start-up is not measured."""
    first = int(len(times) * since)
    return (len(times) - 1 - first) / (times[-1] - times[first])


def percentile(values: list[float], share: float) -> float:
    """Return the value below which that share of all lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def cpu_s(pid: int) -> float:
    """Return the CPU time that a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def family_cpu_s(pid: int) -> float:
    """Return the CPU time of a process and of those that it has started and that still run, in seconds."""
    children = [child for file in Path(f"/proc/{pid}/task").glob("*/children") for child in file.read_text().split()]
    return cpu_s(pid) + sum(family_cpu_s(int(child)) for child in children)


def used_s(process: Process) -> float:
    """Return the CPU time of a process that runs, with those that it has started, in seconds."""
    assert process.pid is not None  # noqa: S101
    return family_cpu_s(process.pid)


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process in MB."""
    line = next(x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
