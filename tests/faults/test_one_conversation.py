"""No one conversation, and no one client, stops a stage for everybody else."""

import json
from uuid import uuid4

import pytest

from plugin.local.demo_settings import TENANT
from stream.contracts.topics import MESSAGES
from stream.runtime.codec import partition_of
from stream.runtime.kafka_clients import COMMAND_TIMEOUTS, producer
from tests.e2e.conversations import RESISTANT, send_lines
from tests.faults.dedicated_system import DedicatedSystem
from tests.fixtures.system import PARTITIONS, now
from tests.fixtures.waiting import wait_until

DELETIONS, EDITS, BROKEN = 300, 30, 100


@pytest.mark.fault("one conversation against all", holds="everybody else's sessions are stored; the stage goes on")
def test_one_conversation_stops_nobody(dedicated: DedicatedSystem, measured: dict[str, str]) -> None:
    """One room sends 300 deletions, 30 edits without their messages, and 100 records that fit no schema."""
    system = dedicated.system  # bad records would be in the way of tests that account for each record
    noisy, others = system.new_conversation(), [system.new_conversation() for _ in range(2 * PARTITIONS)]
    for number in range(DELETIONS):
        noisy.deliver(type="deletion", message_id=f"old-{number}", deleted_at=now())
    for number in range(EDITS):
        consent = {"processing": True}
        noisy.deliver(type="edit", message_id=f"new-{number}", text="words", edited_at=now(), consent=consent)
    key = f"{TENANT}:{noisy.conversation_id}".encode()
    writer = producer(system.settings.kafka, COMMAND_TIMEOUTS, client_id=f"noise-{uuid4()}", enable_idempotence=True)
    try:
        for _ in range(BROKEN):
            body = json.dumps({"tenant": TENANT, "a": 1}).encode()
            writer.send(MESSAGES, key=key, value=body, partition=partition_of(key, PARTITIONS))
        writer.flush()
    finally:
        writer.close()
    for conversation in others:
        send_lines(conversation, RESISTANT)
        conversation.end()
    for conversation in others:
        wait_until(conversation.sessions, "another room's session is stored")
    assert all(stage.alive for stage in system.stages.values())
    measured["events of one room"] = str(DELETIONS + EDITS + BROKEN)
