"""Tests of the gateway as a process of its own with a real Kafka that stops and restarts."""

import asyncio
import base64
import json
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import httpx
import pytest
from kafka import KafkaConsumer

from plugin.crypto.pseudonyms import Pseudonyms
from plugin.gateway.server import run
from plugin.local.kafka import KafkaBroker
from plugin.local.loopback import free_ports
from plugin.local.stage_process import StageProcess
from stream.contracts.errors import Misconfigured
from stream.contracts.topics import MESSAGES
from stream.runtime import topics
from stream.runtime.codec import partition_of
from stream.runtime.kafka_clients import GATEWAY_TIMEOUTS
from stream.runtime.settings import KafkaSettings, Settings
from tests.fixtures.slow_clients import SlowClients
from tests.fixtures.topics import read_topic
from tests.fixtures.waiting import DEADLOCK_S, eventually
from tests.plugin.gateway.gateways import PLATFORM, TENANT, message, pieces, signed_now

PARTITIONS = 4
CANARY = "a canary phrase 4711"


class Served:
    """A gateway process that accepts deliveries until its context ends."""

    def __init__(self, folder: Path, bootstrap_servers: str, **changes: str) -> None:
        """Serve with `changes` as further settings variables."""
        port, health_port = free_ports(2)
        self.url = f"http://127.0.0.1:{port}"
        # Not through a proxy that the environment names.
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=DEADLOCK_S)
        self.stage = StageProcess(
            "gateway",
            folder,
            health_url=f"http://127.0.0.1:{health_port}",
            env={
                "COUNTERPOINT_LOG_LEVEL": "debug",
                "COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS": bootstrap_servers,
                "COUNTERPOINT_KAFKA__PARTITIONS": str(PARTITIONS),
                "COUNTERPOINT_GATEWAY__PORT": str(port),
                "COUNTERPOINT_HEALTH__GATEWAY_PORT": str(health_port),
                "COUNTERPOINT_TENANTS__SAMPLE__WEBHOOK_SECRETS": json.dumps([PLATFORM.secret]),
                "COUNTERPOINT_TENANTS__SAMPLE__PSEUDONYM_KEY": base64.b64encode(b"k" * 32).decode(),
            }
            | changes,
        )

    def __enter__(self) -> Self:
        self.stage.launch()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stage.stop()
        self.http.close()

    def post(self, payload: dict[str, object], delivery: str = "d") -> httpx.Response:
        """Deliver a payload, signed for the current time."""
        raw, headers = signed_now(payload, delivery)
        return self.http.post("/v1/sample/events", content=raw, headers=headers)

    def troubles(self) -> str:
        """Return the Kafka trouble that /readyz reports, empty if there is none or no answer yet."""
        try:
            answer = self.http.get(f"{self.stage.health_url}/readyz")
            return str(answer.json()["troubles"].get("kafka", ""))
        except httpx.TransportError:
            return ""


@pytest.fixture(scope="module")
def broker(fresh_kafka: Callable[[], KafkaBroker]) -> KafkaBroker:
    """Return a broker of this module's own, since a test kills it."""
    kafka = fresh_kafka()
    topics.create_missing_topics(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, partitions=PARTITIONS))
    return kafka


@pytest.fixture
def gateway(broker: KafkaBroker, tmp_path: Path) -> Iterator[Served]:
    """Yield a gateway process that is ready."""
    with Served(tmp_path, broker.bootstrap_servers) as served:
        served.stage.wait_ready()
        yield served


def texts_on(broker: KafkaBroker, conversation: str) -> list[str]:
    """Return every text of a conversation on the messages topic, in order."""
    key = f"sample:{conversation}".encode()
    found = read_topic(broker.bootstrap_servers, MESSAGES, PARTITIONS)
    return [json.loads(record.value or b"")["text"] for record in found if record.key == key]


def pseudonym(reference: str) -> str:
    """Return the gateway's pseudonym of a conversation's reference."""
    return Pseudonyms(b"k" * 32).conversation(reference)


