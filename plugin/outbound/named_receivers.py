"""The receivers of signed webhooks by name, for `counterpoint receivers`: those of the settings, and stored ones."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from plugin.database.engine import temporary_engine
from plugin.database.receivers_key import SETTING
from plugin.outbound.risk_delivery import TIMEOUT_S
from plugin.outbound.stored_receivers import StoredReceivers
from plugin.outbound.webhook import Answer, signed_webhook, trial_body
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import Settings, WebhookReceiverSettings, required_secret


@dataclass(frozen=True)
class NamedReceiver:
    """A receiver with the name by which operators call it, and its place in the settings."""

    name: str
    purpose: str
    tenant: str
    place: str
    settings: WebhookReceiverSettings


def named_receivers(settings: Settings) -> Iterator[NamedReceiver]:
    """Yield the receivers of the settings: those of risk signals, which are told without a database."""
    for tenant in sorted(settings.risk_tenants):
        risk, place = settings.tenants[tenant].risk, f"tenants.{tenant}.risk"
        yield NamedReceiver(f"{tenant}/risk", "risk signals", tenant, f"{place}.receiver", risk.receiver)
        if risk.escalation.url:
            escalated = f"risk signals not acknowledged within {risk.acknowledge_within_s:g} s"
            yield NamedReceiver(f"{tenant}/escalation", escalated, tenant, f"{place}.escalation", risk.escalation)


def try_receiver(settings: Settings, name: str, now: Callable[[], datetime]) -> Answer:
    """Send a signed test to a receiver, of the settings or a stored one, and return what it answered.

    Raises:
        Misconfigured: no receiver has this name, or it lacks what it needs.
        Unavailable: it is a stored one, and the database is away.
    """
    known = {receiver.name: receiver for receiver in named_receivers(settings)}
    if name in known:
        receiver = signed_webhook(known[name].place, known[name].settings, now, timeout_s=TIMEOUT_S)
        return receiver.post(*trial_body(now()))
    if not settings.delivery.stores_receivers:
        there = ", ".join(known) or "none"
        raise Misconfigured(f"There is no receiver {name}; the settings name {there}, and {SETTING} is not set.")
    with temporary_engine(required_secret(settings.database.url, "database.url")) as engine:
        return StoredReceivers(engine, settings.delivery, now=now).test(name)
