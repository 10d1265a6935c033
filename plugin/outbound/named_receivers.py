"""The receivers of signed webhooks that the settings name, for `counterpoint receivers`."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import uuid4

from plugin.outbound.risk_delivery import TIMEOUT_S
from plugin.outbound.webhook import Answer, signed_webhook
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import Settings, WebhookReceiverSettings

TEST_NOTE: Final = "A test that an operator sent. Nothing has happened."


@dataclass(frozen=True)
class NamedReceiver:
    """A receiver with the name by which operators call it, and its place in the settings."""

    name: str
    purpose: str
    place: str
    settings: WebhookReceiverSettings


def named_receivers(settings: Settings) -> Iterator[NamedReceiver]:
    """Yield the receivers of the settings, those of risk signals first."""
    for tenant in sorted(settings.risk_tenants):
        risk, place = settings.tenants[tenant].risk, f"tenants.{tenant}.risk"
        yield NamedReceiver(f"{tenant}/risk", f"risk signals of {tenant}", f"{place}.receiver", risk.receiver)
        if risk.escalation.url:
            escalated = f"those that nobody acknowledged within {risk.acknowledge_within_s:g} s"
            yield NamedReceiver(f"{tenant}/escalation", escalated, f"{place}.escalation", risk.escalation)
    for name, receiver in sorted(settings.delivery.webhooks.items()):
        yield NamedReceiver(name, "digests", f"delivery.webhooks.{name}", receiver)


def try_receiver(settings: Settings, name: str, now: Callable[[], datetime]) -> Answer:
    """Send a signed test to a receiver, and return what it answered.

    Raises:
        Misconfigured: no receiver has this name, or it lacks what it needs.
    """
    known = {receiver.name: receiver for receiver in named_receivers(settings)}
    if name not in known:
        raise Misconfigured(f"There is no receiver {name}; the settings name {', '.join(known) or 'none'}.")
    receiver = signed_webhook(known[name].place, known[name].settings, now, timeout_s=TIMEOUT_S)
    body = {"type": "receiver.test", "timestamp": now().isoformat(), "data": {"note": TEST_NOTE}}
    return receiver.post(uuid4(), json.dumps(body))
