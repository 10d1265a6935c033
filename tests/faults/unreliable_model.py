"""A system whose database and Triton are its own, so that a test may hurt them, and what to ask it meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from kafka import KafkaConsumer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from plugin.local.kafka import Kafka
from plugin.local.postgres import PostgreSQL
from plugin.local.triton import Triton
from tests.e2e.conversations import RESISTANT, Line
from tests.faults.proxy import Proxy
from tests.fixtures.activation import write_llm_activation
from tests.fixtures.stack import BACKENDS
from tests.fixtures.system import Platform, System, running_system

STAGES = ("gateway", "stream", "feedback", "sink")
DEADLINE_S = 3.0
"""Of a model request: the stand-in engine answers at once, so what takes longer is meant to."""


@dataclass
class Frail:
    """Four stages, and the two servers that may be hurt."""

    system: System
    postgres: PostgreSQL
    triton: Triton
    line: Proxy
    """From the feedback stage to Triton."""

    def room(self, script: str = "good") -> Platform:
        """A conversation that has ended. Its one flagged turn tells the stand-in engine how to answer."""
        room = self.system.platform()
        for role, words in scripted(script):
            room.say(role, words)
        room.end()
        return room

    def troubles(self, stage: str) -> dict[str, str]:
        """What /readyz says is wrong, by part."""
        answer = httpx.get(f"{self.system.stages[stage].health_url}/readyz", trust_env=False, timeout=5)
        found: dict[str, str] = answer.json()["troubles"]
        return found

    def metric(self, stage: str, name: str, **labels: str) -> float:
        """The sum over all series of this name that have these labels."""
        answer = httpx.get(f"{self.system.stages[stage].health_url}/metrics", trust_env=False, timeout=5)
        samples = (sample for family in text_string_to_metric_families(answer.text) for sample in family.samples)
        return sum(s.value for s in samples if s.name == name and labels.items() <= s.labels.items())

    def written(self, topic: str) -> int:
        """How many records a topic has."""
        consumer = KafkaConsumer(bootstrap_servers=self.system.kafka.bootstrap_servers)
        try:
            places = [TopicPartition(topic, number) for number in range(self.system.settings.kafka.partitions)]
            return sum(consumer.end_offsets(places).values())
        finally:
            consumer.close()

    def answers(self, room: Platform) -> list[Any]:
        """Of its stored session, one each: None where it was assessed, or why not. None at all if it is not stored."""
        query = "SELECT a.abstained FROM answers a JOIN sessions s USING (session_id) WHERE s.conversation_id = :c"
        return [row[0] for row in self.system.rows(query, c=room.conversation_id)]


def scripted(script: str) -> tuple[Line, ...]:
    """A conversation, written by us, with a word for the stand-in engine in its flagged turn."""
    return tuple((role, f"{words} script:{script}" if "quit drinking" in words else words) for role, words in RESISTANT)


@contextmanager
def frail_system(folder: Path, kafka: Kafka) -> Iterator[Frail]:
    """Start it on a broker."""
    models = ["feedback_baseline", "feedback_llm"]
    with (
        PostgreSQL(folder / "postgres") as postgres,
        Triton(folder / "triton", models, backends=[BACKENDS / "vllm"]) as triton,
        Proxy(int(triton.grpc_url.rpartition(":")[2])) as line,
        running_system(
            folder,
            kafka,
            postgres.url,
            triton,
            names=STAGES,
            COUNTERPOINT_FEEDBACK__MODEL="llm",
            COUNTERPOINT_FEEDBACK__ACTIVATION=str(write_llm_activation(folder / "activation.json")),
            COUNTERPOINT_FEEDBACK__TRITON_URL=line.address,
            COUNTERPOINT_FEEDBACK__DEADLINE_S=str(DEADLINE_S),
        ) as system,
    ):
        yield Frail(system, postgres, triton, line)
