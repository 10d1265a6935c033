"""A gateway on loopback for replay tests: the real application on a real server with a list instead of a broker."""

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import uvicorn

from plugin.gateway.app import Gateway, create_application
from plugin.gateway.repeats import Repeats
from plugin.gateway.tenants import known_tenants
from plugin.local.loopback import free_ports
from stream.contracts.errors import Unavailable
from stream.runtime.codec import EncodedRecord
from stream.runtime.settings import GatewaySettings, Settings, TenantSettings
from tests.fixtures.waiting import eventually
from tests.plugin.adapters.adapters_under_test import signing_secret

SECRET = signing_secret(b"r")
TENANT = TenantSettings.model_validate(
    {"webhook_secrets": [SECRET], "pseudonym_key": base64.b64encode(b"k" * 32).decode()}
)


@dataclass
class Topic:
    """A publisher that keeps records in a list; `away` is the number of publishes that fail first."""

    records: list[EncodedRecord] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)
    away: int = 0

    async def publish(self, record: EncodedRecord, topic: str) -> None:
        """Keep a record, or raise Unavailable while `away` is above 0."""
        if self.away:
            self.away -= 1
            raise Unavailable("the broker", 0)
        await asyncio.sleep(0)
        self.records.append(record)
        self.topics.append(topic)

    def data(self) -> list[dict[str, Any]]:
        """Return the data of every record."""
        return [json.loads(record.value) for record in self.records]

    def conversations(self) -> dict[str, list[dict[str, Any]]]:
        """Return the data by conversation, in order."""
        found: dict[str, list[dict[str, Any]]] = {}
        for data in self.data():
            found.setdefault(data["conversation_id"], []).append(data)
        return found

    def ids(self) -> set[bytes]:
        """Return the CloudEvents ids of all records."""
        return {dict(record.headers)["ce_id"] for record in self.records}


@contextmanager
def gateway() -> Iterator[tuple[Settings, Topic]]:
    """Serve a gateway for the tenant `sample`; yield settings with its address, and its topic."""
    topic = Topic()
    (port,) = free_ports(1)
    settings = Settings(gateway=GatewaySettings(port=port), tenants={"sample": TENANT})
    served = create_application(
        Gateway(
            settings=settings.gateway,
            tenants=known_tenants(settings.tenants),
            publisher=topic,
            repeats=Repeats(0, lambda: 0.0),  # remembers nothing, so that a repeat reaches the topic
            now=lambda: datetime.now(UTC),
            clock_ahead=timedelta(seconds=settings.sessions.clock_ahead_s),
            clock_back=timedelta(seconds=settings.sessions.clock_back_s),
        )
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