def test_an_accepted_message_is_on_its_partition(gateway: Served, broker: KafkaBroker) -> None:
    """An accepted message has its key, its partition, binary mode and the broker's append time."""
    assert gateway.post(message(1, "on the topic", conversation_id="placed"), "placed").status_code == 202
    reader = KafkaConsumer(
        MESSAGES,
        bootstrap_servers=broker.bootstrap_servers,
        auto_offset_reset="earliest",
        consumer_timeout_ms=int(DEADLOCK_S * 1000),
    )
    record = next(record for record in reader if b"on the topic" in record.value)
    reader.close()
    assert record.key == f"sample:{pseudonym('placed')}".encode()
    assert record.partition == partition_of(record.key, PARTITIONS)
    assert record.timestamp_type == 1  # LogAppendTime
    assert dict(record.headers)["ce_type"] == b"counterpoint.message.v1"


def test_without_its_broker_the_gateway_answers_in_time_and_recovers(gateway: Served, broker: KafkaBroker) -> None:
    """Without its broker the gateway answers 503 in time; after the broker's restart a retry is accepted."""
    assert gateway.post(message(1, conversation_id="outage"), "o-1").status_code == 202
    broker.kill()
    begun = time.monotonic()
    refused = gateway.post(message(2, conversation_id="outage"), "o-2")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    assert time.monotonic() - begun < 10 * GATEWAY_TIMEOUTS.acknowledge_s
    assert eventually(lambda: "does not answer" in gateway.troubles())
    assert gateway.http.get("/healthz").status_code == 200
    broker.start()
    assert eventually(lambda: gateway.post(message(2, conversation_id="outage"), "o-2").status_code == 202)
    assert eventually(gateway.stage.is_ready)


def test_a_gateway_killed_in_the_middle_loses_nothing_it_accepted(broker: KafkaBroker, tmp_path: Path) -> None:
    """A platform that retries after a kill of the gateway finds every message on the topic, in order."""
    expected = [f"words {number}" for number in range(60)]

    async def deliver(served: Served) -> None:
        async with httpx.AsyncClient(timeout=DEADLOCK_S, trust_env=False) as client:
            for number, words in enumerate(expected):
                if number == 30:
                    await asyncio.to_thread(served.stage.kill)
                    served.stage.launch()
                while True:
                    raw, headers = signed_now(message(number, words, conversation_id="killed"), f"k-{number}")
                    try:
                        answer = await client.post(f"{served.url}/v1/sample/events", content=raw, headers=headers)
                    except httpx.TransportError:
                        await asyncio.sleep(0.05)
                        continue
                    if answer.status_code == 202:
                        break
                    await asyncio.sleep(0.05)

    with Served(tmp_path, broker.bootstrap_servers) as served:
        asyncio.run(deliver(served))
    found = texts_on(broker, pseudonym("killed"))
    assert list(dict.fromkeys(found)) == expected


def test_sigterm_ends_it_with_what_it_holds_answered(gateway: Served) -> None:
    """After SIGTERM the gateway answers requests in flight and exits with status 0."""
    raw, headers = signed_now(message(1, conversation_id="leaving"), "l-1")
    with socket.create_connection(("127.0.0.1", int(gateway.url.rpartition(":")[2]))) as line:
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        line.sendall(f"POST /v1/sample/events HTTP/1.1\r\nhost: x\r\ncontent-length: {len(raw)}\r\n{head}\r\n".encode())
        line.sendall(raw[:10])
        assert eventually(lambda: gateway.http.get("/healthz").status_code == 200)
        gateway.stage.send_signal(signal.SIGTERM)
        line.sendall(raw[10:])
        assert line.recv(1000).startswith(b"HTTP/1.1 202")
    assert gateway.stage.wait(DEADLOCK_S) == 0


def test_a_body_without_length_is_cut_off_at_the_limit(gateway: Served) -> None:
    """A chunked body over the limit is answered with 413."""
    headers = PLATFORM.sign(b"x", datetime.now(UTC))
    answer = gateway.http.post("/v1/sample/events", content=pieces(b"x" * 300_000, 10_000), headers=headers)
    assert answer.status_code == 413


