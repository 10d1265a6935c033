"""The stored receivers as the process that sends sees them: those that are enabled, each with its signed webhook."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from plugin.crypto.keys import KeyEncryptionKey, WrongKey
from plugin.crypto.receiver_secrets import open_secret
from plugin.database.engine import transaction
from plugin.database.receivers_key import WRONG_KEY, receivers_key
from plugin.database.tables import StoredReceiver
from plugin.outbound.public_address import Networks
from plugin.outbound.webhook import Answer, SignedWebhook, trial_body
from plugin.queue.receiver_views import ReceiverKind
from plugin.queue.receivers import NoReceiver
from stream.contracts.errors import Misconfigured
from stream.runtime.logging import get_logger
from stream.runtime.settings import DeliverySettings

TIMEOUT_S: Final = 10.0
"""Seconds for each step of a request; a receiver that takes longer is asked again later."""


@dataclass(frozen=True)
class ServedReceiver:
    """An enabled receiver."""

    receiver_id: UUID
    name: str
    kinds: frozenset[ReceiverKind]
    webhook: SignedWebhook


class StoredReceivers:
    """The stored receivers of a database. Methods may raise `Unavailable` when the database is away."""

    def __init__(self, engine: Engine, delivery: DeliverySettings, *, now: Callable[[], datetime]) -> None:
        """Raise `Misconfigured` if their key is missing or wrong."""
        self._engine = engine
        self._key = receivers_key(delivery)
        self._private: Networks = delivery.private_networks
        self._now = now
        self._known: dict[UUID, tuple[object, SignedWebhook]] = {}
        """By receiver what its webhook was made of, since a new one costs some ms."""

    def enabled(self) -> list[ServedReceiver]:
        """Return the receivers that are enabled, by name; one whose secret cannot be opened is left out, and logged."""
        there = select(StoredReceiver).where(
            col(StoredReceiver.disabled_at).is_(None), col(StoredReceiver.removed_at).is_(None)
        )
        with transaction(self._engine) as session:
            rows = session.exec(there.order_by(col(StoredReceiver.name))).all()
            found = [self._served(row) for row in rows]
        self._known = {each.receiver_id: self._known[each.receiver_id] for each in found if each is not None}
        return [each for each in found if each is not None]

    def test(self, name: str) -> Answer:
        """Send a signed test to a receiver, also to a disabled one, and return what it answered.

        Raises:
            Misconfigured: there is none of this name, or its secret cannot be opened.
        """
        with transaction(self._engine) as session:
            row = _named(session, name)
            webhook = self._webhook(row)
        return webhook.post(*trial_body(self._now()))

    def _served(self, row: StoredReceiver) -> ServedReceiver | None:
        try:
            webhook = self._webhook(row)
        except Misconfigured:
            get_logger().error("receiver_secret_unreadable", receiver=row.name)
            return None
        return ServedReceiver(row.receiver_id, row.name, frozenset(map(ReceiverKind, row.kinds)), webhook)

    def _webhook(self, row: StoredReceiver) -> SignedWebhook:
        signs_too = row.previous_until is not None and row.previous_until > self._now()
        sealed = (row.secret, row.previous_secret) if signs_too and row.previous_secret else (row.secret,)
        made_of = (row.url, sealed)
        known = self._known.get(row.receiver_id)
        if known is not None and known[0] == made_of:
            return known[1]
        try:
            secrets = [open_secret(self._key, each, row.receiver_id) for each in sealed]
        except WrongKey:
            raise Misconfigured(WRONG_KEY) from None
        webhook = SignedWebhook(row.url, secrets, self._now, timeout_s=TIMEOUT_S, private=self._private)
        self._known[row.receiver_id] = made_of, webhook
        return webhook


def check_receivers_key(session: Session, key: KeyEncryptionKey) -> None:
    """Check that the secrets of all stored receivers can be opened.

    Raises:
        Misconfigured: another key encrypted one of them.
    """
    there = col(StoredReceiver.removed_at).is_(None)
    other = select(StoredReceiver.kek_id).where(there, col(StoredReceiver.kek_id).not_in(key.ids)).limit(1)
    if session.exec(other).first() is not None:
        raise Misconfigured(WRONG_KEY)


def _named(session: Session, name: str) -> StoredReceiver:
    wanted = select(StoredReceiver).where(col(StoredReceiver.name) == name, col(StoredReceiver.removed_at).is_(None))
    row = session.exec(wanted).first()
    if row is None:
        raise NoReceiver(f"There is no receiver {name}. `counterpoint receivers list` shows them.")
    return row
