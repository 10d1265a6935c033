"""Stored receivers of signed webhooks, as an operator manages them; each change has its entry in the audit trail.

A receiver is never deleted and its name never used again: people chose it by that name, and what they chose must not
go to another address. A removed one keeps neither address nor secret.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from plugin.crypto.keys import KeyEncryptionKey
from plugin.crypto.receiver_secrets import new_receiver_secret, seal_secret
from plugin.database.audit import add_audit_entry
from plugin.database.engine import Database, transaction
from plugin.database.locks import lock_receivers
from plugin.database.tables import StoredReceiver, StoredReleaseNotice
from plugin.queue.account_changes import COMMAND, Actor
from plugin.queue.receiver_views import (
    MAX_RECEIVERS,
    ReceiverEntry,
    ReceiverKind,
    ReceiverState,
    checked_name,
    checked_url,
)
from plugin.queue.release_notices import NoticeState
from stream.contracts.errors import Misconfigured

BOTH_SIGN: Final = timedelta(days=1)
"""How long the secret before a rotation signs beside the new one: a working day to change it at the receiver."""


class NoReceiver(Misconfigured):
    """The error for a receiver that is not there, or was removed."""


class Receivers:
    """The stored receivers of a database.

    Every method may raise `Unavailable`, and `Misconfigured` with a sentence for the operator.
    """

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def entries(self, by: Actor = COMMAND) -> tuple[ReceiverEntry, ...]:
        """Return every receiver that was not removed, by name, with what waits for it."""
        with self._transaction(by) as session:
            there = select(StoredReceiver).where(col(StoredReceiver.removed_at).is_(None))
            rows = session.exec(there.order_by(col(StoredReceiver.name))).all()
            return tuple(_entry(session, row, self._now()) for row in rows)

    def names(self, kind: ReceiverKind) -> tuple[str, ...]:
        """Return the names of the enabled receivers of a kind; whoever may choose one may read them."""
        with transaction(self._database) as session:
            wanted = select(StoredReceiver.name).where(
                col(StoredReceiver.disabled_at).is_(None),
                col(StoredReceiver.removed_at).is_(None),
                col(StoredReceiver.kinds).contains([kind.value]),
            )
            return tuple(session.exec(wanted.order_by(col(StoredReceiver.name))))

    def add(
        self,
        key: KeyEncryptionKey,
        name: str,
        url: str,
        kinds: Collection[ReceiverKind],
        tenant: str | None,
        by: Actor = COMMAND,
    ) -> tuple[UUID, str]:
        """Add a receiver; returns its id and its secret, which is shown this once."""
        if not kinds:
            raise Misconfigured(f"A receiver gets something: {', '.join(ReceiverKind)}.")
        receiver_id, secret = uuid4(), new_receiver_secret()
        with self._transaction(by) as session:
            lock_receivers(session)
            taken = select(StoredReceiver.name).where(col(StoredReceiver.name) == checked_name(name))
            if session.exec(taken).first() is not None:
                raise Misconfigured("There is, or was, a receiver of this name; take one that was never used.")
            there = select(func.count()).select_from(StoredReceiver).where(col(StoredReceiver.removed_at).is_(None))
            if session.exec(there).one() >= MAX_RECEIVERS:
                raise Misconfigured(f"There are {MAX_RECEIVERS} receivers already; remove one first.")
            session.add(
                StoredReceiver(
                    receiver_id=receiver_id,
                    name=name,
                    tenant=tenant,
                    kinds=sorted({kind.value for kind in kinds}),
                    url=checked_url(url),
                    kek_id=key.id,
                    secret=seal_secret(key, secret, receiver_id),
                    added_at=self._now(),
                )
            )
            session.flush()
            self._audit(session, by, receiver_id, "receiver added")
        return receiver_id, secret

    def rotate(self, key: KeyEncryptionKey, receiver_id: UUID, by: Actor = COMMAND) -> str:
        """Give a receiver a new secret, which is returned this once; the one before signs beside it for a day."""
        secret = new_receiver_secret()
        with self._transaction(by) as session:
            row = self._row(session, receiver_id)
            if row.kek_id != key.id:
                raise Misconfigured(
                    "Another key encrypted this receiver\u2019s secret. Run `counterpoint keys rotate`."
                )
            row.previous_secret, row.previous_until = row.secret, self._now() + BOTH_SIGN
            row.secret = seal_secret(key, secret, receiver_id)
            session.flush()
            self._audit(session, by, receiver_id, "receiver secret rotated")
        return secret

    def set_enabled(self, receiver_id: UUID, *, enabled: bool, by: Actor = COMMAND) -> None:
        """Let a receiver get nothing for a while, or again what waits for it."""
        with self._transaction(by) as session:
            row = self._row(session, receiver_id)
            row.disabled_at = None if enabled else row.disabled_at or self._now()
            session.flush()
            self._audit(session, by, receiver_id, "receiver enabled" if enabled else "receiver disabled")

    def remove(self, receiver_id: UUID, by: Actor = COMMAND) -> None:
        """Remove a receiver with its address and its secrets; what waits for it is given up."""
        with self._transaction(by) as session:
            row = self._row(session, receiver_id)
            now = self._now()
            row.removed_at, row.disabled_at, row.url = now, row.disabled_at or now, ""
            row.secret, row.previous_secret, row.previous_until = b"", None, None
            session.flush()
            waiting = col(StoredReleaseNotice.state) == NoticeState.WAITING.value
            session.exec(
                update(StoredReleaseNotice)
                .where(col(StoredReleaseNotice.receiver_id) == receiver_id, waiting)
                .values(state=NoticeState.FAILED.value, reason="removed", ended_at=now, leased_until=None)
                .execution_options(synchronize_session=False)
            )
            self._audit(session, by, receiver_id, "receiver removed")

    def replay(self, receiver_id: UUID, since: datetime, by: Actor = COMMAND) -> int:
        """Let every notice that was made since a time be sent again, in its order; returns how many."""
        now = self._now()
        with self._transaction(by) as session:
            self._row(session, receiver_id)
            again = session.exec(
                update(StoredReleaseNotice)
                .where(
                    col(StoredReleaseNotice.receiver_id) == receiver_id,
                    col(StoredReleaseNotice.made_at) >= since,
                    col(StoredReleaseNotice.state) != NoticeState.WAITING.value,
                )
                .values(
                    state=NoticeState.WAITING.value,
                    attempts=0,
                    next_try_at=now,
                    leased_until=None,
                    reason=None,
                    ended_at=None,
                    waiting_since=now,
                )
                .execution_options(synchronize_session=False)
            )
            self._audit(session, by, receiver_id, "receiver replay", f"{again.rowcount} notices")
            return again.rowcount

    def named(self, name: str) -> UUID:
        """Return the id of a receiver that was not removed.

        Raises:
            NoReceiver: there is none of this name.
        """
        wanted = select(StoredReceiver.receiver_id).where(
            col(StoredReceiver.name) == name, col(StoredReceiver.removed_at).is_(None)
        )
        with transaction(self._database) as session:
            found = session.exec(wanted).first()
        if found is None:
            raise NoReceiver(f"There is no stored receiver {name}. `counterpoint receivers list` shows them.")
        return found

    def _row(self, session: Session, receiver_id: UUID) -> StoredReceiver:
        row = session.get(StoredReceiver, receiver_id, with_for_update=True)
        if row is None or row.removed_at is not None:
            raise NoReceiver("There is no such receiver.")
        return row

    @contextmanager
    def _transaction(self, by: Actor) -> Iterator[Session]:
        with transaction(self._database, None if by.viewer is None else by.viewer.user_id) as session:
            yield session

    def _audit(self, session: Session, by: Actor, receiver_id: UUID, purpose: str, outcome: str = "done") -> None:
        add_audit_entry(
            session,
            by.viewer,
            purpose=purpose,
            object_type="receiver",
            object_id=receiver_id,
            outcome=outcome,
            request_id=by.request_id,
        )


def _entry(session: Session, row: StoredReceiver, now: datetime) -> ReceiverEntry:
    theirs = col(StoredReleaseNotice.receiver_id) == row.receiver_id
    is_waiting = col(StoredReleaseNotice.state) == NoticeState.WAITING.value
    waiting, oldest = session.exec(
        select(func.count(), func.min(StoredReleaseNotice.waiting_since)).where(theirs, is_waiting)
    ).one()
    failed = col(StoredReleaseNotice.state) == NoticeState.FAILED.value
    return ReceiverEntry(
        receiver_id=row.receiver_id,
        name=row.name,
        url=row.url,
        kinds=tuple(map(ReceiverKind, row.kinds)),
        tenant=row.tenant,
        state=ReceiverState.ENABLED if row.disabled_at is None else ReceiverState.DISABLED,
        added_at=row.added_at,
        previous_until=None if row.previous_until is None or row.previous_until <= now else row.previous_until,
        waiting=waiting,
        failed=session.exec(select(func.count()).select_from(StoredReleaseNotice).where(theirs, failed)).one(),
        oldest_waiting=oldest,
    )