def test_no_word_of_a_message_is_in_the_log(gateway: Served) -> None:
    """The debug log contains no text or reference of published, refused or denied deliveries."""
    gateway.post(message(1, CANARY), "c-1")
    gateway.post(message(1, CANARY, role=CANARY), "c-2")
    gateway.post({"type": CANARY, CANARY: CANARY}, "c-3")
    raw, headers = signed_now(message(1, CANARY), "c-4")
    gateway.http.post(f"/v1/{CANARY}/events", content=raw, headers=headers)
    log = gateway.stage.log.read_text()
    assert '"delivery_refused"' in log
    assert "canary" not in log
    assert "user@example.org" not in log


def test_it_starts_without_a_broker_and_says_so(tmp_path: Path) -> None:
    """The gateway starts without a broker, reports it as not ready and answers 503."""
    (nobody,) = free_ports(1)
    with Served(tmp_path, f"127.0.0.1:{nobody}") as served:
        assert eventually(lambda: "does not answer" in served.troubles())
        assert served.post(message()).status_code == 503


def test_an_address_in_use_is_a_sentence() -> None:
    """An address in use is reported as a sentence that names the settings to change."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings = Settings.model_validate({"gateway": {"port": port}, "tenants": {"sample": TENANT}})
        with pytest.raises(Misconfigured, match=f"cannot listen on 127.0.0.1:{port}"):
            run(settings)


def test_readiness_and_metrics_are_not_for_the_public(gateway: Served) -> None:
    """The port that platforms reach says that the gateway is alive; what it does and knows is on a port of its own."""
    raw, headers = signed_now(message(), "m-1")
    gateway.http.post("/v1/a-guessed-name/events", content=raw, headers=headers)
    assert gateway.http.get("/healthz").json() == {"status": "alive"}
    assert [gateway.http.get(path).status_code for path in ("/readyz", "/metrics")] == [404, 404]
    metrics = gateway.http.get(f"{gateway.stage.health_url}/metrics").text
    assert 'counterpoint_gateway_events_total{outcome="denied",tenant="unknown"}' in metrics
    assert "guessed" not in metrics + gateway.stage.log.read_text()


def test_an_address_for_probes_in_use_is_a_sentence() -> None:
    """An address for readiness in use is reported as a sentence that names the settings to change."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings = Settings.model_validate(
            {"gateway": {"port": 0}, "health": {"gateway_port": port}, "tenants": {"sample": TENANT}}
        )
        with pytest.raises(Misconfigured, match=rf"127.0.0.1:{port} .*\[health\]"):
            run(settings)


def test_a_thousand_slow_connections_keep_no_signed_sender_out(gateway: Served, broker: KafkaBroker) -> None:
    """While half-sent headers and endless bodies are held from the same address, deliveries are taken and probes work.

    The sender opens a connection for each delivery, as one without a pool does.
    """

    def forged() -> bytes:
        headers = PLATFORM.sign(b"another body", datetime.now(UTC))
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"POST /v1/sample/events HTTP/1.1\r\nhost: x\r\ncontent-length: 200000\r\n{head}\r\n".encode()

    port = int(gateway.url.rpartition(":")[2])
    words = [f"words {number}" for number in range(20)]
    with SlowClients(port, 1_000, forged) as clients:
        for number, text in enumerate(words):
            raw, headers = signed_now(message(number, text, conversation_id="crowded"), f"s-{number}")
            url = f"{gateway.url}/v1/sample/events"
            answer = httpx.post(url, content=raw, headers=headers, trust_env=False, timeout=DEADLOCK_S)
            assert answer.status_code == 202
            assert httpx.get(f"{gateway.url}/healthz", trust_env=False, timeout=DEADLOCK_S).status_code == 200
            assert gateway.stage.is_ready()
    assert clients.opened >= 1_000
    assert texts_on(broker, pseudonym("crowded")) == words
    metrics = httpx.get(f"{gateway.stage.health_url}/metrics", trust_env=False).text
    assert re.search(r'counterpoint_connections_closed_total\{reason="crowded"\} [1-9]', metrics)


def test_the_gateway_does_not_start_without_tenants() -> None:
    """The gateway does not start without tenants."""
    with pytest.raises(Misconfigured, match="No tenant"):
        run(Settings())
