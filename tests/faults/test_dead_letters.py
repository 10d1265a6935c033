"""A stage stops when every record is bad, and waits while the dead-letter topic refuses a record.

A backlog is better than a topic that was emptied into dead letters.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from stream.contracts.errors import TooManyDeadLetters
from stream.contracts.topics import DEAD_LETTERS, FEEDBACK, MESSAGES, SESSIONS
from stream.runtime.health import ReadinessPart
from tests.faults.dedicated_system import DedicatedSystem
from tests.fixtures.waiting import DEADLOCK_S, wait_until

READS = {"stream": MESSAGES, "feedback": SESSIONS, "sink": FEEDBACK}
MORE = 5
"""How many bad records follow after the limit: the stage continues with them when it is started again."""
_LIMIT = "max.message.bytes"


@dataclass(frozen=True)
class StagePartition:
    """One partition of the topic that a stage reads."""

    dedicated: DedicatedSystem
    stage: str

    def put_bad(self, count: int) -> list[int]:
        """Write records of different conversations that fit no schema, and return their offsets."""
        producer = KafkaProducer(bootstrap_servers=self.dedicated.system.kafka.bootstrap_servers, acks="all")
        try:
            keys = [b"demo:%s" % uuid4().hex.encode() for _ in range(count)]
            sent = [producer.send(READS[self.stage], value=b'{"a": 1}', key=key, partition=0) for key in keys]
            return [one.get(DEADLOCK_S).offset for one in sent]
        finally:
            producer.close()

    def committed(self) -> int:
        """Return the offset up to which the stage's group has acknowledged the partition."""
        group = f"counterpoint-{self.stage}"
        consumer = KafkaConsumer(bootstrap_servers=self.dedicated.system.kafka.bootstrap_servers, group_id=group)
        try:
            return int(consumer.committed(TopicPartition(READS[self.stage], 0)) or 0)
        finally:
            consumer.close()


@contextmanager
def dead_letter_topic_refuses(dedicated: DedicatedSystem) -> Iterator[None]:
    """Make the dead-letter topic refuse every record while the body runs, by a size limit of ten bytes."""
    admin = KafkaAdminClient(bootstrap_servers=dedicated.system.kafka.bootstrap_servers)
    topic = ConfigResource(ConfigResourceType.TOPIC, DEAD_LETTERS, None)
    found: Any = admin.describe_configs([topic], config_filter="all")["topic"][DEAD_LETTERS]
    try:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, DEAD_LETTERS, {_LIMIT: "10"})])
        yield
    finally:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, DEAD_LETTERS, {_LIMIT: found[_LIMIT]["value"]})])
        admin.close()


def assert_session_goes_through(dedicated: DedicatedSystem) -> None:
    """Assert that all stages work: a session passes through them and is stored with its answer."""
    conversation = dedicated.finished_conversation()
    wait_until(lambda: dedicated.answer_outcomes(conversation) == [None], "a session goes through")


def first_acknowledged_only(place: StagePartition, offsets: Sequence[int], done: int) -> bool:
    """Return whether the first `done` of these records are acknowledged, and the next is not."""
    return offsets[done - 1] < place.committed() <= offsets[done]


@pytest.mark.fault(
    "100 % bad schema",
    holds="after dead letters of 20 conversations in a row the stage stops before it acknowledges the next",
)
@pytest.mark.parametrize("stage", READS)
def test_when_everything_is_bad_a_stage_stops_and_says_so(dedicated: DedicatedSystem, stage: str) -> None:
    """One partition of each stage's topic gets more bad records than the limit; then the stage is started again."""
    limit = dedicated.system.settings.kafka.dead_letters_in_a_row
    place, process = StagePartition(dedicated, stage), dedicated.system.stages[stage]
    process.stop()  # a bad record of an earlier test may count as the first in a row
    process.start()
    before = dedicated.record_count(DEAD_LETTERS)
    offsets = place.put_bad(limit + MORE)
    assert process.wait(DEADLOCK_S) == TooManyDeadLetters.exit_status
    assert f"Records of {limit} conversations in a row of {READS[stage]}, partition 0, could" in process.tail()
    assert dedicated.record_count(DEAD_LETTERS) == before + limit
    assert first_acknowledged_only(place, offsets, limit)
    process.start()
    wait_until(lambda: place.committed() > offsets[-1], "it goes on from there")
    assert dedicated.record_count(DEAD_LETTERS) == before + limit + MORE
    assert_session_goes_through(dedicated)


@pytest.mark.fault(
    "the dead-letter topic refuses a write", holds="the event stays unacknowledged, the stage is not ready; then it is"
)
@pytest.mark.parametrize("stage", READS)
def test_what_no_dead_letter_topic_takes_is_not_acknowledged(dedicated: DedicatedSystem, stage: str) -> None:
    """The dead-letter topic's size limit is ten bytes while each stage meets a bad record, and is then raised again."""
    place = StagePartition(dedicated, stage)
    before = dedicated.record_count(DEAD_LETTERS)
    with dead_letter_topic_refuses(dedicated):
        (offset,) = place.put_bad(1)
        wait_until(
            lambda: ReadinessPart.DEAD_LETTERS in dedicated.readiness_troubles(stage), "the stage says that it waits"
        )
        assert (
            f"The topic {DEAD_LETTERS} does not take a dead letter"
            in dedicated.readiness_troubles(stage)[ReadinessPart.DEAD_LETTERS]
        )
        assert place.committed() <= offset
    wait_until(lambda: place.committed() > offset, "it is set aside and acknowledged")
    wait_until(lambda: dedicated.readiness_troubles(stage) == {}, "the stage is ready")
    assert dedicated.record_count(DEAD_LETTERS) == before + 1
    assert_session_goes_through(dedicated)
