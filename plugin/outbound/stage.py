"""`counterpoint deliver`: the process that sends digests, with a thread for planning and one for each receiver."""

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from functools import partial
from typing import Final

from plugin.database.engine import temporary_engine, utc_now
from plugin.outbound.deliverer import Deliverer
from plugin.outbound.receivers import MailServer, Receiver, WebhookReceiver
from stream.contracts.errors import Misconfigured, Unavailable
from stream.runtime.health import Health, ReadinessPart, serving
from stream.runtime.logging import get_logger
from stream.runtime.process import stopped_by_signals
from stream.runtime.settings import Settings, required_secret
from stream.runtime.stages import DELIVER

PLAN_EVERY_S: Final = 60.0
"""Digests are due at full hours: a minute later is soon enough."""
LOOK_EVERY_S: Final = 10.0


def run(settings: Settings, *, once: bool = False) -> int:
    """Deliver digests until SIGTERM or SIGINT, or with `once` what is due now, and return the exit status.

    Raises:
        Misconfigured: a setting that it needs is missing or wrong.
        Unavailable: the database is away, and it runs once.
    """
    receivers, public_url = receivers_of(settings), public_url_of(settings)
    with temporary_engine(required_secret(settings.database.url, "database.url")) as engine:
        deliverer = Deliverer(engine, public_url, now=utc_now)
        stop = threading.Event()
        with stopped_by_signals(stop):
            if once:
                _deliver_once(deliverer, receivers, stop)
            else:
                _deliver_until(stop, deliverer, receivers, settings)
    return 0


def receivers_of(settings: Settings) -> tuple[Receiver, ...]:
    """Return the receivers of the settings.

    Raises:
        Misconfigured: there is none, or one lacks what it needs.
    """
    delivery = settings.delivery
    webhooks = [WebhookReceiver(name, each, utc_now) for name, each in delivery.webhooks.items()]
    mail = [MailServer(delivery.mail, utc_now)] if delivery.mail.host else []
    if not (mail or webhooks):
        raise Misconfigured("No digest could go anywhere. Set delivery.mail.host, or delivery.webhooks.NAME.")
    return (*mail, *webhooks)


def public_url_of(settings: Settings) -> str:
    """Return the address at which people open the page, to which digests lead.

    Raises:
        Misconfigured: the settings do not name it.
    """
    if not settings.web.public_url:
        raise Misconfigured("web.public_url is not set. Digests lead to it: the address at which people open the page.")
    return settings.web.public_url


def _deliver_once(deliverer: Deliverer, receivers: tuple[Receiver, ...], stop: threading.Event) -> None:
    deliverer.plan()
    with ThreadPoolExecutor(len(receivers)) as pool:
        for done in [pool.submit(_deliver_all, deliverer, receiver, stop) for receiver in receivers]:
            done.result()


def _deliver_until(
    stop: threading.Event, deliverer: Deliverer, receivers: tuple[Receiver, ...], settings: Settings
) -> None:
    health = Health(ReadinessPart.DATABASE)
    with (
        serving(health, *DELIVER.address(settings)),
        ThreadPoolExecutor(len(receivers) + 1) as pool,
    ):
        work = [pool.submit(_repeat, stop, health, PLAN_EVERY_S, partial(_plan, deliverer))]
        for receiver in receivers:
            deliver = partial(_deliver_all, deliverer, receiver, stop)
            work.append(pool.submit(_repeat, stop, health, LOOK_EVERY_S, deliver))
        wait(work, return_when=FIRST_EXCEPTION)
        stop.set()  # a fault of ours in one thread ends the process, which is then started again as a whole
        for done in work:
            done.result()


def _plan(deliverer: Deliverer) -> None:
    deliverer.plan()
    deliverer.measure()


def _deliver_all(deliverer: Deliverer, receiver: Receiver, stop: threading.Event) -> None:
    while not stop.is_set() and deliverer.deliver_one(receiver):
        pass


def _repeat(stop: threading.Event, health: Health, every_s: float, work: Callable[[], object]) -> None:
    while not stop.is_set():
        try:
            work()
            health.set(ReadinessPart.DATABASE, None)
        except Unavailable as error:
            health.set(ReadinessPart.DATABASE, str(error))
            get_logger().warning("database_away", retry_after_s=every_s)
        stop.wait(every_s)
