"""When everything is bad, or nobody takes what is bad, a stage stops or waits: a backlog beats a drained topic."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from stream.contracts.errors import TooManyDeadLetters
from stream.contracts.topics import DEAD_LETTERS, FEEDBACK, MESSAGES, SESSIONS
from stream.runtime.dead_letters import PART
from tests.faults.unreliable_model import Frail
from tests.fixtures.system import wait_until

READS = {"stream": MESSAGES, "feedback": SESSIONS, "sink": FEEDBACK}
MORE = 5
"""Bad records beyond the limit: where the stage goes on when it is started again."""
_LIMIT = "max.message.bytes"


@dataclass(frozen=True)
class Place:
    """One partition of what a stage reads."""

    frail: Frail
    stage: str

    def put_bad(self, count: int) -> list[int]:
        """Write records that no schema knows; returns their offsets."""
        producer = KafkaProducer(bootstrap_servers=self.frail.system.kafka.bootstrap_servers, acks="all")
        try:
            sent = [producer.send(READS[self.stage], value=b'{"a": 1}', key=b"k", partition=0) for _ in range(count)]
            return [one.get(30).offset for one in sent]
        finally:
            producer.close()

    def committed(self) -> int:
        """How far the stage's group has acknowledged it."""
        group = f"counterpoint-{self.stage}"
        consumer = KafkaConsumer(bootstrap_servers=self.frail.system.kafka.bootstrap_servers, group_id=group)
        try:
            return int(consumer.committed(TopicPartition(READS[self.stage], 0)) or 0)
        finally:
            consumer.close()


@contextmanager
def no_dead_letters_taken(frail: Frail) -> Iterator[None]:
    """The dead-letter topic refuses every record: its bound is a few bytes."""
    admin = KafkaAdminClient(bootstrap_servers=frail.system.kafka.bootstrap_servers)
    topic = ConfigResource(ConfigResourceType.TOPIC, DEAD_LETTERS, None)
    found: Any = admin.describe_configs([topic], config_filter="all")["topic"][DEAD_LETTERS]
    try:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, DEAD_LETTERS, {_LIMIT: "10"})])
        yield
    finally:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, DEAD_LETTERS, {_LIMIT: found[_LIMIT]["value"]})])
        admin.close()


def a_session_goes_through(frail: Frail) -> None:
    """All stages are at work."""
    room = frail.room()
    wait_until(lambda: frail.answers(room) == [None], "a session goes through")


def between(place: Place, offsets: Sequence[int], done: int) -> bool:
    """Whether the first `done` of these records are acknowledged, and the next is not."""
    return offsets[done - 1] < place.committed() <= offsets[done]


@pytest.mark.fault(
    "100 % bad schema", holds="after 20 dead letters in a row the stage stops before it acknowledges the next"
)
@pytest.mark.parametrize("stage", READS)
def test_when_everything_is_bad_a_stage_stops_and_says_so(frail: Frail, stage: str) -> None:
    """More bad records than the limit on one partition of what each stage reads; then it is started again."""
    limit = frail.system.settings.kafka.dead_letters_in_a_row
    place, process = Place(frail, stage), frail.system.stages[stage]
    process.stop()  # a bad record of an earlier test may be the first of a row
    process.start()
    before = frail.written(DEAD_LETTERS)
    offsets = place.put_bad(limit + MORE)
    assert process.wait(30) == TooManyDeadLetters.exit_status
    assert f"{limit} records in a row of {READS[stage]}, partition 0, could not be used" in process.tail()
    assert frail.written(DEAD_LETTERS) == before + limit
    assert between(place, offsets, limit)
    process.start()
    wait_until(lambda: place.committed() > offsets[-1], "it goes on from there")
    assert frail.written(DEAD_LETTERS) == before + limit + MORE
    a_session_goes_through(frail)


@pytest.mark.fault(
    "the dead-letter topic refuses a write", holds="the event stays unacknowledged, the stage is not ready; then it is"
)
@pytest.mark.parametrize("stage", READS)
def test_what_no_dead_letter_topic_takes_is_not_acknowledged(frail: Frail, stage: str) -> None:
    """The topic's bound is lowered to ten bytes, and raised again, while each stage meets a bad record."""
    place = Place(frail, stage)
    before = frail.written(DEAD_LETTERS)
    with no_dead_letters_taken(frail):
        (offset,) = place.put_bad(1)
        wait_until(lambda: PART in frail.troubles(stage), "the stage says that it waits")
        assert f"The topic {DEAD_LETTERS} does not take a dead letter" in frail.troubles(stage)[PART]
        assert place.committed() <= offset
    wait_until(lambda: place.committed() > offset, "it is set aside and acknowledged")
    wait_until(lambda: frail.troubles(stage) == {}, "the stage is ready")
    assert frail.written(DEAD_LETTERS) == before + 1
    a_session_goes_through(frail)
