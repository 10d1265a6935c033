"""Rotation of the key encryption key: each data key is wrapped again, and the encrypted text stays as it is.

The stages keep working meanwhile. A run after an interrupted one continues with the keys that another key still
wraps.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.orm import load_only
from sqlmodel import Session, col, func, select

from plugin.crypto.keys import KeyEncryptionKey, WrongKey
from plugin.crypto.receiver_secrets import open_secret, seal_secret
from plugin.database.conversation_keys import conversation_key_owner
from plugin.database.engine import transaction
from plugin.database.receivers_key import WRONG_KEY
from plugin.database.rehearsal_keys import rehearsal_key_owner
from plugin.database.rubric_note_keys import rubric_note_key_owner
from plugin.database.tables import ConversationKey, ServiceKey, StoredReceiver, StoredRehearsal, StoredRubricNote
from plugin.database.tombstone_key import service_key_owner
from stream.contracts.errors import Misconfigured

BATCH: Final = 200
"""Keys in one transaction: it takes some 10 ms, while records of their conversations have to wait."""


@dataclass(frozen=True)
class KeyCounts:
    """The number of data keys in the database, by the id of the key that wrapped them."""

    by_key: dict[str, int]

    def count_to_rewrap(self, kek: KeyEncryptionKey) -> int:
        """Return how many data keys were wrapped by another key than the present one."""
        return sum(count for key, count in self.by_key.items() if key != kek.id)


def count_keys(session: Session) -> KeyCounts:
    """Count the data keys of conversations, of the service, of rubric notes and of rehearsals."""
    by_key: dict[str, int] = {}
    for table in (ConversationKey, ServiceKey, StoredRubricNote, StoredRehearsal):
        for key, count in session.exec(select(table.kek_id, func.count()).group_by(col(table.kek_id))).all():
            by_key[key] = by_key.get(key, 0) + count
    return KeyCounts(by_key)


def check_keys_known(kek: KeyEncryptionKey, counts: KeyCounts) -> None:
    """Check that every key that wrapped something in the database is in the settings.

    Raises:
        Misconfigured: keys are missing; the message has their ids and how many keys each has wrapped.
    """
    missing = {key: count for key, count in counts.by_key.items() if key not in kek.ids}
    if missing:
        names = ", ".join(f"key {key} ({count} wrapped)" for key, count in sorted(missing.items()))
        raise Misconfigured(
            f"Nothing was changed: {names} is not in the settings. Put it into database.previous_key_encryption_keys."
        )


def rotate_keys(engine: Engine, kek: KeyEncryptionKey, *, step: Callable[[int], object] = lambda _done: None) -> int:
    """Wrap with the present key all keys that others have wrapped; return their number.

    Raises:
        Misconfigured: a key cannot be unwrapped with any of the settings' keys.
        Unavailable: the database is away. Run the rotation again.
    """
    with transaction(engine) as session:
        check_keys_known(kek, count_keys(session))
    done = 0
    while (batch := _rewrap_some(engine, kek)) > 0:
        done += batch
        step(batch)
    return done


def rotate_receiver_secrets(engine: Engine, key: KeyEncryptionKey) -> int:
    """Encrypt with the present key the secrets of stored receivers that another one encrypted; return how many.

    Raises:
        Misconfigured: one cannot be decrypted with any of the settings' keys. Nothing was changed.
        Unavailable: the database is away.
    """
    done = 0
    with transaction(engine) as session:
        others = select(StoredReceiver).where(
            col(StoredReceiver.removed_at).is_(None), col(StoredReceiver.kek_id) != key.id
        )
        for row in session.exec(others.with_for_update()):
            try:
                row.secret = seal_secret(key, open_secret(key, row.secret, row.receiver_id), row.receiver_id)
                if row.previous_secret is not None:
                    opened = open_secret(key, row.previous_secret, row.receiver_id)
                    row.previous_secret = seal_secret(key, opened, row.receiver_id)
            except WrongKey:
                raise Misconfigured(WRONG_KEY) from None
            row.kek_id = key.id
            done += 1
    return done


def _rewrap_some(engine: Engine, kek: KeyEncryptionKey) -> int:
    return (
        _rewrap_conversation_keys(engine, kek)
        or _rewrap_service_keys(engine, kek)
        or _rewrap_rubric_note_keys(engine, kek)
        or _rewrap_rehearsal_keys(engine, kek)
    )


def _rewrap_conversation_keys(engine: Engine, kek: KeyEncryptionKey) -> int:
    with transaction(engine) as session:
        rows = session.exec(
            select(ConversationKey)
            .where(col(ConversationKey.kek_id) != kek.id)
            .order_by(col(ConversationKey.tenant), col(ConversationKey.conversation_id))
            .limit(BATCH)
            .with_for_update()
        ).all()
        for row in rows:
            _rewrap(kek, row, conversation_key_owner(row.tenant, row.conversation_id))
        return len(rows)


def _rewrap_service_keys(engine: Engine, kek: KeyEncryptionKey) -> int:
    with transaction(engine) as session:
        rows = session.exec(select(ServiceKey).where(col(ServiceKey.kek_id) != kek.id).with_for_update()).all()
        for row in rows:
            _rewrap(kek, row, service_key_owner(row.name))
        return len(rows)


def _rewrap_rubric_note_keys(engine: Engine, kek: KeyEncryptionKey) -> int:
    with transaction(engine) as session:
        others = select(StoredRubricNote).where(col(StoredRubricNote.kek_id) != kek.id)
        rows = session.exec(others.order_by(col(StoredRubricNote.note_id)).limit(BATCH).with_for_update()).all()
        for row in rows:
            _rewrap(kek, row, rubric_note_key_owner(row.note_id))
        return len(rows)


def _rewrap_rehearsal_keys(engine: Engine, kek: KeyEncryptionKey) -> int:
    with transaction(engine) as session:
        # Without the column that says whose it is, which this role may not read.
        keys = load_only(StoredRehearsal.kek_id, StoredRehearsal.wrapped)  # type: ignore[arg-type]
        others = select(StoredRehearsal).options(keys).where(col(StoredRehearsal.kek_id) != kek.id)
        rows = session.exec(others.order_by(col(StoredRehearsal.rehearsal_id)).limit(BATCH).with_for_update()).all()
        for row in rows:
            _rewrap(kek, row, rehearsal_key_owner(row.rehearsal_id))
        return len(rows)


_Keyed = ConversationKey | ServiceKey | StoredRubricNote | StoredRehearsal


def _rewrap(kek: KeyEncryptionKey, row: _Keyed, owner: str) -> None:
    try:
        row.wrapped = kek.wrap(kek.unwrap(row.wrapped, owner), owner)
    except WrongKey:
        raise Misconfigured(
            f"A key that says it was wrapped by {row.kek_id} does not open with it: the row was changed. The keys"
            " before it are done; this batch is as it was."
        ) from None
    row.kek_id = kek.id
