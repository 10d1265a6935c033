"""A gateway without a broker for tests, and signed deliveries to it."""

import asyncio
import base64
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from plugin.adapter_contract import NOW
from plugin.adapters.webhook import StandardWebhook
from plugin.gateway.app import Gateway, create_application
from plugin.gateway.matrix import matrix_routes
from plugin.gateway.repeats import Repeats
from plugin.gateway.tenants import known_tenants
from stream.contracts.errors import Unavailable
from stream.runtime.codec import EncodedRecord
from stream.runtime.settings import GatewaySettings, TenantSettings
from tests.plugin.adapters.adapters_under_test import StandardWebhookPlatform, raw_of

PLATFORM = StandardWebhookPlatform(StandardWebhook())
TENANT = TenantSettings.model_validate(
    {"webhook_secrets": [PLATFORM.secret, PLATFORM.next_secret], "pseudonym_key": base64.b64encode(b"k" * 32).decode()}
)
CLOCK_AHEAD = timedelta(seconds=120)
CLOCK_BACK = timedelta(days=1)


@dataclass
class MemoryPublisher:
    """A publisher that keeps records in memory, fails while `away` and acknowledges once `open` is set."""

    records: list[EncodedRecord] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)
    away: bool = False
    asked: int = 0
    """Calls so far, those that still wait for `open` among them."""
    open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.open.set()

    async def publish(self, record: EncodedRecord, topic: str) -> None:
        """Keep a record once `open` is set, or raise Unavailable while `away`."""
        self.asked += 1
        await self.open.wait()
        if self.away:
            raise Unavailable("the broker", 2)
        self.records.append(record)
        self.topics.append(topic)

    def data(self) -> list[dict[str, Any]]:
        """Return the data of every record."""
        return [json.loads(record.value) for record in self.records]


@dataclass
class ManualTimer:
    """A timer whose seconds pass only when a test sets them."""

    seconds: float = 0.0

    def __call__(self) -> float:
        """Return the current seconds."""
        return self.seconds


@dataclass
class GatewayHarness:
    """A gateway in this process with a client that posts to it as a platform."""

    publisher: MemoryPublisher = field(default_factory=MemoryPublisher)
    timer: ManualTimer = field(default_factory=ManualTimer)
    settings: GatewaySettings = field(default_factory=GatewaySettings)
    tenants: Mapping[str, TenantSettings] = field(default_factory=lambda: {"sample": TENANT})

    def __post_init__(self) -> None:
        gateway = Gateway(
            settings=self.settings,
            tenants=known_tenants(self.tenants),
            publisher=self.publisher,
            repeats=Repeats(600, self.timer),
            now=lambda: NOW,
            clock_ahead=CLOCK_AHEAD,
            clock_back=CLOCK_BACK,
        )
        self.app = create_application(gateway, further=matrix_routes(gateway))
        transport = httpx.ASGITransport(self.app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://gateway")

    async def post(
        self, payload: dict[str, Any] | bytes, *, tenant: str = "sample", delivery: str = "", **headers: str
    ) -> httpx.Response:
        """Deliver a payload, signed for NOW, under a new id unless one is given."""
        raw = payload if isinstance(payload, bytes) else raw_of(payload)
        signed = PLATFORM.sign(raw, NOW, delivery=delivery or str(uuid.uuid4()))
        return await self.client.post(f"/v1/{tenant}/events", content=raw, headers=signed | headers)

    async def post_as(
        self, headers: dict[str, str], raw: bytes, path: str = "/v1/sample/events", method: str = "POST"
    ) -> httpx.Response:
        """Send a request with these headers alone."""
        return await self.client.request(method, path, content=raw, headers=headers)


def message(number: int = 1, text: str = "hello", **more: object) -> dict[str, Any]:
    """Return the payload of a consented message, with other fields if given."""
    return PLATFORM.text_payload(text) | {"message_id": f"m-{number}"} | more


def signed_now(payload: dict[str, Any], delivery: str) -> tuple[bytes, dict[str, str]]:
    """Return body and headers, signed for the current time, for a gateway that uses the real clock."""
    raw = raw_of(payload)
    return raw, PLATFORM.sign(raw, datetime.now(UTC), delivery=delivery)


def pieces(raw: bytes, size: int) -> Iterator[bytes]:
    """Return a body in chunks, which is sent without Content-Length."""
    return (raw[start : start + size] for start in range(0, len(raw), size))
