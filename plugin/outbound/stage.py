"""`counterpoint deliver`: the process that sends digests, notices and risk signals, with a thread for each receiver."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack
from functools import partial
from typing import Final

from plugin.database.engine import temporary_engine, utc_now
from plugin.outbound.deliverer import Deliverer
from plugin.outbound.escalation import Escalator
from plugin.outbound.receiver_pool import ReceiverPool
from plugin.outbound.receivers import MailServer, Receiver, WebhookReceiver
from plugin.outbound.release_delivery import ReleaseDelivery
from plugin.outbound.risk_stage import escalators_of, risk_receivers_of, risk_work
from plugin.outbound.stored_receivers import ServedReceiver, StoredReceivers
from plugin.queue.receiver_views import ReceiverKind
from stream.contracts.errors import Misconfigured, Unavailable
from stream.runtime.health import Health, ReadinessPart, serving
from stream.runtime.logging import get_logger
from stream.runtime.process import stopped_by_signals
from stream.runtime.settings import Settings, required_secret
from stream.runtime.stages import DELIVER

PLAN_EVERY_S: Final = 60.0
"""Digests are due at full hours: a minute later is soon enough."""
LOOK_EVERY_S: Final = 5.0
LOOK_FOR_RISK_EVERY_S: Final = 5.0

Work = Callable[[], None]
"""What a thread does until the process is to stop."""


def run(settings: Settings, *, once: bool = False) -> int:
    """Deliver until SIGTERM or SIGINT, or with `once` what is due now, and return the exit status.

    Raises:
        Misconfigured: a setting that it needs is missing or wrong.
        Unavailable: the database is away, and it runs once.
        TooManyDeadLetters: nearly every risk signal is refused.
    """
    receivers, risk_receivers = receivers_of(settings), risk_receivers_of(settings)
    by_rows = settings.delivery.has_receivers
    if not by_rows and (once or not risk_receivers):
        raise Misconfigured(
            "Nothing could go anywhere. Set delivery.mail.host for digests by mail, delivery.receivers_key for stored"
            " receivers, or tenants.NAME.risk.receiver for risk signals, which need a process that stays."
        )
    public_url = public_url_of(settings) if by_rows else ""
    stop = threading.Event()
    with (
        temporary_engine(required_secret(settings.database.url, "database.url")) as engine,
        stopped_by_signals(stop),
        ExitStack() as stack,
    ):
        deliverer = Deliverer(engine, public_url, now=utc_now)
        releases = ReleaseDelivery(engine, public_url, now=utc_now)
        pool = None
        if settings.delivery.stores_receivers:
            stored = StoredReceivers(engine, settings.delivery, now=utc_now)
            pool = stack.enter_context(ReceiverPool(stored.enabled, partial(_serve, deliverer, releases, stop)))
        if once:
            _deliver_once(deliverer, receivers, pool, stop)
            return 0
        escalators = escalators_of(settings, engine)
        health = Health(*_parts(settings, escalators))
        work = list(_digest_work(deliverer, receivers, health, stop)) if by_rows else []
        if pool is not None:
            work.append(partial(_repeat, stop, health, LOOK_EVERY_S, pool.look))
            work.append(partial(_repeat, stop, health, PLAN_EVERY_S, releases.measure))
        work += risk_work(settings, risk_receivers, health, stop)
        for escalator in escalators:
            work.append(partial(_repeat, stop, health, LOOK_FOR_RISK_EVERY_S, partial(_escalate, escalator, stop)))
        with serving(health, *DELIVER.address(settings)):
            _work_until_stopped(work, stop)
    return 0


def receivers_of(settings: Settings) -> tuple[Receiver, ...]:
    """Return the receivers of digests that the settings name: the mail server, or none.

    Raises:
        Misconfigured: it lacks what it needs.
    """
    mail = settings.delivery.mail
    return (MailServer(mail, utc_now),) if mail.host else ()


def public_url_of(settings: Settings) -> str:
    """Return the address at which people open the page, to which digests lead.

    Raises:
        Misconfigured: the settings do not name it.
    """
    if not settings.web.public_url:
        raise Misconfigured("web.public_url is not set. Digests lead to it: the address at which people open the page.")
    return settings.web.public_url


def _deliver_once(
    deliverer: Deliverer, receivers: tuple[Receiver, ...], pool: ReceiverPool | None, stop: threading.Event
) -> None:
    deliverer.plan()
    if pool is not None:
        pool.look()
    for receiver in receivers:
        _deliver_all(deliverer, receiver, stop)
    if pool is not None:
        pool.finish()


def _serve(deliverer: Deliverer, releases: ReleaseDelivery, stop: threading.Event, receiver: ServedReceiver) -> None:
    """Send a stored receiver what waits for it: releases and their ends first, then digests."""
    while not stop.is_set() and releases.deliver_one(receiver):
        pass
    if ReceiverKind.DIGESTS in receiver.kinds:
        _deliver_all(deliverer, WebhookReceiver(receiver.name, receiver.webhook), stop)


def _parts(settings: Settings, escalators: Sequence[Escalator]) -> Iterator[ReadinessPart]:
    if settings.delivery.has_receivers or escalators:
        yield ReadinessPart.DATABASE
    if settings.risk_tenants:
        yield ReadinessPart.BROKER


def _digest_work(
    deliverer: Deliverer, receivers: tuple[Receiver, ...], health: Health, stop: threading.Event
) -> Iterator[Work]:
    yield partial(_repeat, stop, health, PLAN_EVERY_S, partial(_plan, deliverer))
    for receiver in receivers:
        yield partial(_repeat, stop, health, LOOK_EVERY_S, partial(_deliver_all, deliverer, receiver, stop))


def _work_until_stopped(work: list[Work], stop: threading.Event) -> None:
    """Do each piece of work in a thread of its own; a fault of ours in one ends the process, to be started again."""
    with ThreadPoolExecutor(len(work)) as pool:
        begun = [pool.submit(each) for each in work]
        wait(begun, return_when=FIRST_EXCEPTION)
        stop.set()
        for done in begun:
            done.result()


def _escalate(escalator: Escalator, stop: threading.Event) -> None:
    escalator.measure()
    while not stop.is_set() and escalator.escalate_one():
        pass


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
