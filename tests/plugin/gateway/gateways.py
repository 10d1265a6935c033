"""A gateway without a broker, and deliveries to it."""

import asyncio
import base64
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from plugin.adapters.webhook import StandardWebhook
from plugin.gateway.app import Gateway, application
from plugin.gateway.repeats import Repeats
from plugin.gateway.tenants import known_tenants
from stream.contracts.errors import Unavailable
from stream.runtime.codec import Encoded
from stream.runtime.health import Health
from stream.runtime.settings import Gateway as GatewaySettings
from stream.runtime.settings import Tenant
from tests.plugin.adapters.adapters_under_test import NOW, StandardWebhookBench, raw_of

BENCH = StandardWebhookBench(StandardWebhook())
TENANT = Tenant.model_validate(
    {"webhook_secrets": [BENCH.secret, BENCH.next_secret], "pseudonym_key": base64.b64encode(b"k" * 32).decode()}
)


@dataclass
class Broker:
    """Stands where the broker would: keeps records, is away when told, acknowledges when `open` is set."""

    records: list[Encoded] = field(default_factory=list)
    away: bool = False
    open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.open.set()

    async def publish(self, record: Encoded) -> None:
        """Acknowledge when open, unless away."""
        await self.open.wait()
        if self.away:
            raise Unavailable("the broker", 2)
        self.records.append(record)

    def data(self) -> list[dict[str, Any]]:
        """Every record's data."""
        return [json.loads(record.value) for record in self.records]


@dataclass
class Time:
    """Seconds that pass when told."""

    seconds: float = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.seconds


@dataclass
class Bench:
    """A gateway in this process and a platform that posts to it."""

    broker: Broker = field(default_factory=Broker)
    health: Health = field(default_factory=lambda: Health("kafka"))
    time: Time = field(default_factory=Time)
    settings: GatewaySettings = field(default_factory=GatewaySettings)

    def __post_init__(self) -> None:
        gateway = Gateway(
            settings=self.settings,
            tenants=known_tenants({"sample": TENANT}),
            adapter=StandardWebhook(),
            publisher=self.broker,
            repeats=Repeats(600, self.time),
            now=lambda: NOW,
        )
        transport = httpx.ASGITransport(application(gateway, self.health))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://gateway")

    async def post(
        self, payload: dict[str, Any] | bytes, *, tenant: str = "sample", delivery: str = "", **headers: str
    ) -> httpx.Response:
        """Deliver a payload, signed for NOW under an id of its own unless one is given."""
        raw = payload if isinstance(payload, bytes) else raw_of(payload)
        signed = BENCH.sign(raw, NOW, delivery=delivery or str(uuid.uuid4()))
        return await self.client.post(f"/v1/{tenant}/events", content=raw, headers=signed | headers)


def message(number: int = 1, text: str = "hello", **more: object) -> dict[str, Any]:
    """A consented message, and the same with other fields."""
    return BENCH.text_payload(text) | {"message_id": f"m-{number}"} | more


def signed_now(payload: dict[str, Any], delivery: str) -> tuple[bytes, dict[str, str]]:
    """Body and headers for a gateway that goes by the real clock."""
    raw = raw_of(payload)
    return raw, BENCH.sign(raw, datetime.now(UTC), delivery=delivery)


def pieces(raw: bytes, size: int) -> Iterator[bytes]:
    """A body in chunks, without Content-Length."""
    return (raw[start : start + size] for start in range(0, len(raw), size))
