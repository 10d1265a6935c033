"""Measures how long a stage takes from a kill to the first record that its new process finishes."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import httpx
from kafka import KafkaProducer

from plugin.local.demo_settings import TENANT
from plugin.local.stage_process import StageProcess
from stream.contracts.base import ConversationRecord
from stream.contracts.messages import ConsentWithdrawal
from stream.contracts.topics import FEEDBACK, MESSAGES, SESSIONS, TRANSCRIPTS
from stream.contracts.transcripts import Transcript
from stream.runtime.codec import encode, partition_of
from tests.fixtures.metrics import sum_of_metric
from tests.fixtures.system import RunningSystem
from tests.fixtures.waiting import DEADLOCK_S, wait_until

RECOVERY_LIMIT_S = 15.0
"""The longest recovery that is promised, in seconds; for six of them the consumer group waits for the dead member."""
_INPUT_TOPICS = {"stream": MESSAGES, "feedback": SESSIONS, "measures": TRANSCRIPTS, "sink": FEEDBACK}
_FINISHED_METRICS = {"gateway": ("counterpoint_gateway_events_total", {"outcome": "published"})}


@dataclass
class RecoveryTimes:
    """The times that each stage took to recover, in seconds."""

    seconds: dict[str, list[float]] = field(default_factory=dict)

    def add(self, stage: str, seconds: float) -> None:
        """Add one measured time of a stage."""
        self.seconds.setdefault(stage, []).append(seconds)

    def table_cells(self) -> dict[str, str]:
        """Return median and worst time of each stage, as the fault table shows them."""
        return {
            f"{stage} back at work": f"{sorted(times)[len(times) // 2]:.1f} s (median), {max(times):.1f} s (worst of"
            f" {len(times)})"
            for stage, times in self.seconds.items()
        }

    @property
    def worst(self) -> float:
        """The longest time of all stages."""
        return max(max(times) for times in self.seconds.values())


def kill_and_measure_recovery(system: RunningSystem, name: str) -> float:
    """SIGKILL a stage, start it again at once, and return the seconds until its first finished record.

    A record of a conversation that does not exist, on each partition that the stage reads, makes sure that there is one
    to finish, whatever happens to the stages before it.
    """
    stage = system.stages[name]
    begun = time.monotonic()
    stage.kill()
    stage.launch()
    if name in _INPUT_TOPICS:
        _send_one_to_each_partition(system, _INPUT_TOPICS[name])
    wait_until(lambda: _has_finished_record(system.http, stage), f"{name} finishes a record")
    return time.monotonic() - begun


def _send_one_to_each_partition(system: RunningSystem, topic: str) -> None:
    kafka = system.settings.kafka
    producer = KafkaProducer(bootstrap_servers=system.kafka.bootstrap_servers, acks="all")
    try:
        left = set(range(kafka.partitions))
        while left:
            event = _of_nobody(topic)
            partition = partition_of(event.key, kafka.partitions)
            if partition in left:
                left.remove(partition)
                record = encode(event)
                producer.send(topic, record.value, record.key, record.headers, partition).get(DEADLOCK_S)
    finally:
        producer.close()


def _of_nobody(topic: str) -> ConversationRecord:
    """Return a record of a conversation that does not exist: a transcript without messages, elsewhere a withdrawal."""
    conversation_id, now = f"c_{uuid4().hex}", datetime.now(UTC)
    if topic == TRANSCRIPTS:
        return Transcript(
            tenant=TENANT,
            conversation_id=conversation_id,
            session_id=uuid4(),
            revision=1,
            first_appended_at=now,
            last_appended_at=now,
            too_large=True,
        )
    return ConsentWithdrawal(tenant=TENANT, conversation_id=conversation_id, withdrawn_at=now)


def _has_finished_record(http: httpx.Client, stage: StageProcess) -> bool:
    """Whether the stage's process has finished a record since its start."""
    name, labels = _FINISHED_METRICS.get(stage.name, ("counterpoint_records_total", {"stage": stage.name}))
    try:
        answer = http.get(f"{stage.health_url}/metrics", timeout=1)
    except httpx.TransportError:
        return False
    return sum_of_metric(answer.text, name, **labels) > 0
