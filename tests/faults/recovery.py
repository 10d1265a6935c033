"""How long a stage takes from a blow to the first record that its new process finishes."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import httpx
from kafka import KafkaProducer
from prometheus_client.parser import text_string_to_metric_families

from plugin.local.demo_settings import TENANT
from plugin.local.stage import Stage
from stream.contracts.messages import ConsentWithdrawal
from stream.contracts.topics import FEEDBACK, MESSAGES, SESSIONS
from stream.runtime.codec import encode, partition_of
from tests.fixtures.system import System, wait_until

BACK_WITHIN_S = 15.0
"""The promise. Six of them the group waits for the dead member."""
_GIVE_UP_S = 60.0
_READS = {"stream": MESSAGES, "feedback": SESSIONS, "sink": FEEDBACK}
_FINISHED = {"gateway": ("counterpoint_gateway_events", {"outcome": "published"})}


@dataclass
class Times:
    """Seconds until back at work, by stage."""

    seconds: dict[str, list[float]] = field(default_factory=dict)

    def add(self, stage: str, seconds: float) -> None:
        """One more."""
        self.seconds.setdefault(stage, []).append(seconds)

    def figures(self) -> dict[str, str]:
        """As they stand in the table."""
        return {
            f"{stage} back at work": f"{sorted(times)[len(times) // 2]:.1f} s (median), {max(times):.1f} s (worst of"
            f" {len(times)})"
            for stage, times in self.seconds.items()
        }

    @property
    def worst(self) -> float:
        """Of all stages."""
        return max(max(times) for times in self.seconds.values())


def kill_and_return(system: System, name: str) -> float:
    """SIGKILL a stage, start it again at once, and return the seconds until its first finished record.

    A withdrawal for a conversation that nobody has, on each partition that the stage reads, makes sure that there is a
    record to finish, whatever happens to the stages before it.
    """
    stage = system.stages[name]
    begun = time.monotonic()
    stage.kill()
    stage.launch()
    if name in _READS:
        _give_work(system, _READS[name])
    wait_until(lambda: _finished(stage), f"{name} finishes a record", _GIVE_UP_S)
    return time.monotonic() - begun


def _give_work(system: System, topic: str) -> None:
    kafka = system.settings.kafka
    producer = KafkaProducer(bootstrap_servers=system.kafka.bootstrap_servers, acks="all")
    try:
        left = set(range(kafka.partitions))
        while left:
            event = ConsentWithdrawal(tenant=TENANT, conversation_id=f"c_{uuid4().hex}", withdrawn_at=datetime.now(UTC))
            key = f"{event.tenant}:{event.conversation_id}".encode()
            partition = partition_of(key, kafka.partitions)
            if partition in left:
                left.remove(partition)
                record = encode(event, event_type=event.event_type, event_id=str(uuid4()), key=key)
                producer.send(topic, record.value, key, record.headers, partition).get(30)
    finally:
        producer.close()


def _finished(stage: Stage) -> bool:
    """Whether the stage's process has finished a record since its start."""
    name, labels = _FINISHED.get(stage.name, ("counterpoint_records", {"stage": stage.name}))
    try:
        answer = httpx.get(f"{stage.health_url}/metrics", trust_env=False, timeout=1)
    except httpx.TransportError:
        return False
    return any(
        sample.value > 0
        for family in text_string_to_metric_families(answer.text)
        if family.name == name
        for sample in family.samples
        if sample.name.endswith("_total") and labels.items() <= sample.labels.items()
    )
