"""What the broker keeps goes when its time is over: the phrase is looked for in the raw bytes of its log directory."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaProducer

from plugin.local.kafka import KafkaBroker
from plugin.local.process import Command
from stream.contracts.messages import Participant, Participants
from stream.contracts.topics import FEEDBACK, MESSAGES, TOPICS
from stream.contracts.vocabulary import Role
from stream.runtime.codec import partition_of
from tests.e2e.conversations import CALM, RESISTANT
from tests.e2e.leak_search import searched_spellings
from tests.fixtures.stream_stage import PARTITIONS, TENANT, Room, StreamStageHarness, stream_stage
from tests.fixtures.terminal import terminal_writer
from tests.fixtures.waiting import DEADLOCK_S

CANARY = "quillfeather m\u00e4rmelade zeppelinward"
NAME = "Zebulontes Quackenbusch"
NUMBERS_ALONE = {".index", ".timeindex", ".txnindex"}
"""Files in which the broker finds offsets; they are megabytes of nothing."""
SHORT = {"retention.ms": "2000", "segment.ms": "1000", "file.delete.delay.ms": "500"}
COMPACTED = {
    "segment.ms": "1000", "min.cleanable.dirty.ratio": "0.001", "max.compaction.lag.ms": "1000",
    "delete.retention.ms": "500", "file.delete.delay.ms": "500",
}  # fmt: skip
PAUSE_S = 0.5
"""Between two looks; others go on talking meanwhile."""


class QuickBroker(KafkaBroker):
    """It looks every second for what may go; the default is every five minutes, the first time after half a minute."""

    def command(self) -> Command:
        """With intervals for a test."""
        command = super().command()
        with (self.data_dir / "server.properties").open("a") as config:
            config.write("log.retention.check.interval.ms=1000\nlog.initial.task.delay.ms=500\n")
            config.write("log.cleaner.backoff.ms=500\nlog.cleaner.dedupe.buffer.size=8388608\n")
        return command


@pytest.fixture
def harness(run_dir: Path) -> Iterator[StreamStageHarness]:
    """The stream stage on a broker of its own, whose topics keep nothing for longer than seconds."""
    with QuickBroker(run_dir / "kafka-retention") as broker:
        admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
        topics = {}
        for spec in TOPICS:
            config = COMPACTED if spec.config["cleanup.policy"] == "compact" else SHORT
            topics[spec.name] = {"num_partitions": PARTITIONS, "replication_factor": 1, "configs": spec.config | config}
        admin.create_topics(topics, wait_for_metadata=True)
        admin.close()
        with stream_stage(
            run_dir / "retention", broker.bootstrap_servers, COUNTERPOINT_SESSIONS__LATE_WITHIN_S="1",
            COUNTERPOINT_SESSIONS__REOPEN_WITHIN_S="1",
        ) as running:  # fmt: skip
            yield running


def files_with_phrase(folder: Path) -> list[str]:
    """Files of the broker's log directory in which a part of the phrase stands, in any spelling."""
    wanted = searched_spellings([CANARY, NAME])
    found = []
    for path in folder.rglob("*"):
        try:
            if path.is_file() and path.suffix not in NUMBERS_ALONE:
                content = path.read_bytes().rstrip(b"\0")
                if any(needle in content for needle in wanted):
                    found.append(f"{path.parent.name}/{path.name}")
        except FileNotFoundError:  # it went while we looked: that is what we wait for
            continue
    return found


def send_phrase(harness: StreamStageHarness) -> Room:
    """A session with a name, a message without consent, a record that is none, and feedback."""
    room = harness.room()
    person = Participant(role=Role.CLIENT, names=(NAME,))
    room.put(Participants(tenant=TENANT, conversation_id=room.name, participants=(person,)))
    for role, words in RESISTANT:
        room.put(room.message(role, f"{words} {CANARY}"))
    room.put(room.message("client", CANARY, consent=False))
    bad = json.dumps({"text": CANARY}).encode()
    harness.send(bad, key=room.key, headers=[], partition=room.partition)
    producer = KafkaProducer(bootstrap_servers=harness.servers, acks="all")
    producer.send(FEEDBACK, key=room.key, value=bad, partition=room.partition).get(DEADLOCK_S)
    producer.close()
    room.end()
    room.wait_for_records()
    return room


def send_other_conversations(harness: StreamStageHarness) -> None:
    """Other conversations go on, on every partition: a broker rolls a segment only when it writes."""
    done: set[int] = set()
    while len(done) < PARTITIONS:
        room = harness.room()
        if partition_of(room.key, PARTITIONS) not in done:
            done.add(room.partition)
            room.put(room.message(*CALM[0]))


def test_after_its_retention_the_broker_holds_it_no_more(
    harness: StreamStageHarness, pytestconfig: pytest.Config
) -> None:
    """In messages, sessions, feedback and dead letters by retention, in the changelog by deletion and compaction."""
    log = Path(broker_log(harness))
    send_phrase(harness)
    began = time.monotonic()
    before = {place.rpartition("-")[0] for place in (name.split("/")[0] for name in files_with_phrase(log))}
    assert MESSAGES in before

    still = [""]
    while still and time.monotonic() < began + DEADLOCK_S:
        send_other_conversations(harness)
        time.sleep(PAUSE_S)
        still = files_with_phrase(log)
    assert still == []
    terminal_writer(pytestconfig)(
        f"gone from the broker's log directory {time.monotonic() - began:.1f} s after the end\n"
    )


def broker_log(harness: StreamStageHarness) -> str:
    """The broker's log directory, from the stage's own folder beside it."""
    return str(harness.stage.data_dir.parent / "kafka-retention" / "log")
