"""`counterpoint reconcile`: the process that asks platforms what their deliveries have lost."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Final

import httpx

from plugin.adapters.chatwoot import Chatwoot
from plugin.reconcile.chatwoot_api import ChatwootApi
from plugin.reconcile.reconciler import ReconciledTenant, Reconciler
from plugin.reconcile.topic import MessagesTopic
from plugin.tenants import pseudonyms_of
from stream.contracts.errors import Misconfigured, Unavailable
from stream.runtime.health import Health, ReadinessPart, serving
from stream.runtime.logging import get_logger
from stream.runtime.process import stopped_by_signals
from stream.runtime.settings import Settings

EVERY_S: Final = 60.0
"""Between two looks; a session that was closed without its words is rated again a minute or two later."""


def run(settings: Settings, *, once: bool = False) -> int:
    """Reconcile until SIGTERM or SIGINT, or once, and return the exit status: 1 if a platform could not be read.

    Raises:
        Misconfigured: no tenant has an API, a setting of one is missing, or the broker refuses our user.
        Unavailable: the broker is away, and it runs once.
    """
    stop = threading.Event()
    with stopped_by_signals(stop), reconciled_tenants(settings) as tenants:
        reconciler = Reconciler(tenants, MessagesTopic(settings.kafka), lambda: datetime.now(UTC))
        if once:
            return 1 if reconciler.look() else 0
        health = Health(ReadinessPart.KAFKA, ReadinessPart.PLATFORM)
        with serving(health, settings.health.host, settings.health.reconcile_port):
            look_until(stop, health, reconciler.look)
    return 0


@contextmanager
def reconciled_tenants(
    settings: Settings,
    *,
    transport: httpx.BaseTransport | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[list[ReconciledTenant]]:
    """Yield the tenants whose platform has an API in the settings, with connections that end with the block.

    Raises:
        Misconfigured: there is none, or one lacks a setting.
    """
    named = {name: tenant for name, tenant in settings.tenants.items() if tenant.chatwoot.api_url}
    if not named:
        raise Misconfigured("No platform could be asked. Set tenants.NAME.chatwoot.api_url, account and api_token.")
    with ExitStack() as opened:
        yield [
            ReconciledTenant(
                name,
                opened.enter_context(ChatwootApi(name, tenant, transport=transport, sleep=sleep)),
                Chatwoot(tenant),
                pseudonyms_of(settings.tenants, name),
            )
            for name, tenant in named.items()
        ]


def look_until(stop: threading.Event, health: Health, look: Callable[[], Mapping[str, str]]) -> None:
    """Look again and again until `stop` is set, and say in `health` what is wrong."""
    while not stop.is_set():
        try:
            troubles = look()
            health.set(ReadinessPart.KAFKA, None)
            health.set(ReadinessPart.PLATFORM, " ".join(troubles.values()) or None)
        except Unavailable as error:
            health.set(ReadinessPart.KAFKA, str(error))
            get_logger().warning("broker_away", retry_after_s=EVERY_S)
        stop.wait(EVERY_S)
