"""The measure of deliveries: signed webhooks at a steady rate through the gateway, while the broker restarts once.

Gateway, stream stage, broker and sender share this machine. The sender delivers again what was answered with 503, as a
platform does, and at the end every message must be on the topic.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import aiohttp  # comes with Faust; httpx takes several times the CPU, of the two cores that are measured

from bench.environment import BenchEnvironment, LogLine, cpu_s, percentile, resident_mb, start_environment
from bench.load import Event
from bench.measures import Figures, Scale
from bench.synthetic_load import SyntheticLoad
from plugin.local.demo_settings import TENANT
from plugin.local.loopback import ADDRESS, free_ports
from plugin.local.stage_process import StageProcess
from stream.contracts.messages import Message
from stream.contracts.topics import MESSAGES
from stream.runtime import stages

PER_SECOND: Final = 300
OPEN: Final = 2_000
"""Conversations that are under way at a time; of some 26 messages each, one ends each 90 ms."""
SECONDS: Final = 600
CONNECTIONS: Final = 200
"""How many the sender has: below the gateway's own bound, so that its answers are measured and not its refusals."""
GIVE_UP_AFTER_S: Final = 120.0
OUTAGE_MARGIN_S: Final = 10.0
"""Answers that came so long after the broker was back are still counted as of its outage: what waited comes then."""
_KEY: Final = b"deliveries of the benchmark, 32."
SECRET: Final = "whsec_" + base64.b64encode(_KEY).decode()
_ACCEPTED: Final = 202
_UNAVAILABLE: Final = 503


@dataclass
class Sent:
    """What a sender saw: each answer with its time and duration, and what was never accepted."""

    answers: list[tuple[float, float, int]] = field(default_factory=list)
    """When the answer came (monotonic seconds), how long it took in ms, and its status; 0 for no answer."""
    with_retry_after: int = 0
    """Answers of 503 that say when to come back."""
    lost: int = 0
    late_ms: list[float] = field(default_factory=list)
    """By how much each delivery began after its time, since the sender itself was busy or had no connection free."""


def deliveries(folder: Path, scale: Scale, log: LogLine) -> Figures:
    """Measure the gateway's answers at a steady rate of deliveries, over a restart of the broker."""
    seconds = scale.times(SECONDS)
    total = PER_SECOND * seconds
    load = SyntheticLoad(concurrent=OPEN)
    with start_environment(folder, log) as environment, environment.stream_worker() as worker:
        gateway, url = _gateway(folder, environment.servers)
        try:
            gateway.launch()
            worker.wait_ready()
            gateway.wait_ready()
            messages: set[str] = set()
            given = payloads(load.events(), total, messages)
            there = _measured(environment, gateway, url, given, seconds, log)
            ids = [message_id(record.value) for record in environment.read(MESSAGES) if is_message(record)]
            return there | {
                "messages sent": float(len(messages)),
                "of these on the topic": float(len(messages & set(ids))),
                "of these there twice": float(len(ids) - len(set(ids))),
            }
        finally:
            gateway.stop()


def payloads(events: Iterator[Event], total: int, messages: set[str]) -> Iterator[tuple[str, bytes]]:
    """Yield so many deliveries, each with its id and its body, and add the ids of their messages to a set.

    The names of the load stand for the platform's own.
    """
    for number, event in zip(range(total), events, strict=False):
        kind = "message" if isinstance(event, Message) else "session_end"
        if isinstance(event, Message):
            messages.add(event.message_id)
        body = {"type": kind, **event.model_dump(mode="json", exclude={"tenant", "revision"}, exclude_none=True)}
        yield f"bench-{number}", json.dumps(body).encode()


