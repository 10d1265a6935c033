"""Risk signals through `counterpoint deliver` as a process, on a real broker and with no database there."""

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from kafka import KafkaProducer

from plugin.local.kafka import KafkaBroker
from plugin.local.loopback import free_ports
from stream.contracts.topics import RISK
from stream.runtime.codec import encode, partition_of
from stream.runtime.settings import KafkaSettings
from stream.runtime.topics import create_missing_topics
from tests.fixtures.waiting import DEADLOCK_S, wait_until
from tests.plugin.outbound.risk_signals import PARTITIONS, TENANT, conversation_on
from tests.plugin.outbound.risk_signals import signal as risk_signal
from tests.plugin.outbound.servers import Hook, webhook_server
from tests.plugin.outbound.test_stage import deliver
from tests.plugin.outbound.test_webhook import SECRET


@pytest.fixture
def hooks() -> Iterator[tuple[Hook, Hook]]:
    """Yield the receivers of two platforms."""
    with webhook_server() as riverside, webhook_server() as meadow:
        yield riverside, meadow


@pytest.fixture
def given(fresh_kafka: Callable[[], KafkaBroker], hooks: tuple[Hook, Hook]) -> dict[str, str]:
    """Return the environment of a deliverer for two platforms, whose database does not answer."""
    servers = fresh_kafka().bootstrap_servers  # on a shared one another test may have made the topic smaller
    create_missing_topics(KafkaSettings(bootstrap_servers=servers, partitions=PARTITIONS))
    tenants = {
        name: {"risk": {"receiver": {"url": hook.url, "secrets": [SECRET]}}}
        for name, hook in zip((TENANT, "meadow"), hooks, strict=True)
    }
    nobody, port = free_ports(2)
    return {
        "COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS": servers,
        "COUNTERPOINT_KAFKA__PARTITIONS": str(PARTITIONS),
        "COUNTERPOINT_TENANTS": json.dumps(tenants),
        "COUNTERPOINT_DATABASE__URL": f"postgresql+psycopg://u:p@127.0.0.1:{nobody}/none",
        "COUNTERPOINT_HEALTH__DELIVER_PORT": str(port),
    }


def message_ids(hook: Hook) -> list[str]:
    """Return the messages of which a receiver was told, in order."""
    return [json.loads(body)["data"]["message_id"] for _, body in hook.requests]


def test_signals_reach_their_receivers_without_a_database(
    given: dict[str, str], hooks: tuple[Hook, Hook], tmp_path: Path
) -> None:
    """Each receiver gets its own signals in order, one that hangs delays no other; a restart tells nothing twice."""
    riverside, meadow = hooks
    producer = KafkaProducer(bootstrap_servers=given["COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS"])

    def put(**changes: Any) -> None:
        record = encode(risk_signal(**changes))
        where = partition_of(record.key or b"", PARTITIONS)
        sent = producer.send(RISK, value=record.value, key=record.key, headers=record.headers, partition=where)
        sent.get(timeout=DEADLOCK_S)

    health = f"http://127.0.0.1:{given['COUNTERPOINT_HEALTH__DELIVER_PORT']}"
    meadow.hold.clear()
    put(message_id="m-1", tenant="meadow")
    for number in range(3):
        put(message_id=f"r-{number}", conversation_id=conversation_on(0))
    process = deliver(tmp_path, given)
    try:
        wait_until(lambda: len(riverside.requests) == 3 or process.poll() is not None, "riverside was told")
        assert message_ids(riverside) == ["r-0", "r-1", "r-2"]
        wait_until(lambda: meadow.requests, "meadow was asked")
        meadow.hold.set()
        delivered = 'counterpoint_risk_deliveries_total{outcome="delivered",tenant="meadow"} 1.0'
        wait_until(lambda: delivered in httpx.get(f"{health}/metrics").text, "meadow took it")
        wait_until(
            lambda: set(httpx.get(f"{health}/readyz").json()["troubles"]) == {"database"}, "it is ready but for it"
        )
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=DEADLOCK_S)
    assert process.returncode == 0, said
    assert "suicide" not in said
    told = len(riverside.requests)
    put(message_id="r-3", conversation_id=conversation_on(1))
    process = deliver(tmp_path, given)
    try:
        wait_until(lambda: len(riverside.requests) > told or process.poll() is not None, "riverside was told again")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=DEADLOCK_S)
    producer.close()
    assert message_ids(riverside) == ["r-0", "r-1", "r-2", "r-3"]
