"""A system with a database and a Triton of its own, so that a test may stop or kill them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plugin.local.kafka import KafkaBroker
from plugin.local.postgres import PostgresServer
from plugin.local.triton import TritonServer
from tests.e2e.conversations import RESISTANT, ScriptedLine
from tests.faults.measured import verify_measured_once
from tests.faults.proxy import Proxy
from tests.fixtures.activation import write_llm_activation
from tests.fixtures.metrics import sum_of_metric
from tests.fixtures.stack import BACKENDS
from tests.fixtures.system import MEASURED_STAGES, PlatformConversation, RunningSystem, running_system
from tests.fixtures.topics import count_records
from tests.fixtures.waiting import wait_until

DEADLINE_S = 3.0
"""Deadline of a model request in seconds: the stand-in engine answers at once unless its script makes it slow."""


@dataclass
class DedicatedSystem:
    """The stages that carry a record or measure, with the database and the Triton that a test may stop or kill."""

    system: RunningSystem
    postgres: PostgresServer
    triton: TritonServer
    triton_proxy: Proxy
    """The proxy between the feedback stage and Triton."""
    reader_proxy: Proxy
    """The proxy between the measures stage and the same Triton."""

    def finished_conversation(self, script: str = "good") -> PlatformConversation:
        """Send a whole conversation and its end; its flagged turn names the script that the stand-in engine follows."""
        conversation = self.system.new_conversation()
        for role, words in scripted_lines(script):
            conversation.say(role, words)
        conversation.end()
        return conversation

    def readiness_troubles(self, stage: str) -> dict[str, str]:
        """Return the troubles that a stage reports at /readyz, by readiness part."""
        answer = self.system.http.get(f"{self.system.stages[stage].health_url}/readyz")
        found: dict[str, str] = answer.json()["troubles"]
        return found

    def metric(self, stage: str, name: str, **labels: str) -> float:
        """Return the sum of a metric over all series that have these labels."""
        answer = self.system.http.get(f"{self.system.stages[stage].health_url}/metrics")
        return sum_of_metric(answer.text, name, **labels)

    def record_count(self, topic: str) -> int:
        """Return how many records a topic has."""
        kafka = self.system.settings.kafka
        return count_records(kafka.bootstrap_servers, topic, kafka.partitions)

    def answer_outcomes(self, conversation: PlatformConversation) -> list[Any]:
        """Return each stored answer's reason of abstention, or None for an assessment; empty before all is stored."""
        query = "SELECT a.abstained FROM answers a JOIN sessions s USING (session_id) WHERE s.conversation_id = :c"
        return [row[0] for row in self.system.rows(query, c=conversation.conversation_id)]

    def wait_until_answered(self, conversations: Sequence[PlatformConversation]) -> None:
        """Wait until each session is stored, and assert that it is there once, with one assessment."""
        wait_until(lambda: all(self.answer_outcomes(one) for one in conversations), "every session is stored")
        assert [self.answer_outcomes(one) for one in conversations] == [[None]] * len(conversations)
        assert [len(one.sessions()) for one in conversations] == [1] * len(conversations)

    def wait_until_measured(self, conversations: Sequence[PlatformConversation]) -> None:
        """Wait until each session is measured, and assert that it is once, as it was at its close."""
        said = [f"m-{number}" for number in range(1, len(RESISTANT) + 1)]
        verify_measured_once(self.system, {one.conversation_id: said for one in conversations})


def scripted_lines(script: str) -> tuple[ScriptedLine, ...]:
    """Return the lines of a conversation whose flagged turn names a script of the stand-in engine."""
    return tuple((role, f"{words} script:{script}" if "quit drinking" in words else words) for role, words in RESISTANT)


@contextmanager
def start_dedicated_system(folder: Path, kafka: KafkaBroker) -> Iterator[DedicatedSystem]:
    """Start a database, a Triton and the stages on the given broker, and yield the system."""
    with (
        PostgresServer(folder / "postgres", forces_writes=False) as postgres,
        TritonServer(folder / "triton", ["feedback_llm", "reader"], backends=[BACKENDS / "vllm"]) as triton,
        Proxy(int(triton.grpc_url.rpartition(":")[2])) as triton_proxy,
        Proxy(int(triton.grpc_url.rpartition(":")[2])) as reader_proxy,
        running_system(
            folder,
            kafka,
            postgres.url,
            triton,
            names=MEASURED_STAGES,
            COUNTERPOINT_FEEDBACK__MODEL="llm",
            COUNTERPOINT_FEEDBACK__ACTIVATION=str(write_llm_activation(folder / "activation.json")),
            COUNTERPOINT_FEEDBACK__TRITON_URL=triton_proxy.address,
            COUNTERPOINT_READER__TRITON_URL=reader_proxy.address,
            COUNTERPOINT_FEEDBACK__DEADLINE_S=str(DEADLINE_S),
        ) as system,
    ):
        yield DedicatedSystem(system, postgres, triton, triton_proxy, reader_proxy)