def signed(delivery: str, body: bytes, at: int) -> dict[str, str]:
    """Return the headers of a delivery, signed at a time in seconds since 1970."""
    digest = hmac.digest(_KEY, f"{delivery}.{at}.".encode() + body, hashlib.sha256)
    return {
        "content-type": "application/json",
        "webhook-id": delivery,
        "webhook-timestamp": str(at),
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


def _gateway(folder: Path, servers: str) -> tuple[StageProcess, str]:
    port, health_port = free_ports(2)
    tenants = {TENANT: {"webhook_secrets": [SECRET], "pseudonym_key": base64.b64encode(bytes(range(32))).decode()}}
    env = {
        "COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS": servers,
        "COUNTERPOINT_TENANTS": json.dumps(tenants),
        "COUNTERPOINT_GATEWAY__PORT": str(port),
        "COUNTERPOINT_HEALTH__GATEWAY_PORT": str(health_port),
    }
    name = stages.GATEWAY.name
    stage = StageProcess(name, folder / name, env=env, health_url=f"http://{ADDRESS}:{health_port}")
    return stage, f"http://{ADDRESS}:{port}/v1/{TENANT}/events"


def _measured(
    environment: BenchEnvironment,
    gateway: StageProcess,
    url: str,
    given: Iterator[tuple[str, bytes]],
    seconds: int,
    log: LogLine,
) -> Figures:
    log(f"{PER_SECOND} deliveries/s for {seconds} s, {OPEN} conversations at a time; the broker restarts halfway")
    assert gateway.pid is not None  # noqa: S101 - it is ready
    memory, stop = [resident_mb(gateway.pid)], threading.Event()
    outage: list[float] = []

    def watch(pid: int = gateway.pid) -> None:
        while not stop.wait(0.5):
            memory.append(resident_mb(pid))

    def restart() -> None:
        if not stop.wait(seconds / 2):
            outage.append(time.monotonic())
            environment.kafka.restart()
            outage.append(time.monotonic())

    threads = [threading.Thread(target=each) for each in (watch, restart)]
    for thread in threads:
        thread.start()
    cpu_before, own_before, began = cpu_s(gateway.pid), time.process_time(), time.monotonic()
    try:
        sent = asyncio.run(send(url, given, per_second=PER_SECOND))
        took_s = time.monotonic() - began
        cpu, own_cpu = cpu_s(gateway.pid) - cpu_before, time.process_time() - own_before
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return figures(sent, outage) | {
        "all of them took, s": took_s,
        "CPU of the gateway a request, ms": 1000 * cpu / len(sent.answers),
        "CPU of the sender a request, ms": 1000 * own_cpu / len(sent.answers),
        "gateway memory at the start, MB": memory[0],
        "gateway memory at most, MB": max(memory),
        "gateway memory at the end, MB": memory[-1],
    }


async def send(url: str, given: Iterator[tuple[str, bytes]], *, per_second: float) -> Sent:
    """Send each delivery at its time, whatever became of those before it, and again until it is accepted."""
    sent, free = Sent(), asyncio.Semaphore(CONNECTIONS)
    connector, limit = aiohttp.TCPConnector(limit=CONNECTIONS), aiohttp.ClientTimeout(15)
    async with aiohttp.ClientSession(connector=connector, timeout=limit) as client, asyncio.TaskGroup() as group:
        started = time.monotonic()
        for number, (delivery, body) in enumerate(given):
            due = started + number / per_second
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            group.create_task(_deliver(client, url, delivery, body, due, sent, free))
    return sent


async def _deliver(
    client: aiohttp.ClientSession, url: str, delivery: str, body: bytes, due: float, sent: Sent, free: asyncio.Semaphore
) -> None:
    is_first = True
    while time.monotonic() < due + GIVE_UP_AFTER_S:
        async with free:
            began = time.monotonic()
            if is_first:
                sent.late_ms.append((began - due) * 1000)
            try:
                headers = signed(delivery, body, int(datetime.now(UTC).timestamp()))
                async with client.post(url, data=body, headers=headers) as answer:
                    await answer.read()
                    status, wait_s = answer.status, answer.headers.get("retry-after")
            except (aiohttp.ClientError, TimeoutError):
                status, wait_s = 0, None
            came = time.monotonic()
        sent.answers.append((came, (came - began) * 1000, status))
        sent.with_retry_after += status == _UNAVAILABLE and wait_s is not None
        if status == _ACCEPTED:
            return
        is_first = False
        await asyncio.sleep(float(wait_s or 1))
    sent.lost += 1


def figures(sent: Sent, outage: list[float]) -> Figures:
    """Return what the answers come to, apart for the outage of the broker and for the rest."""
    began, ended = outage if len(outage) == 2 else (0.0, 0.0)  # noqa: PLR2004 - a beginning and an end
    quiet: list[float] = []
    disturbed: list[float] = []
    for came, took_ms, _ in sent.answers:
        is_disturbed = began <= came <= ended + OUTAGE_MARGIN_S or began <= came - took_ms / 1000 <= ended
        (disturbed if is_disturbed else quiet).append(took_ms)
    refused = Counter(status for *_, status in sent.answers)
    refused.pop(_ACCEPTED, None)
    unavailable = refused.pop(_UNAVAILABLE, 0)
    made = {
        "answer p50, ms": percentile(quiet, 0.5),
        "answer p99, ms": percentile(quiet, 0.99),
        "begun late by the sender p99, ms": percentile(sent.late_ms, 0.99),
        "broker away, s": ended - began,
        "answers of 503, all of them with Retry-After": float(unavailable),
        "answers of 503 without Retry-After": float(unavailable - sent.with_retry_after),
        "other answers, or none": float(sum(refused.values())),
        "deliveries never accepted": float(sent.lost),
    }
    if disturbed:
        made["answer p99 around the restart, ms"] = percentile(disturbed, 0.99)
    return made


def is_message(record: object) -> bool:
    """Return whether a record of the topic is a message, and not an end of a session or a tick of the stream stage."""
    headers = dict(getattr(record, "headers", None) or ())
    return bool(headers.get("ce_type", b"").endswith(Message.event_type.encode()))


def message_id(value: bytes) -> str:
    """Return the id of a message in a record's value."""
    return str(json.loads(value)["message_id"])
