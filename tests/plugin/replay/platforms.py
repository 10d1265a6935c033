"""A gateway on loopback for replays: the real application on a real server, with a list where the broker would be."""

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import uvicorn

from plugin.adapters.webhook import StandardWebhook
from plugin.gateway.app import Gateway, application
from plugin.gateway.repeats import Repeats
from plugin.gateway.tenants import known_tenants
from plugin.local.loopback import free_ports
from stream.contracts.errors import Unavailable
from stream.runtime.codec import Encoded
from stream.runtime.health import Health
from stream.runtime.settings import Gateway as GatewaySettings
from stream.runtime.settings import Settings, Tenant
from tests.fixtures.waiting import eventually

SECRET = "whsec_" + base64.b64encode(b"r" * 32).decode()
TENANT = Tenant.model_validate({"webhook_secrets": [SECRET], "pseudonym_key": base64.b64encode(b"k" * 32).decode()})


@dataclass
class Topic:
    """What was published, in order; `away` makes that many publishes fail first."""

    records: list[Encoded] = field(default_factory=list)
    away: int = 0

    async def publish(self, record: Encoded) -> None:
        """Keep a record."""
        if self.away:
            self.away -= 1
            raise Unavailable("the broker", 0)
        await asyncio.sleep(0)
        self.records.append(record)

    def data(self) -> list[dict[str, Any]]:
        """Every record's data."""
        return [json.loads(record.value) for record in self.records]

    def conversations(self) -> dict[str, list[dict[str, Any]]]:
        """Data by conversation, in order."""
        found: dict[str, list[dict[str, Any]]] = {}
        for data in self.data():
            found.setdefault(data["conversation_id"], []).append(data)
        return found

    def ids(self) -> set[bytes]:
        """The CloudEvents ids."""
        return {dict(record.headers)["ce_id"] for record in self.records}


@contextmanager
def gateway() -> Iterator[tuple[Settings, Topic]]:
    """Serve the tenant `sample`; the settings say where."""
    topic = Topic()
    (port,) = free_ports(1)
    settings = Settings(gateway=GatewaySettings(port=port), tenants={"sample": TENANT})
    served = application(
        Gateway(
            settings=settings.gateway,
            tenants=known_tenants(settings.tenants),
            adapter=StandardWebhook(),
            publisher=topic,
            repeats=Repeats(0, lambda: 0.0),  # remembers nothing, so that a repeat reaches the topic
            now=lambda: datetime.now(UTC),
        ),
        Health(),
    )
    server = uvicorn.Server(uvicorn.Config(served, port=port, log_config=None, lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert eventually(lambda: server.started)
        yield settings, topic
    finally:
        server.should_exit = True
        thread.join()
