"""Slow clients, however many, keep no signed delivery out of the gateway."""

import time
from datetime import UTC, datetime

import httpx
import pytest

from plugin.local.demo_settings import TENANT
from tests.e2e.conversations import RESISTANT
from tests.fixtures.slow_clients import SlowClients
from tests.fixtures.system import RunningSystem
from tests.fixtures.waiting import DEADLOCK_S, wait_until

CONNECTIONS = 1_000
HELD_S, HELD_LONG_S = 3.0, 60.0
WITHIN_S = 1.0
"""How soon a signed delivery is answered meanwhile; judged in the long run alone."""


def forged_head() -> bytes:
    """Return headers that could be valid, so that the gateway waits for the body."""
    return (
        f"POST /v1/{TENANT}/events HTTP/1.1\r\nhost: x\r\ncontent-length: 200000\r\nwebhook-id: d\r\n"
        f"webhook-timestamp: {int(datetime.now(UTC).timestamp())}\r\nwebhook-signature: v1,{'A' * 43}=\r\n\r\n"
    ).encode()


@pytest.mark.fault("1,000 slow connections", holds="a signed delivery gets its 202 within a second; nothing is lost")
def test_slow_connections_keep_no_delivery_out(system: RunningSystem, measured: dict[str, str], long: bool) -> None:
    """Half-sent headers and bodies that never end, from the sender's own address, for a minute in the long run."""
    gateway = system.settings.gateway
    conversation = system.new_conversation()
    slowest, sent = 0.0, 0
    with SlowClients(gateway.port, CONNECTIONS, forged_head) as clients:
        over = time.monotonic() + (HELD_LONG_S if long else HELD_S)
        while time.monotonic() < over or sent < len(RESISTANT):
            role, words = RESISTANT[sent % len(RESISTANT)]
            begun = time.monotonic()
            system.http = httpx.Client(trust_env=False, timeout=DEADLOCK_S)  # a new connection for each delivery
            with system.http:
                conversation.say(role, words)
            slowest, sent = max(slowest, time.monotonic() - begun), sent + 1
            assert httpx.get(
                f"http://{gateway.host}:{gateway.port}/healthz", trust_env=False, timeout=DEADLOCK_S
            ).is_success
    system.http = httpx.Client(trust_env=False, timeout=DEADLOCK_S)
    conversation.end()
    wait_until(conversation.sessions, "the session is stored")
    (session,) = conversation.sessions()
    assert session["counts"]["messages"] == sent
    measured["connections opened meanwhile"] = str(clients.opened)
    measured["deliveries, and the slowest answer"] = f"{sent}, {slowest:.2f} s"
    if long:
        assert slowest < WITHIN_S
