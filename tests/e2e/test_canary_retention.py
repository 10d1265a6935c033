"""The raw bytes of the broker's log directory no longer hold a phrase once its retention is over."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from plugin.local.kafka import KafkaBroker
from plugin.local.process import Command
from stream.contracts.messages import Erasure, Participant, Participants
from stream.contracts.topics import FEEDBACK, MESSAGES, TOPICS, TRANSCRIPTS
from stream.contracts.vocabulary import Role
from stream.runtime.codec import partition_of
from tests.e2e.conversations import CALM, RESISTANT
from tests.e2e.leak_search import searched_spellings
from tests.fixtures.stream_stage import PARTITIONS, TENANT, Room, StreamStageHarness, stream_stage
from tests.fixtures.terminal import terminal_writer
from tests.fixtures.waiting import DEADLOCK_S, wait_until

CANARY = "quillfeather m\u00e4rmelade zeppelinward"
NAME = "Zebulontes Quackenbusch"
NUMBERS_ALONE = {".index", ".timeindex", ".txnindex"}
"""Suffixes of the broker's index files, which are megabytes of numbers and zeros."""
RETENTION_MS = "2000"
DELETED = {"segment.ms": "1000", "file.delete.delay.ms": "500"}
COMPACTED = {
    "segment.ms": "1000", "min.cleanable.dirty.ratio": "0.001", "max.compaction.lag.ms": "1000",
    "delete.retention.ms": "500", "file.delete.delay.ms": "500",
}  # fmt: skip
PAUSE_S = 0.5
"""Seconds between two searches; other conversations go on meanwhile."""


class QuickBroker(KafkaBroker):
    """A broker that looks for expired records every second; the default is every five minutes."""

    def command(self) -> Command:
        """Return the broker's command after writing the intervals of a test into its configuration."""
        command = super().command()
        with (self.data_dir / "server.properties").open("a") as config:
            config.write("log.retention.check.interval.ms=1000\nlog.initial.task.delay.ms=500\n")
            config.write("log.cleaner.backoff.ms=500\nlog.cleaner.dedupe.buffer.size=8388608\n")
        return command


@pytest.fixture
def harness(run_dir: Path) -> Iterator[StreamStageHarness]:
    """Yield the stream stage on a broker of its own, which removes within seconds what it may remove."""
    with QuickBroker(run_dir / "kafka-retention") as broker:
        admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
        topics = {}
        for spec in TOPICS:
            config = COMPACTED if spec.config["cleanup.policy"] == "compact" else DELETED
            topics[spec.name] = {"num_partitions": PARTITIONS, "replication_factor": 1, "configs": spec.config | config}
        admin.create_topics(topics, wait_for_metadata=True)
        admin.close()
        with stream_stage(
            run_dir / "retention", broker.bootstrap_servers, COUNTERPOINT_SESSIONS__LATE_WITHIN_S="1",
            COUNTERPOINT_SESSIONS__REOPEN_WITHIN_S="1", COUNTERPOINT_MEASURES__ENABLED="true",
        ) as running:  # fmt: skip
            yield running


def files_with_phrase(folder: Path) -> list[str]:
    """Return the files of the broker's log directory that hold a part of the phrase in any spelling."""
    wanted = searched_spellings([CANARY, NAME])
    found = []
    for path in folder.rglob("*"):
        try:
            if path.is_file() and path.suffix not in NUMBERS_ALONE:
                content = path.read_bytes().rstrip(b"\0")
                if any(needle in content for needle in wanted):
                    found.append(f"{path.parent.name}/{path.name}")
        except FileNotFoundError:  # it was deleted during the search, which is what the test waits for
            continue
    return found


def send_phrase(harness: StreamStageHarness) -> Room:
    """Send a session, a message without consent, bad records, and names in a room that is then erased."""
    room, named = harness.room(), harness.room()
    person = Participant(role=Role.CLIENT, names=(NAME,))
    named.put(Participants(tenant=TENANT, conversation_id=named.name, participants=(person,)))
    # Names stay for five weeks after a room's last session, or until it is erased.
    erasure = {"erasure_id": str(uuid4()), "requested_at": datetime.now(UTC)}
    named.put(Erasure.model_validate({"tenant": TENANT, "conversation_id": named.name} | erasure))
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
    """Send a message of another conversation on every partition, since a broker rolls a segment only when it writes."""
    done: set[int] = set()
    while len(done) < PARTITIONS:
        room = harness.room()
        if partition_of(room.key, PARTITIONS) not in done:
            done.add(room.partition)
            room.put(room.message(*CALM[0]))


def let_expire(harness: StreamStageHarness) -> None:
    """Shorten the retention of every topic that goes by time to seconds."""
    admin = KafkaAdminClient(bootstrap_servers=harness.servers)
    names = [spec.name for spec in TOPICS if spec.config["cleanup.policy"] != "compact"]
    admin.alter_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name, {"retention.ms": RETENTION_MS}) for name in names]
    )
    admin.close()


def test_after_its_retention_the_broker_holds_it_no_more(
    harness: StreamStageHarness, pytestconfig: pytest.Config
) -> None:
    """After its retention the phrase is in no file of the broker.

    Messages, sessions, transcripts, feedback and dead letters go by retention, the changelog by deletion and
    compaction.
    """
    log = Path(broker_log(harness))
    send_phrase(harness)
    began = time.monotonic()
    wait_until(lambda: {MESSAGES, TRANSCRIPTS} <= topics_with_phrase(log), "messages and transcript are written")
    let_expire(harness)

    still = [""]
    while still and time.monotonic() < began + DEADLOCK_S:
        send_other_conversations(harness)
        time.sleep(PAUSE_S)
        still = files_with_phrase(log)
    assert still == []
    terminal_writer(pytestconfig)(
        f"gone from the broker's log directory {time.monotonic() - began:.1f} s after the end\n"
    )


def topics_with_phrase(log: Path) -> set[str]:
    """Return the topics in whose partitions the broker holds the phrase."""
    return {name.split("/")[0].rpartition("-")[0] for name in files_with_phrase(log)}


def broker_log(harness: StreamStageHarness) -> str:
    """Return the broker's log directory, which lies beside the stage's own folder."""
    return str(harness.stage.data_dir.parent / "kafka-retention" / "log")
