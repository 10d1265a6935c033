"""The part of `counterpoint deliver` that tells platforms of risk signals: one reader for each receiver.

Each has a group of its own on the broker, so one that is slow or away holds nobody else's signals.
"""

import threading
from collections.abc import Callable, Iterator

from sqlalchemy import Engine

from plugin.database.engine import utc_now
from plugin.outbound.escalation import Escalator
from plugin.outbound.group_reader import GroupReader
from plugin.outbound.risk_delivery import TIMEOUT_S, ReceiverTroubles, RiskDelivery
from plugin.outbound.webhook import SignedWebhook, signed_webhook
from stream.contracts.topics import RISK
from stream.runtime.health import Health
from stream.runtime.settings import Settings
from stream.runtime.stages import DELIVER


def risk_receivers_of(settings: Settings) -> dict[str, SignedWebhook]:
    """Return the receiver of each platform that takes risk signals.

    Raises:
        Misconfigured: one has no secret with which it could verify a signal.
    """
    return {tenant: risk_receiver(settings, tenant) for tenant in sorted(settings.risk_tenants)}


def risk_receiver(settings: Settings, tenant: str) -> SignedWebhook:
    """Return the receiver of one platform's risk signals.

    Raises:
        Misconfigured: it has no address, or no secret with which it could verify a signal.
    """
    receiver = settings.tenants[tenant].risk.receiver
    return signed_webhook(f"tenants.{tenant}.risk.receiver", receiver, utc_now, timeout_s=TIMEOUT_S)


def escalation_receiver(settings: Settings, tenant: str) -> SignedWebhook:
    """Return the receiver of those signals of one platform that nobody has acknowledged in time.

    Raises:
        Misconfigured: it lacks an address or a secret.
    """
    escalation = settings.tenants[tenant].risk.escalation
    if not escalation.url:
        return risk_receiver(settings, tenant)
    return signed_webhook(f"tenants.{tenant}.risk.escalation", escalation, utc_now, timeout_s=TIMEOUT_S)


def escalators_of(settings: Settings, engine: Engine) -> list[Escalator]:
    """Return the escalator of each platform that is to acknowledge its signals.

    Raises:
        Misconfigured: the receiver of one lacks an address or a secret.
    """
    within_s = {tenant: settings.tenants[tenant].risk.acknowledge_within_s for tenant in sorted(settings.risk_tenants)}
    return [
        Escalator(engine, tenant, escalation_receiver(settings, tenant), seconds, now=utc_now)
        for tenant, seconds in within_s.items()
        if seconds
    ]


def risk_work(
    settings: Settings, receivers: dict[str, SignedWebhook], health: Health, stop: threading.Event
) -> Iterator[Callable[[], None]]:
    """Yield what tells each receiver until `stop` is set, for a thread of its own."""
    troubles = ReceiverTroubles(health)
    for tenant, receiver in receivers.items():
        delivery = RiskDelivery(
            tenant,
            receiver,
            troubles,
            partitions=settings.kafka.partitions,
            give_up_after_s=settings.tenants[tenant].risk.give_up_after_s,
            now=utc_now,
        )
        yield GroupReader(settings.kafka, DELIVER, RISK, DELIVER.group_for(tenant), delivery.handle, health, stop).run
